"""One container, and what can be done to it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

import docker
import requests
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from gate.core.errors import GateError
from gate.core.waiting import NotReached, deadline, wait
from gate.targets.addresses import LOOPBACK
from gate.targets.engine import FAILURES, connect, failing, refused
from gate.targets.process import LAST_LINES, PORT_IN_USE, PORT_TRIES, STOP_SECONDS, free_port

KILLED = 128 + 9


@dataclass(frozen=True, slots=True)
class Plan:
    """What a container is made from.

    ``port`` is the one that it serves on, which ``published`` makes one of this machine's loopback address too.
    ``command`` and ``entrypoint`` replace those of the image. ``volumes`` are mounted where their values say.
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
    volumes: Mapping[str, str] = field(default_factory=dict)
    extra_hosts: Mapping[str, str] = field(default_factory=dict)

    def made(self, port: int) -> DockerContainer:
        """The container as the library knows it, not yet started."""
        made = DockerContainer(
            self.image,
            command=self.command,  # type: ignore[arg-type]  # declared as text; a list goes on to the engine as it is
            env=dict(self.env),
            name=self.name,
            volumes=[(volume, place, "rw") for volume, place in self.volumes.items()],
            labels=dict(self.labels),
            entrypoint=self.entrypoint,
            extra_hosts=dict(self.extra_hosts),
            healthcheck={"test": ["NONE"]},  # we ask it ourselves, and more often
        )
        network = Network()
        network.name = self.network
        made.with_network(network)
        if self.published:
            made.ports[f"{self.port}/tcp"] = (LOOPBACK, port)  # type: ignore[assignment]  # an address may stand with it
        return made


class Container:
    """A container of a run: where it is reached, its lines, and the verbs that faults are made of.

    ``what`` names it at the start of an error, as in "The runner". A verb returns when it is done, and raises GateError
    where the engine refuses it.
    """

    def __init__(self, what: str, found: docker.models.containers.Container, network: str, address: tuple[str, int]):
        self.what = what
        self.host, self.port = address
        self._found = found
        self._network = network

    @classmethod
    def run(cls, what: str, plan: Plan) -> Self:
        """Makes and starts a container; on another port of this machine when the chosen one was taken meanwhile."""
        for left in reversed(range(PORT_TRIES)):
            port = free_port() if plan.published else plan.port
            try:
                made = plan.made(port)
            except FAILURES as error:
                raise refused(error, f"{what} did not start") from error
            try:
                made.start()
            except FAILURES as error:
                with contextlib.suppress(*FAILURES):
                    made.stop()  # what did not start was made nevertheless
                if left and plan.published and PORT_IN_USE.search(str(error).replace("already allocated", "in use")):
                    continue
                raise refused(error, f"{what} did not start", f"Does the image {plan.image} fit?") from error
            break
        host = LOOPBACK if plan.published else plan.name
        return cls(what, made.get_wrapped_container(), plan.network, (host, port))

    @classmethod
    def named(cls, what: str, name: str, network: str, address: tuple[str, int]) -> Self:
        """A container that was made before."""
        with failing(f"{what} cannot be found"):
            return cls(what, connect().containers.get(name), network, address)

    @property
    def name(self) -> str:
        """Its name, by which other containers of its network reach it."""
        return str(self._found.name)

    @property
    def state(self) -> Mapping[str, object]:
        """What the engine says of it now: Status, ExitCode, Error and more."""
        with failing(f"{self.what} cannot be looked at"):
            self._found.reload()
        found: Mapping[str, object] = self._found.attrs["State"]
        return found

    def log(self) -> list[str]:
        """Every line that it printed so far, over all its starts, oldest first, each behind the time it came at."""
        with failing(f"The lines of {self.what.lower()} cannot be read"):
            return str(self._found.logs(timestamps=True).decode(errors="replace")).splitlines()

    def lines(self) -> list[str]:
        """Every line that it printed so far, over all its starts, oldest first."""
        return [line.partition(" ")[2] for line in self.log()]

    def await_ready(self, probe: Callable[[], tuple[bool, str]]) -> None:
        """Probes until the first member is true; GateError with its last lines where it ends before, or never is."""
        seen = "nothing"

        def look() -> str:
            nonlocal seen
            ready, seen = probe()
            return "ready" if ready else str(self.state["Status"])

        try:
            wait(self.what, look, until="ready".__eq__, never={"exited", "dead"}.__contains__, kind="ready")
        except NotReached as error:
            state, last = self.state, tuple(self.lines()[-LAST_LINES:])
            told = "Its last lines follow." if last else "It printed nothing."
            if state["Status"] in {"exited", "dead"}:
                message = f"{self.what} ended with exit code {state['ExitCode']} before it was ready."
                raise explained(message, told, last) from error
            raise GateError(
                f"{self.what} was not ready within {deadline('ready'):g} s ({seen}).", told, last
            ) from error

    def ended(self, seconds: float) -> int:
        """Waits until it has ended by itself and returns its exit code; GateError when it takes over ``seconds``."""
        try:
            with failing(f"{self.what} cannot be waited for"):
                return int(self._found.wait(timeout=seconds)["StatusCode"])
        except GateError as error:
            if not isinstance(error.__cause__, requests.RequestException):
                raise
            last = tuple(self.lines()[-LAST_LINES:])
            raise GateError(f"{self.what} did not end within {seconds:g} s.", log=last) from error

    def output(self) -> tuple[str, str]:
        """What it printed to standard output, and to standard error."""
        with failing(f"The lines of {self.what.lower()} cannot be read"):
            out, err = (self._found.logs(stdout=one, stderr=not one) for one in (True, False))
        return out.decode(errors="replace"), err.decode(errors="replace")

    def execute(self, *command: str) -> int:
        """Runs a command in it and returns its exit code."""
        with failing(f"{self.what} runs no command"):
            return int(self._found.exec_run(list(command)).exit_code)

    def start(self) -> None:
        """Starts it again after ``stop`` or ``kill``: for what a process makes of the state that it finds."""
        with failing(f"{self.what} did not start again"):
            self._found.start()

    def stop(self) -> None:
        """SIGTERM, and time to end: for a planned end, as a rollout or an operator brings it about."""
        with failing(f"{self.what} did not stop"):
            self._found.stop(timeout=round(STOP_SECONDS))
        if self.state["ExitCode"] == KILLED:
            last = tuple(self.lines()[-LAST_LINES:])
            message = f"{self.what} did not end within {STOP_SECONDS:g} s of SIGTERM and was killed."
            raise GateError(message, log=last)

    def kill(self) -> None:
        """SIGKILL: for a crash, a power cut, or the kernel out of memory. Nothing in it can react."""
        if self.state["Status"] in {"running", "paused"}:
            with failing(f"{self.what} cannot be killed"):
                self._found.kill()
                self._found.wait(timeout=STOP_SECONDS)

    def pause(self) -> None:
        """Freezes every process: for a stall that leaves connections open, as a stopped machine or a full disk does."""
        with failing(f"{self.what} cannot be paused"):
            self._found.pause()

    def unpause(self) -> None:
        """Lets it go on where ``pause`` froze it: for what wakes up after time-outs have passed."""
        with failing(f"{self.what} cannot go on"):
            self._found.unpause()

    def disconnect(self) -> None:
        """Takes it off the network: for a partition, in which it lives and is not reached, by us neither."""
        with failing(f"{self.what} cannot be taken off its network"):
            connect().networks.get(self._network).disconnect(self._found, force=True)

    def connect(self) -> None:
        """Puts it back on the network that ``disconnect`` took it off: for a partition that heals."""
        with failing(f"{self.what} cannot be put back on its network"):
            connect().networks.get(self._network).connect(self._found)

    def remove(self) -> None:
        """Ends it and removes it with its volumes that have no name; safe to call twice."""
        with contextlib.suppress(docker.errors.NotFound), failing(f"{self.what} cannot be removed"):
            try:
                self._found.remove(force=True, v=True)
            except docker.errors.APIError as error:
                if error.status_code not in {requests.codes.conflict, requests.codes.not_found}:
                    raise


def explained(message: str, hint: str, last: tuple[str, ...]) -> GateError:
    """The error for a container that failed; what its last lines say of a known cause takes the hint's place."""
    if any("exec format error" in line for line in last):
        return GateError(message, "Its image was built for another processor: build it for this machine's.", last)
    if any("No space left on device" in line for line in last):
        return GateError(message, "Its disk is full: free some space, as by docker system prune.", last)
    return GateError(message, hint, last)
