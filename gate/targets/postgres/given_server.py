"""A Postgres server that somebody else runs, on which the databases of a run are guests."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from gate.core.errors import GateError
from gate.targets.postgres.clones import Clones, Connection, database_url, make_template, one_line
from gate.targets.postgres.template_server import ADMIN, DIRECTORY, TEMPLATE, Fill, copied

RUN = "run_prefix"
"""Key of what ``start`` hands to the workers: how the names of the run's databases begin."""
_OURS = re.compile(r"gate_run_[0-9a-f]{8}_")


class GivenServer:
    """A server at a URL: the databases of the run are made there, and dropped at its end.

    A run holds a lock of its own there while it lives, so that the next one drops what a killed run left.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._clones = Clones()
        self._admin: Connection | None = None
        self._prefix = ""

    def start(self, template: str, fill: Fill) -> dict[str, str]:
        """Makes the template there, under a name of this run; GateError when that cannot be done."""
        del template  # the name is the run's, whose template nobody else uses
        self._prefix = f"gate_run_{secrets.token_hex(4)}_"
        name = f"{self._prefix}template"
        try:
            self._admin = psycopg.connect(self._url, autocommit=True, connect_timeout=10)
            self._lock(self._prefix)
            self._sweep()
            make_template(self._url, name, lambda database: fill(database_url(self._url, database)))
        except psycopg.Error as error:
            self.stop()
            host = urlsplit(self._url).hostname
            message = f"The Postgres at {host} does not take the databases of the run: {one_line(error)}."
            raise GateError(message, "Name one whose role may create databases, or leave --postgres out.") from error
        except BaseException:
            self.stop()
            raise
        return {ADMIN: self._url, TEMPLATE: name, DIRECTORY: "", RUN: self._prefix}

    def database(self, shared: Mapping[str, str]) -> str:
        """The URL of a fresh copy of the template; GateError where there can be none."""
        return copied(self._clones, shared, shared[RUN])

    def stop(self) -> None:
        """Drops every database of the run; safe to call twice."""
        self._clones.close()
        if self._admin is not None:
            with suppress(psycopg.Error):
                self._drop(self._prefix)
            self._admin.close()
            self._admin = None

    def _names(self) -> list[str]:
        rows = self._admin.execute("SELECT datname::text FROM pg_database").fetchall() if self._admin else []
        return [str(name) for (name,) in rows]

    def _lock(self, prefix: str) -> bool:
        row = self._admin and self._admin.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (prefix,)).fetchone()
        return bool(row and row[0])

    def sweep(self) -> list[str]:
        """Drops what runs left that are gone, and returns the databases; psycopg.Error where that cannot be done."""
        before = set[str]()
        try:
            self._admin = psycopg.connect(self._url, autocommit=True, connect_timeout=10)
            before.update(filter(_OURS.match, self._names()))
            self._sweep()
            return sorted(before - set(self._names()))
        finally:
            self._prefix = ""
            if self._admin is not None:
                self._admin.close()
                self._admin = None

    def _sweep(self) -> None:
        """Drops the databases of runs that are gone."""
        prefixes = {match[0] for match in map(_OURS.match, self._names()) if match}
        for prefix in prefixes - {self._prefix}:
            if self._lock(prefix):
                self._drop(prefix)

    def _drop(self, prefix: str) -> None:
        for name in self._names():
            if self._admin and name.startswith(prefix):
                with suppress(psycopg.Error):  # somebody dropped it meanwhile
                    identifier = sql.Identifier(name)
                    self._admin.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(identifier))
                    self._admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))
