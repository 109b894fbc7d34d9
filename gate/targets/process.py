"""The service as a process, and commands that run to their end."""

from __future__ import annotations

import contextlib
import http.client
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gate.core.errors import GateError, UsageError
from gate.core.waiting import deadline
from gate.targets import Ended, NotReadyError
from gate.targets.forked import ForkedChild
from gate.targets.postgres.supervision import LAST_LINES, PORT_IN_USE, PORT_TRIES, Watched, free_port
from gate.targets.service import Service, option_of

STOP_SECONDS = 10.0
Fork = Callable[[Sequence[str], Mapping[str, str]], ForkedChild | None]
"""Starts a command by a fork, where that can be; see ``gate.targets.forks``."""


def oom_kills() -> int:
    """The number of processes of this control group that the kernel killed because memory was used up (Linux)."""
    with contextlib.suppress(OSError, ValueError):
        group = Path("/proc/self/cgroup").read_text(encoding="utf-8").rpartition("::/")[2].strip()
        for events in (
            Path("/sys/fs/cgroup", group, "memory.events"),
            Path("/sys/fs/cgroup/memory/memory.oom_control"),
        ):
            if events.exists():
                return sum(int(line.split()[1]) for line in events.read_text().splitlines() if "oom_kill " in line)
    return 0


def search_path() -> str:
    """PATH with this interpreter in front, so that ``python`` means it, activated or not."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def split_command(command: str, root: Path, option: str) -> list[str]:
    """A command as a list with an executable that exists; GateError, with ``option`` in its hint, where it does not.

    ``python`` is the interpreter that runs the gate, as in an activated environment; any other is named by its path.
    """
    try:
        parts = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"The command {command!r} cannot be read: {error}.", f"Mend {option}.") from error
    if not parts:
        raise UsageError("The command is empty.", f"Give {option} a command.")
    program = sys.executable if parts[0] in {"python", "python3"} else parts[0]
    if os.sep in program:
        program = str(root / program)
    executable = shutil.which(program, path=search_path())
    if executable is None:
        reason = "is not executable" if Path(program).exists() else "was not found"
        raise GateError(f"The command {parts[0]!r} {reason}.", f"Give {option} a command that exists on this machine.")
    return [executable, *parts[1:]]


class ServiceProcess:
    """One service as a subprocess: keeps its port from the first start on, and its lines over all starts."""

    def __init__(
        self,
        service: Service,
        *,
        env: Mapping[str, str],
        ready_seconds: float | None = None,
        choose_port: Callable[[], int] = free_port,
        option: str = option_of("serve"),
        fork: Fork = lambda _command, _env: None,
    ) -> None:
        self._service = service
        self._option = option
        self._command = split_command(service.commands["serve"], service.root, option)
        self._env = env
        self._ready_seconds = ready_seconds
        self._choose_port = choose_port
        self._fork = fork
        self._watched: Watched | ForkedChild | None = None
        self._earlier: list[str] = []
        self._oom_kills = oom_kills()
        self.port = 0

    @property
    def pid(self) -> int:
        """The process id of the newest start; 0 when nothing runs."""
        return self._watched.pid if self._watched else 0

    def log(self) -> list[str]:
        """Every line that it printed so far, oldest first."""
        return self._earlier + (list(self._watched.lines) if self._watched else [])

    def ended(self, seconds: float = 0.0) -> Ended | None:
        """How the service ended although it was not asked to, within ``seconds``; None while it runs."""
        code = self._watched.wait(seconds) if self._watched else None
        if code is None:
            return None
        return Ended(code, self.log()[-LAST_LINES:], code == -signal.SIGKILL and oom_kills() > self._oom_kills)

    def start(self) -> None:
        """Starts the service and waits until it is ready; on another port when the chosen one was taken meanwhile.

        GateError when it cannot be executed, ends before it is ready or is not ready in time.
        """
        self.close()
        tries = 1 if self.port else PORT_TRIES
        for attempts_left in reversed(range(tries)):
            port = self.port or self._choose_port()
            try:
                self._watched = self._launched(port)
                self._await_ready(self._watched, port)
            except BaseException as error:
                taken = isinstance(error, GateError) and any(map(PORT_IN_USE.search, error.log))
                self.close()
                if attempts_left and taken:
                    continue
                if taken:
                    hint = "Another process took it; run again, or end that process."
                    raise GateError(f"The service found its port {port} in use.", hint, error.log) from error  # type: ignore[attr-defined]  # taken: a GateError
                raise
            self.port = port
            return

    def _launched(self, port: int) -> Watched | ForkedChild:
        env, command = {**self._variables(port), self._service.port_env: str(port)}, self._arguments(port)
        if forked := self._fork(command, env):
            return forked
        watched = Watched()
        try:
            watched.run(command, env=env, cwd=self._service.root)
        except OSError as error:
            watched.close()
            message = f"The service's command {self._command[0]!r} cannot be executed: {error.strerror}."
            raise GateError(message, f"Give {self._option} a program that this machine can execute.") from error
        except BaseException:
            watched.close()
            raise
        return watched

    def _await_ready(self, watched: Watched | ForkedChild, port: int) -> None:
        seconds = deadline("ready") if self._ready_seconds is None else self._ready_seconds
        limit = time.monotonic() + seconds
        patience = 0.1  # grows: a foreign server on the port must not hide that the service has ended
        while True:
            code = watched.wait(0.02)
            last = tuple(watched.lines[-LAST_LINES:])
            if code is not None:
                ended = f"with exit code {code}" if code >= 0 else f"by signal {-code}"
                end = Ended(code, last)
                raise NotReadyError(f"The service ended {ended} before it was ready.", last, end, again=bool(self.port))
            ready, seen = self._probe(port, patience)
            if ready and watched.wait(0) is None:  # else another server answered
                return
            patience = min(2 * patience, 2.0)
            if time.monotonic() > limit:
                message = f"The service was not ready within {seconds:g} s ({seen})."
                raise NotReadyError(message, last, again=bool(self.port))

    def _arguments(self, port: int) -> list[str]:
        """The command for a start on this port."""
        del port  # the service takes it from its environment
        return self._command

    def _variables(self, port: int) -> Mapping[str, str]:
        """The environment for a start on this port, without the variable that holds it."""
        del port
        return self._env

    def _probe(self, port: int, seconds: float) -> tuple[bool, str]:
        """Return whether the server on this port is ready, and its answer."""
        return probe(self._service.ready, port, seconds)

    def stop(self) -> None:
        """Ends the service by SIGTERM and waits; GateError when it has to be killed after STOP_SECONDS."""
        if self._watched is None:
            return
        self._watched.signal("TERM")
        ended = self._watched.wait(STOP_SECONDS) is not None
        last = tuple(self.log()[-LAST_LINES:])
        self._end("KILL")
        if not ended:
            raise GateError(f"The service did not end within {STOP_SECONDS:g} s of SIGTERM and was killed.", log=last)

    def kill(self) -> None:
        """Ends the service by SIGKILL."""
        self._end("KILL")

    def close(self) -> None:
        """Ends the service by SIGTERM, after END_SECONDS by SIGKILL; safe to call twice."""
        self._end("TERM")

    def _end(self, how: str) -> None:
        if self._watched is None:
            return
        if how == "KILL":
            with contextlib.suppress(GateError):  # the watchdog is gone already
                self._watched.signal("KILL")
        self._watched.close()
        self._earlier += self._watched.lines
        self._watched = None


def status_of(path: str, port: int, seconds: float, host: str) -> int:
    """The status that a server answers a GET with; raises OSError or HTTPException where it does not answer."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def probe(paths: Sequence[str], port: int, seconds: float, host: str = "127.0.0.1") -> tuple[bool, str]:
    """Asks the server on ``port`` if it is ready, by the first path that is there; returns that, and its answer."""
    seen = "no answer"
    for path in paths:
        try:
            status = status_of(path, port, seconds, host)
        except (OSError, http.client.HTTPException) as error:
            return False, f"GET {path}: {error}"
        seen = f"GET {path} answered {status}"
        if status != 404:
            return status == 200, seen
    return False, seen


def run_once(
    command: list[str], *, env: Mapping[str, str], cwd: Path, seconds: float, title: str, hint: str = ""
) -> list[str]:
    """Runs a command to its end and returns its lines; GateError when it fails or takes over ``seconds``."""
    watched = Watched()
    try:
        try:
            watched.run(command, env=env, cwd=cwd)
        except OSError as error:
            raise GateError(f"{title} cannot be executed: {error.strerror}.", hint) from error
        code = watched.wait(seconds)
        last = tuple(watched.lines[-LAST_LINES:])
    finally:
        watched.close()
    if code is None:
        raise GateError(f"{title} did not end within {seconds:g} s.", hint, last)
    if code:
        raise GateError(f"{title} failed with exit code {code}.", hint, last)
    return watched.lines
