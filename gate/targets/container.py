"""A container of a run, and the verbs that faults are made of."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Self

import docker
import requests
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from gate.core.errors import GateError
from gate.core.waiting import NotReached, deadline, wait
from gate.targets.addresses import LOOPBACK
from gate.targets.engine import FAILURES, connect, failing, refused
from gate.targets.postgres.supervision import LAST_LINES, PORT_IN_USE, PORT_TRIES, free_port
from gate.targets.process import STOP_SECONDS

KILLED = 128 + 9
_EPOCH = "1970-01-01T00:00:00"


@dataclass(frozen=True, slots=True)
class Plan:
    """Image, name and settings of a container.

    ``port`` is the port that it serves on; ``published`` publishes it on this machine's loopback address, ``direct`` is
    for one that is reached by its own. ``command`` and ``entrypoint`` replace those of the image. ``volumes`` maps a
    volume to the path where it is mounted.
    """

    image: str
    name: str
    network: str
    labels: Mapping[str, str]
    env: Mapping[str, str] = field(default_factory=dict)
    command: list[str] | None = None
    entrypoint: list[str] | None = None
    port: int = 0
    published: bool = False
    direct: bool = False
    volumes: Mapping[str, str] = field(default_factory=dict)
    extra_hosts: Mapping[str, str] = field(default_factory=dict)

    def container(self, port: int) -> DockerContainer:
        """The library's container, not yet started."""
        container = DockerContainer(
            self.image,
            command=self.command,  # type: ignore[arg-type]  # declared as text; a list goes on to the engine as it is
            env=dict(self.env),
            name=self.name,
            volumes=[(volume, path, "rw") for volume, path in self.volumes.items()],
            labels=dict(self.labels),
            entrypoint=self.entrypoint,
            extra_hosts=dict(self.extra_hosts),
            healthcheck={"test": ["NONE"]},  # we ask it ourselves, and more often
        )
        network = Network()
        network.name = self.network
        container.with_network(network)
        if self.published:
            container.ports[f"{self.port}/tcp"] = (LOOPBACK, port)  # type: ignore[assignment]  # an address may stand with it
        return container


class UnexplainedError(GateError):
    """A container failed for a reason that neither the engine nor its last lines name, so it may be the program's."""


class Container:
    """A container with its address, its output and its verbs.

    ``title`` names it at the start of an error, as in "The service". A verb returns when it is done, and raises
    GateError where the engine refuses it.
    """

    def __init__(
        self, title: str, container: docker.models.containers.Container, network: str, address: tuple[str, int]
    ) -> None:
        self.title = title
        self.host, self.port = address
        self._container = container
        self._network = network
        self._printed: list[str] = []
        self.asked_to_end = False

    @classmethod
    def run(cls, title: str, plan: Plan) -> Self:
        """Creates and starts a container; on another port of this machine when the chosen one was taken meanwhile."""
        for attempts_left in reversed(range(PORT_TRIES)):
            port = free_port() if plan.published else plan.port
            try:
                container = plan.container(port)
            except FAILURES as error:
                raise refused(error, f"{title} did not start") from error
            try:
                container.start()
            except FAILURES as error:
                with contextlib.suppress(*FAILURES):
                    container.stop()  # it was created although it did not start
                taken = PORT_IN_USE.search(str(error).replace("already allocated", "in use"))
                if taken and plan.published and attempts_left:
                    continue
                raise refused(error, f"{title} did not start", f"Does the image {plan.image} fit?") from error
            break
        wrapped = container.get_wrapped_container()
        host = LOOPBACK if plan.published else _address(wrapped, plan.network) if plan.direct else plan.name
        return cls(title, wrapped, plan.network, (host, port))

    @classmethod
    def named(cls, title: str, name: str, network: str, address: tuple[str, int]) -> Self:
        """A container that exists already."""
        with failing(f"{title} cannot be found"):
            return cls(title, connect().containers.get(name), network, address)

    @property
    def name(self) -> str:
        """Its name, by which other containers of its network reach it."""
        return str(self._container.name)

    @property
    def state(self) -> Mapping[str, object]:
        """Its present state as the engine describes it: Status, ExitCode, Error and more."""
        with failing(f"{self.title} cannot be looked at"):
            self._container.reload()
        state: Mapping[str, object] = self._container.attrs["State"]
        return state

    def log(self) -> list[str]:
        """Every line that it has printed so far, over all its starts, oldest first, each after its time."""
        since = _second(self._printed[-1]) if self._printed else _EPOCH
        with failing(f"The lines of {self.title.lower()} cannot be read"):
            new = self._container.logs(timestamps=True, since=datetime.fromisoformat(f"{since}Z"))
        # The engine appends: of the lines since then, those that are known come first.
        recent = takewhile(lambda line: _second(line) >= since, reversed(self._printed))
        self._printed += new.decode(errors="replace").splitlines()[sum(1 for _ in recent) :]
        return list(self._printed)

    def lines(self) -> list[str]:
        """Every line that it has printed so far, over all its starts, oldest first."""
        return [line.partition(" ")[2] for line in self.log()]

    def await_ready(self, probe: Callable[[], tuple[bool, str]], seconds: float | None = None) -> None:
        """Probes until the first member is true; GateError with the last lines where it ends before, or never is.

        It may take so many ``seconds``, by default those that a service usually may.
        """
        seen = "nothing"

        def look() -> str:
            nonlocal seen
            ready, seen = probe()
            return "ready" if ready else str(self.state["Status"])

        try:
            wait(
                self.title,
                look,
                until="ready".__eq__,
                never={"exited", "dead"}.__contains__,
                kind="ready",
                limit=seconds,
            )
        except NotReached as error:
            state, last = self.state, tuple(self.lines()[-LAST_LINES:])
            hint = "Its last lines follow." if last else "It printed nothing."
            if state["Status"] in {"exited", "dead"}:
                message = f"{self.title} ended with exit code {state['ExitCode']} before it was ready."
                raise explained(message, hint, last) from error
            message = f"{self.title} was not ready within {seconds or deadline('ready'):g} s ({seen})."
            raise UnexplainedError(message, hint, last) from error

    def ended(self, seconds: float) -> int:
        """Waits until it has ended by itself and returns its exit code; GateError when it takes over ``seconds``."""
        try:
            with failing(f"{self.title} cannot be waited for"):
                return int(self._container.wait(timeout=seconds)["StatusCode"])
        except GateError as error:
            if not isinstance(error.__cause__, requests.RequestException):
                raise
            last = tuple(self.lines()[-LAST_LINES:])
            raise GateError(f"{self.title} did not end within {seconds:g} s.", log=last) from error

    def output(self) -> tuple[str, str]:
        """Its standard output, and its standard error."""
        with failing(f"The lines of {self.title.lower()} cannot be read"):
            out, err = (self._container.logs(stdout=out, stderr=not out) for out in (True, False))
        return out.decode(errors="replace"), err.decode(errors="replace")

    def execute(self, *command: str) -> int:
        """Runs a command in it and returns its exit code."""
        with failing(f"{self.title} runs no command"):
            return int(self._container.exec_run(list(command)).exit_code)

    def start(self) -> None:
        """Starts it again after ``stop`` or ``kill``, on the state that it left."""
        self.asked_to_end = False
        with failing(f"{self.title} did not start again"):
            self._container.start()

    def stop(self) -> None:
        """SIGTERM, and time to end: a planned end, as by a rollout or an operator."""
        self.asked_to_end = True
        with failing(f"{self.title} did not stop"):
            self._container.stop(timeout=round(STOP_SECONDS))
        if self.state["ExitCode"] == KILLED:
            last = tuple(self.lines()[-LAST_LINES:])
            message = f"{self.title} did not end within {STOP_SECONDS:g} s of SIGTERM and was killed."
            raise GateError(message, log=last)

    def kill(self) -> None:
        """SIGKILL: a crash, a power cut, or a kernel out of memory."""
        self.asked_to_end = True
        if self.state["Status"] in {"running", "paused"}:
            with failing(f"{self.title} cannot be killed"):
                self._container.kill()
                self._container.wait(timeout=STOP_SECONDS)

    def pause(self) -> None:
        """Freezes every process: a stall that leaves connections open, as of a stopped machine or a full disk."""
        with failing(f"{self.title} cannot be paused"):
            self._container.pause()

    def unpause(self) -> None:
        """Resumes it after ``pause``, when time-outs have passed."""
        with failing(f"{self.title} cannot go on"):
            self._container.unpause()

    def disconnect(self) -> None:
        """Takes it off the network: a partition, in which it runs but nobody reaches it, the gate neither."""
        with failing(f"{self.title} cannot be taken off its network"):
            connect().networks.get(self._network).disconnect(self._container, force=True)

    def connect(self) -> None:
        """Puts it back on the network that ``disconnect`` took it off."""
        with failing(f"{self.title} cannot be put back on its network"):
            connect().networks.get(self._network).connect(self._container)

    def succeed(self, seconds: float, hint: str) -> None:
        """Waits for its end within seconds and removes it; GateError with its last lines where it failed."""
        try:
            code = self.ended(seconds)
            last = tuple(self.lines()[-LAST_LINES:])
        finally:
            self.remove()
        if code:
            raise explained(f"{self.title} failed with exit code {code}.", hint, last)

    def remove(self) -> None:
        """Ends and removes it, with its volumes that have no name; safe to call twice."""
        with contextlib.suppress(docker.errors.NotFound), failing(f"{self.title} cannot be removed"):
            try:
                self._container.remove(force=True, v=True)
            except docker.errors.APIError as error:
                if error.status_code not in {requests.codes.conflict, requests.codes.not_found}:
                    raise


def _second(line: str) -> str:
    """The second, in UTC, of a line that begins with its time."""
    return line[: len(_EPOCH)]


def _address(container: docker.models.containers.Container, network: str) -> str:
    """The address of a container on a network."""
    with failing("The address of a container cannot be looked up"):
        container.reload()
    return str(container.attrs["NetworkSettings"]["Networks"][network]["IPAddress"])


def explained(message: str, hint: str, last: tuple[str, ...]) -> GateError:
    """The error for a container that failed; a known cause in its last lines replaces the hint."""
    if any("exec format error" in line for line in last):
        return GateError(message, "Its image was built for another processor: build it for this machine's.", last)
    if any("No space left on device" in line for line in last):
        return GateError(message, "Its disk is full: free some space, as by docker system prune.", last)
    return UnexplainedError(message, hint, last)
