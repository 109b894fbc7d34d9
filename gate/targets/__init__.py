"""Targets: the places where a system under test runs, and how the rest of the gate sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gate.core.errors import GateError
from gate.targets.service import StandIn


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a service that the gate did not ask for; a negative ``code`` is the signal that ended it."""

    code: int
    lines: Sequence[str] = ()
    out_of_memory: bool = False


class NotReadyError(GateError):
    """A service did not get ready.

    ``again`` says that it had been ready before, so that it can run here; ``ended`` how it ended, if it did.
    """

    def __init__(self, message: str, log: tuple[str, ...], ended: Ended | None = None, *, again: bool = False) -> None:
        super().__init__(message, "Its last lines follow." if log else "It printed nothing.", log)
        self.ended = ended
        self.again = again


class Process(Protocol):
    """A command that was started; ``subprocess.Popen`` is one."""

    returncode: Any

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""

    def kill(self) -> None:
        """Ends it by SIGKILL."""

    def communicate(self, *, timeout: float) -> tuple[str, str]:
        """Waits for its end and returns its output; subprocess.TimeoutExpired after ``timeout`` seconds."""


class System(Protocol):
    """One service with its own database and its own stand-ins: what a test talks to.

    ``exclusive`` says that nobody else uses the service or its database. ``stand_ins`` are by the variable that holds
    their URL, and none where the upstream services are real.
    """

    base_url: str
    database_url: str | None
    stand_ins: Mapping[str, StandIn]
    exclusive: bool

    def log(self) -> list[str]:
        """Every line that the service has printed so far, oldest first (empty where it cannot be read)."""

    def ended(self, seconds: float = 0.0) -> Ended | None:
        """How the service ended although it was not asked to, within ``seconds``; None while it runs."""

    def trouble(self) -> str:
        """A lack of this machine, such as memory, as a sentence; empty where none is known."""

    def start(self) -> None:
        """Starts the service on its old database and waits until it is ready; GateError when it never is."""

    def stop(self) -> None:
        """Ends the service as an operator would (SIGTERM) and waits for it."""

    def kill(self) -> None:
        """Ends the service as a power cut would (SIGKILL)."""

    def close(self) -> None:
        """Ends the service and everything that belongs to this system; safe to call twice."""


class Target(Protocol):
    """A place where systems under test come from: ``embedded``, ``containers`` or ``remote``.

    ``exclusive`` and ``shows_rows`` say of all its systems that nobody else uses them, and that they have a database.
    """

    name: str
    exclusive: bool
    shows_rows: bool

    def start(self) -> dict[str, str]:
        """Brings up what all workers share and returns what a worker needs to join (once, by the controller)."""

    def system(
        self, shared: Mapping[str, str], env: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> System:
        """A ready service, with ``env`` added to its environment, on a fresh, migrated database or on a given one."""

    def beside(self, shared: Mapping[str, str], system: System, env: Mapping[str, str] | None = None) -> System:
        """A ready further process of the service on the database and the stand-ins of ``system``, which own them."""

    def database(self, shared: Mapping[str, str]) -> str:
        """The URL of a fresh, migrated database that no service uses."""

    def command(self, shared: Mapping[str, str], database_url: str, name: str, *words: str) -> Process:
        """Starts a named command of the build under test, with these arguments, on a database from here."""

    def stop(self) -> None:
        """Takes down what ``start`` brought up; safe to call twice."""
