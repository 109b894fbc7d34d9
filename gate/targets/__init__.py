"""What a system under test looks like to the rest of the gate, wherever it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from beacon.router import Router


@dataclass(frozen=True, slots=True)
class RunnerSpec:
    """Which runner to start, and with what.

    ``command`` starts the runner, ``migrate`` brings a database to its schema, and ``backfill`` gives historical jobs
    their analysis. They are split as a shell would split them and run without one, with DATABASE_URL, ROUTER_URL and
    PORT in the environment.
    """

    command: str
    migrate: str
    env: Mapping[str, str] = field(default_factory=dict)
    backfill: str = ""


class Process(Protocol):
    """A command that was started; ``subprocess.Popen`` is one."""

    returncode: Any

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""

    def kill(self) -> None:
        """Ends it by SIGKILL."""

    def communicate(self, *, timeout: float) -> tuple[str, str]:
        """Waits until it has ended, and what it printed; subprocess.TimeoutExpired after ``timeout`` seconds."""


class System(Protocol):
    """One runner with its own database and its own router stand-in: what a test talks to."""

    base_url: str
    database_url: str | None
    router: Router | None

    def log(self) -> list[str]:
        """Every line that the runner has printed so far, oldest first (empty where it cannot be read)."""

    def start(self) -> None:
        """Starts the runner on its old database and waits until it is ready; GateError when it never is."""

    def stop(self) -> None:
        """Ends the runner as an operator would (SIGTERM) and waits for it."""

    def kill(self) -> None:
        """Ends the runner as a power cut would (SIGKILL)."""

    def close(self) -> None:
        """Ends the runner and everything that belongs to this system; safe to call twice."""


class Target(Protocol):
    """A place where systems under test come from: ``embedded``, ``containers`` or ``remote``."""

    name: str

    def start(self) -> dict[str, str]:
        """Brings up what all workers share and returns what a worker needs to join (once, by the controller)."""

    def system(self, shared: Mapping[str, str], env: Mapping[str, str] | None = None) -> System:
        """A ready runner on a fresh, migrated database, with ``env`` added to the runner's environment."""

    def database(self, shared: Mapping[str, str]) -> str:
        """The URL of a fresh, migrated database that no runner uses."""

    def command(self, shared: Mapping[str, str], database_url: str, name: str, *words: str) -> Process:
        """Starts ``migrate`` or ``backfill`` of the build under test, with these arguments, on a database from here."""

    def stop(self) -> None:
        """Takes down what ``start`` brought up; safe to call twice."""
