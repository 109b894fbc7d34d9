"""A runner that somebody else runs: an address, and a database where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import psycopg

from gate.errors import GateError, NotAvailable
from gate.redact import Redactor
from gate.router import Router
from gate.target import System


@dataclass(slots=True)
class RemoteSystem:
    """The one runner of a remote target; it is neither started nor ended from here."""

    base_url: str
    database_url: str | None
    router: Router | None = None

    def log(self) -> list[str]:
        """Nothing: the log of a deployed runner is elsewhere."""
        return []

    def start(self) -> None:
        """Not on somebody else's runner."""
        raise NotAvailable("a remote runner is not started from here")

    def stop(self) -> None:
        """Not on somebody else's runner."""
        raise NotAvailable("a remote runner is not stopped from here")

    def kill(self) -> None:
        """Not on somebody else's runner."""
        raise NotAvailable("a remote runner is not killed from here")

    def close(self) -> None:
        """Nothing to end."""


class RemoteTarget:
    """Judges a runner at ``base_url``; ``database_url`` shows its rows and is only ever read."""

    name = "remote"

    def __init__(self, base_url: str, database_url: str | None) -> None:
        self._base_url = base_url
        self._database_url = database_url

    def start(self) -> dict[str, str]:
        """Checks that runner and database answer, so that a wrong address ends the run before it begins."""
        try:
            httpx.get(f"{self._base_url}/health/live", timeout=10).raise_for_status()
        except httpx.HTTPError as error:
            raise GateError(
                f"No runner answers at {Redactor()(self._base_url)}: {error}.",
                "Check --base-url, and that the runner is up.",
            ) from error
        if self._database_url:
            try:
                psycopg.connect(self._database_url, connect_timeout=10).close()
            except psycopg.OperationalError as error:
                reason = Redactor.for_urls(self._database_url)(str(error).strip().splitlines()[-1])
                raise GateError(f"The database does not answer: {reason}.", "Check --database-url.") from error
        return {}

    def system(self, shared: Mapping[str, str], env: Mapping[str, str] | None = None) -> System:
        """The deployed runner; another environment for it cannot be had."""
        del shared
        if env is not None:
            raise NotAvailable("this check needs a runner of its own, started with settings of its own")
        return RemoteSystem(self._base_url, self._database_url)

    def database(self, shared: Mapping[str, str]) -> str:
        """No database of one's own on a deployed system."""
        del shared
        raise NotAvailable("this check needs a database of its own")

    def stop(self) -> None:
        """Nothing to take down."""
