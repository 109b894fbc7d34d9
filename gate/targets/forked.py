"""Processes that a fork server starts: a service, and a command."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from gate.core.errors import GateError
from gate.targets.postgres.supervision import END_SECONDS

END = ("TERM", END_SECONDS)
"""The signal that asks a service to end which is not needed any more, and the seconds until it is killed."""
CLOSE_SECONDS = 30.0
DRAIN_SECONDS = 1.0
"""Seconds for the last output of a process that has ended, which something else may hold open."""


class Fork:
    """A process that a fork server starts, and the connection whose end is the process's end."""

    def __init__(
        self,
        address: str,
        command: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        outputs: Sequence[int],
        end: tuple[str, float],
    ) -> None:
        """Start ``command``, which is ``python -m MODULE ...``; OSError or ValueError where no server answers."""
        self.code: int | None = None
        self._connection = socket.socket(socket.AF_UNIX)
        try:
            self._connection.connect(address)
            _, _, module, *arguments = command
            request = {"module": module, "arguments": arguments, "env": dict(env), "cwd": str(cwd)}
            text = json.dumps({**request, "end": end[0], "grace": end[1]}).encode() + b"\n"
            sent = socket.send_fds(self._connection, [text], [*outputs])
            self._connection.sendall(text[sent:])
            self._answers = self._connection.makefile("rb")
            self.pid = int(json.loads(self._answers.readline())["pid"])
        except BaseException:
            self._connection.close()
            raise

    def await_end(self) -> int | None:
        """Wait for the exit code; None where the server has gone and the process with it."""
        with contextlib.suppress(OSError, ValueError):
            self.code = int(json.loads(self._answers.readline())["code"])
        self._connection.close()
        return self.code

    def signal(self, name: str) -> None:
        """Send a signal to the process and what it started."""
        with contextlib.suppress(OSError):
            self._connection.sendall(json.dumps({"signal": name}).encode() + b"\n")

    def let_go(self) -> None:
        """Have the server end the process."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)


class ForkedChild:
    """A service that a fork server starts, in the place of a watchdog's child; see ``Watched``."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._fork: Fork | None = None
        self._code: int | None = None
        self._gone = False
        self._ended = threading.Condition()
        self._reader: threading.Thread | None = None
        self.lines: list[str] = []

    @property
    def pid(self) -> int:
        """Its process id; 0 before it is started."""
        return self._fork.pid if self._fork else 0

    def run(self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> int:
        """Start ``command`` and return its process id; OSError or ValueError where no server answers."""
        reading, writing = os.pipe()
        try:
            self._fork = Fork(self._address, command, env, cwd, (writing, writing), END)
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._reader = threading.Thread(target=self._read, args=(reading,), daemon=True)
        self._reader.start()
        threading.Thread(target=self._await_end, args=(self._fork, self._reader), daemon=True).start()
        return self._fork.pid

    def _read(self, reading: int) -> None:
        with open(reading, "rb") as output:
            for raw in output:
                self.lines.append(raw.decode(errors="replace").rstrip("\r\n"))

    def _await_end(self, fork: Fork, reader: threading.Thread) -> None:
        code = fork.await_end()
        reader.join(DRAIN_SECONDS)
        with self._ended:
            self._code, self._gone = code, True
            self._ended.notify_all()

    def wait(self, seconds: float) -> int | None:
        """Its exit code, once it has ended and its output is in ``lines``; None after ``seconds``."""
        with self._ended:
            self._ended.wait_for(lambda: self._gone, seconds)
            if self._gone and self._code is None:
                raise GateError("The server that forks services has ended unexpectedly.")
            return self._code

    def signal(self, name: str) -> None:
        """Send a signal to it and what it started."""
        if self._fork:
            self._fork.signal(name)

    def close(self) -> None:
        """End it and wait for that; safe to call twice."""
        if self._fork:
            self._fork.let_go()
            with self._ended:
                self._ended.wait_for(lambda: self._gone, CLOSE_SECONDS)


class ForkedCommand:
    """A command that a fork server runs, with the members of ``subprocess.Popen`` that a target promises."""

    def __init__(self, address: str, command: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        """Start it; OSError or ValueError where no server answers."""
        pipes = [os.pipe() for _ in range(2)]
        try:
            self._fork = Fork(address, command, env, cwd, [writing for _, writing in pipes], ("KILL", 0.0))
        except BaseException:
            for reading, _ in pipes:
                os.close(reading)
            raise
        finally:
            for _, writing in pipes:
                os.close(writing)
        self.returncode: int | None = None
        self._texts = ["", ""]
        self._threads = [
            threading.Thread(target=self._read, args=(index, reading), daemon=True)
            for index, (reading, _) in enumerate(pipes)
        ]
        self._threads.append(threading.Thread(target=self._fork.await_end, daemon=True))
        for thread in self._threads:
            thread.start()

    def _read(self, index: int, reading: int) -> None:
        with open(reading, encoding="utf-8", errors="replace") as output:
            self._texts[index] = output.read()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._fork.pid

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        self.returncode = self._fork.code
        return self.returncode

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._fork.signal("KILL")

    def communicate(self, *, timeout: float) -> tuple[str, str]:
        """Wait for its end and return its output; subprocess.TimeoutExpired after ``timeout`` seconds."""
        limit = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, limit - time.monotonic()))
            if thread.is_alive():
                raise subprocess.TimeoutExpired("a forked command", timeout)
        if self.poll() is None:
            raise GateError("The server that forks commands has ended unexpectedly.")
        out, err = self._texts
        return out, err
