"""A service in containers, as a system under test."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from gate.core.errors import GateError
from gate.core.log import MergedLog
from gate.targets import Ended, NotReadyError
from gate.targets.container import Container, UnexplainedError
from gate.targets.container_postgres import Server
from gate.targets.postgres.supervision import LAST_LINES
from gate.targets.service import StandIn, close_all

Probe = Callable[[int, float, str], tuple[bool, str]]
"""Asks a port of a host, within seconds, whether a service is ready; and its answer."""


class ContainerSystem:
    """A service in a container, or with its workers in several, on a database and with stand-ins of its own.

    ``start``, ``stop`` and ``kill`` are those of all its containers; what else can be done to one is done by its own
    verbs, as in ``system.service.pause()``. ``postgres`` is the run's, in which every other system has its database
    too. ``probe`` asks a port of a host whether the service is ready, for which that may take so many ``seconds``.
    """

    exclusive = True

    def __init__(
        self,
        containers: Sequence[Container],
        probe: Probe,
        postgres: Server,
        url: str,
        stand_ins: Mapping[str, StandIn],
        seconds: float | None = None,
    ) -> None:
        self.service = containers[0]
        self.workers = list(containers[1:])
        self.base_url = f"http://{self.service.host}:{self.service.port}"
        self.database_url: str | None = url
        self.stand_ins = stand_ins
        self.postgres = postgres
        self._probe = probe
        self._seconds = seconds
        self._log = MergedLog([container.log for container in containers])
        self._closed = False
        self._was_ready = False

    def log(self) -> list[str]:
        """Every line that the service and its workers have printed so far, over all their starts."""
        return self._log.lines() if not self._closed else []

    def ended(self, seconds: float = 0.0) -> Ended | None:
        """How a container ended although it was not asked to; None while all run."""
        del seconds
        for container in self._all() if not self._closed else ():
            state = container.state
            if state["Status"] in {"exited", "dead"} and not container.asked_to_end:
                lines = container.lines()[-LAST_LINES:]
                return Ended(int(str(state["ExitCode"])), lines, bool(state.get("OOMKilled")))
        return None

    def trouble(self) -> str:
        """Nothing: the engine's machine is not seen."""
        return ""

    def start(self) -> None:
        """Starts the service again on its old database and port; GateError when it does not become ready."""
        for container in self._all():
            container.start()
        self.await_ready()

    def await_ready(self) -> None:
        """Waits until the service is ready and every worker runs; GateError with the last lines where one does not."""
        try:
            self.service.await_ready(partial(self._probe, self.service.port, 2.0, self.service.host), self._seconds)
            for worker in self.workers:
                worker.await_ready(partial(_runs, worker))
        except UnexplainedError as error:
            raise NotReadyError(error.message, error.log, self.ended(), again=self._was_ready) from error
        self._was_ready = True

    def stop(self) -> None:
        """Ends the service by SIGTERM; GateError when it has to be killed."""
        each(Container.stop, self._all())

    def kill(self) -> None:
        """Ends the service by SIGKILL."""
        each(Container.kill, self._all())

    def close(self) -> None:
        """Removes the containers and ends the stand-ins; safe to call twice. The database goes with Postgres."""
        if not self._closed:
            self._closed = True
            each(Container.remove, self._all())
        close_all(self.stand_ins)

    def _all(self) -> list[Container]:
        return [self.service, *self.workers]


class ContainerProcess:
    """A container that runs one command and ends; ``communicate`` removes it."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        if self.returncode is None:
            state = self._container.state
            if state["Status"] == "exited":
                self.returncode = int(str(state["ExitCode"]))
        return self.returncode

    def kill(self) -> None:
        """Ends it by SIGKILL."""
        self._container.kill()

    def communicate(self, *, timeout: float) -> tuple[str, str]:
        """Waits for its end and returns its output; subprocess.TimeoutExpired after ``timeout`` seconds."""
        try:
            self.returncode = self._container.ended(timeout)
        except GateError as error:
            raise subprocess.TimeoutExpired(self._container.title, timeout) from error
        printed = self._container.output()
        self._container.remove()
        return printed


def _runs(container: Container) -> tuple[bool, str]:
    status = str(container.state["Status"])
    return status == "running", f"it is {status}"


def each(verb: Callable[[Container], None], containers: Sequence[Container]) -> None:
    """Applies ``verb`` to all containers at once."""
    if containers:
        with ThreadPoolExecutor(len(containers)) as pool:
            list(pool.map(verb, containers))
