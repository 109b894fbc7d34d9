"""A service that somebody else runs: an address, and a database where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psycopg

from gate.core.client import Client, Unreachable
from gate.core.errors import GateError, NotAvailable
from gate.core.settings import Settings, redactor
from gate.targets import Process, System
from gate.targets.postgres.server import Cluster, empty_cluster
from gate.targets.remote_run.address import Address, AddressedTransport
from gate.targets.service import Service, StandIn

SCRATCH = "scratch_url"
"""Key of what ``start`` hands to the workers of a target without rows."""


@dataclass(slots=True)
class RemoteSystem:
    """The one service of a remote target; it is neither started nor ended from here, and its upstreams are real."""

    base_url: str
    database_url: str | None
    stand_ins: Mapping[str, StandIn] = field(default_factory=dict)
    exclusive: bool = False

    def log(self) -> list[str]:
        """Nothing: the log of a deployed service is elsewhere."""
        return []

    def ended(self, seconds: float = 0.0) -> None:
        """Nothing: the process is not seen."""
        del seconds

    def trouble(self) -> str:
        """Nothing: the machine is not seen."""
        return ""

    def start(self) -> None:
        """Not on somebody else's machine."""
        raise NotAvailable("a remote service is not started from here")

    def stop(self) -> None:
        """Not on somebody else's machine."""
        raise NotAvailable("a remote service is not stopped from here")

    def kill(self) -> None:
        """Not on somebody else's machine."""
        raise NotAvailable("a remote service is not killed from here")

    def close(self) -> None:
        """Nothing to end."""


class RemoteTarget:
    """Judges the service at the settings' address; their database shows its rows and is only ever read."""

    name = "remote"
    exclusive = False

    def __init__(self, settings: Settings, service: Service, say: Callable[[str], None] = print) -> None:
        self._service = service
        self.shows_rows = bool(settings.database_url)
        self._address = Address.of(settings.base_url or "")
        self._databases = {
            "--database-url": settings.database_url,
            "--cleanup-database-url": settings.cleanup_database_url,
        }
        self._redact = redactor(settings)
        self._warm, self._say = not settings.cold, say
        self._scratch: Cluster | None = None

    def start(self) -> dict[str, str]:
        """Checks that service and database answer, so that a wrong address ends the run before it begins.

        Without their database it starts one of the gate's own, for the rows as responses show them.
        """
        client = Client(self._address.url, lambda _: None, timeout=10, transport=AddressedTransport(self._address))
        try:
            status = client.get(self._service.alive).status
        except Unreachable as error:
            raise self._nobody(str(error.__cause__)) from error
        finally:
            client.close()
        declared = self._service.declaration
        if status != 200 and (declared is None or declared.service.ready):
            raise self._nobody(f"{self._service.alive} was answered with {status}")
        for flag, url in self._databases.items():
            try:
                if url:
                    psycopg.connect(url, connect_timeout=10).close()
            except psycopg.Error as error:
                reason = self._redact(str(error).strip().splitlines()[-1])
                raise GateError(f"The database does not answer: {reason}.", f"Check {self._place(flag)}.") from error
        if self._databases["--database-url"] or declared is not None:
            return {}
        self._scratch = empty_cluster(warm=self._warm, say=self._say)
        return {SCRATCH: self._scratch.url}

    def _nobody(self, reason: str) -> GateError:
        return GateError(
            f"No service answers at {self._address.url}: {self._redact(reason)}.",
            f"Check {self._place('--base-url')}, and that the service is up.",
        )

    def _place(self, flag: str) -> str:
        """The option, or for a declared service the member of its file that stands for it."""
        declared = self._service.declaration is not None
        return f"service.{flag.removeprefix('--').replace('-', '_')} in gate.toml" if declared else flag

    def system(
        self, shared: Mapping[str, str], env: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> System:
        """The deployed service; another environment for it cannot be had."""
        del shared, database_url
        if env is not None:
            raise NotAvailable("this check needs a service of its own, started with settings of its own")
        return RemoteSystem(self._address.url, self._databases["--database-url"])

    def beside(self, shared: Mapping[str, str], system: System, env: Mapping[str, str] | None = None) -> System:
        """No further process of a deployed service."""
        del shared, system, env
        raise NotAvailable("this check needs two processes of the service on one database")

    def database(self, shared: Mapping[str, str]) -> str:
        """No database of one's own on a deployed system."""
        del shared
        raise NotAvailable("this check needs a database of its own")

    def command(self, shared: Mapping[str, str], database_url: str, name: str, *words: str) -> Process:
        """No command of a deployed build."""
        del shared, database_url, words
        raise NotAvailable(f"this check needs to run the build's own {name}")

    def stop(self) -> None:
        """Ends the database of the gate's own; safe to call twice."""
        if self._scratch is not None:
            self._scratch.close()
            self._scratch = None
