"""Postgres servers with a template database, which is made once and copied for each system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import psycopg

from gate.core.errors import GateError
from gate.targets.postgres.binaries import Binaries, find_binaries
from gate.targets.postgres.clones import PREFIX, Clones, database_url, make_template, one_line
from gate.targets.postgres.server import ZONE, Cluster, DataCache, Say

ADMIN, TEMPLATE, DIRECTORY = "admin_url", "template", "run_directory"
"""Keys of what ``start`` hands to the workers."""
Fill = Callable[[str], None]
"""Makes the schema in the empty database of a URL."""


class TemplateServer(Protocol):
    """A server from which fresh databases come; the controlling process alone starts and stops it."""

    def start(self, template: str, fill: Fill) -> dict[str, str]:
        """Brings it up with a template and returns what ``database`` needs; GateError when that cannot be done."""

    def database(self, shared: Mapping[str, str]) -> str:
        """The URL of a fresh copy of the template."""

    def stop(self) -> None:
        """Takes down what ``start`` brought up; safe to call twice."""


class OwnServer:
    """A throw-away server from installed binaries.

    ``warm`` copies the data with its template from a cache, where an earlier start left one, keyed by the template's
    name and the version of Postgres. ``binaries`` finds the programs, ``zone`` is the server's time zone, and
    ``settings`` win over those of every throw-away server.
    """

    def __init__(
        self,
        say: Say,
        *,
        warm: bool,
        binaries: Callable[[], Binaries] = find_binaries,
        zone: str = ZONE,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._say = say
        self._warm = warm
        self._binaries = binaries
        self._zone = zone
        self._settings = settings
        self._cluster: Cluster | None = None
        self._clones = Clones()

    @property
    def log(self) -> list[str]:
        """The lines of the server's log; none where it is not up."""
        with suppress(OSError):
            return self._cluster.log.read_text(errors="replace").splitlines() if self._cluster else []
        return []

    def start(self, template: str, fill: Fill) -> dict[str, str]:
        """Starts Postgres with a template; GateError when that cannot be done."""
        if self._cluster is not None:
            raise RuntimeError("the target is started already")
        binaries = self._binaries()
        self._cluster = cluster = Cluster(binaries, self._say, self._zone, self._settings)
        try:
            cache = DataCache(f"{binaries.version}\0{self._zone}\0{template}", self._say) if self._warm else None
            if cache is None or not self._warm_start(cluster, cache, template):
                cluster.initialise()
                cluster.start()
                make_template(cluster.url, template, lambda name: fill(database_url(cluster.url, name)))
                if cache is not None:
                    cluster.halt()
                    cache.save(cluster)
                    cluster.start()
            (cluster.directory / "ports").mkdir()
        except psycopg.errors.DiskFull as error:
            self._end()
            raise full(cluster.directory) from error
        except psycopg.Error as error:
            self._end()
            raise GateError(f"The template database cannot be made: {one_line(error)}.") from error
        except BaseException:
            self._end()
            raise
        return {ADMIN: cluster.url, TEMPLATE: template, DIRECTORY: str(cluster.directory)}

    def _warm_start(self, cluster: Cluster, cache: DataCache, template: str) -> bool:
        if not cache.load(cluster):
            return False
        try:
            cluster.start()
            with psycopg.connect(cluster.url) as connection:
                query = "SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate"
                if connection.execute(query, (template,)).fetchone():
                    return True
            cluster.halt()
        except (GateError, psycopg.Error) as error:
            self._say(f"the cached database does not start ({one_line(error)}): a new one is made")
        cache.drop()
        return False

    def halt(self, how: str = "INT") -> None:
        """Stops the server for a while by a signal: ``INT`` ends its sessions, ``QUIT`` is a crash of the server."""
        if self._cluster is not None:
            self._cluster.halt(how)

    def start_again(self) -> None:
        """Starts the server that was halted, on the port that it had."""
        if self._cluster is not None:
            self._cluster.start_again()

    def database(self, shared: Mapping[str, str]) -> str:
        """The URL of a fresh copy of the template; GateError where there can be none."""
        return copied(self._clones, shared)

    def stop(self) -> None:
        """Ends Postgres and removes its directory; safe to call twice."""
        self._clones.close()
        self._end()

    def _end(self) -> None:
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None


def copied(clones: Clones, shared: Mapping[str, str], prefix: str = PREFIX) -> str:
    """The URL of a fresh copy of the template; GateError where there can be none."""
    try:
        name = clones.fresh(shared[ADMIN], shared[TEMPLATE], prefix)
    except psycopg.errors.DiskFull as error:
        raise full(Path(shared[DIRECTORY])) from error
    except psycopg.Error as error:
        raise GateError(f"A fresh database cannot be made: {one_line(error)}.") from error
    return database_url(shared[ADMIN], name)


def full(directory: Path) -> GateError:
    """The error for a file system without space."""
    return GateError(f"{directory.parent} is full.", "Free some space there, or run with fewer workers.")
