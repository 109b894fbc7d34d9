"""Processes that cannot outlive the gate: any command under a watchdog."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from gate.core.errors import GateError
from gate.core.lifetime import locked
from gate.core.surroundings import environment
from gate.targets.postgres import watchdog

LAST_LINES = 15
"""Lines of a process that failed in the error about it."""
PORT_TRIES = 3
PORT_IN_USE = re.compile(r"address already in use|EADDRINUSE|port .*in use", re.IGNORECASE)
END_SECONDS = 3.0
"""Seconds from SIGTERM to SIGKILL for a service that is not needed any more."""


class Watched:
    """A watchdog, and the one child at a time that it owns.

    The watchdog ends the child and removes ``directory`` (made here, when given) as soon as this process is gone or
    ``close`` is called. It runs in a session of its own, so Ctrl-C does not reach the child before the gate. The
    directory is locked while watchdog or child lives.
    """

    def __init__(self, directory: Path | None = None, owner: tuple[int, int] = (-1, -1)) -> None:
        self._owner = owner
        self._ended = threading.Condition()
        self._code: int | None = None
        self.pid = 0
        self.lines: list[str] = []
        locks = [locked(directory)] if directory else []
        arguments = [str(directory), *map(str, locks)] if directory else []
        try:
            if directory:
                os.chown(directory, *owner)
            self._dog = subprocess.Popen(
                [sys.executable, "-I", "-S", watchdog.__file__, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=locks,
                cwd="/",
                env=environment(),
            )
        except OSError:
            if directory:
                directory.rmdir()
            raise
        finally:
            for lock in locks:
                os.close(lock)
        self._requests, self._answers, self._output = map(_pipe, (self._dog.stdin, self._dog.stdout, self._dog.stderr))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._answer()
        except BaseException:
            self.close()
            raise

    def _read(self) -> None:
        mark = watchdog.MARK
        for raw in self._output:
            line = raw.decode(errors="replace").rstrip("\r\n")
            if not line.startswith(mark):
                self.lines.append(line)
                continue
            if self.lines and not self.lines[-1]:
                self.lines.pop()  # the line feed that the watchdog puts before its mark
            with self._ended:
                self._code = int(line.removeprefix(mark))
                self._ended.notify_all()

    def _ask(self, **request: object) -> None:
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            self._requests.flush()
        except (OSError, ValueError) as error:
            raise GateError("The watchdog of a child process has ended unexpectedly.") from error

    def _answer(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            raise GateError("The watchdog of a child process did not start.", log=tuple(self.lines[-LAST_LINES:]))
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise OSError(answer["errno"] or 0, answer["error"])
        return answer

    def run(
        self,
        command: Iterable[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path = Path("/"),
        log: Path | None = None,
        as_owner: bool = False,
        end: tuple[str, float] = ("TERM", END_SECONDS),
    ) -> int:
        """Starts ``command`` and returns its process id; OSError when it cannot be executed.

        ``as_owner`` runs it as the owner of the directory, ``log`` takes its output instead of ``lines``, and ``end``
        is the signal that asks it to end with the seconds it has until SIGKILL.
        """
        user, group = self._owner if as_owner else (-1, -1)
        self._code = None
        self._ask(
            run=[str(part) for part in command],
            env=dict(env),
            cwd=str(cwd),
            log=str(log) if log else None,
            user=user,
            group=group,
            end=end[0],
            grace=end[1],
        )
        self.pid = int(self._answer()["pid"])
        return self.pid

    def wait(self, seconds: float) -> int | None:
        """The child's return code once it has ended and its output is in ``lines``; None after ``seconds``."""
        with self._ended:
            self._ended.wait_for(lambda: self._code is not None, seconds)
            return self._code

    def signal(self, name: str) -> None:
        """Sends a signal (``TERM``, ``KILL``, ...) to the child and what it started."""
        self._ask(signal=name)

    def close(self) -> None:
        """Ends the child, removes the directory and waits for both; safe to call twice."""
        for pipe in (self._requests, self._answers):
            with contextlib.suppress(OSError):
                pipe.close()
        try:
            self._dog.wait(30)
        except subprocess.TimeoutExpired:
            self._dog.kill()
            self._dog.wait()
        self._reader.join(1)
        if not self._reader.is_alive():  # else something escaped its process group and still holds the pipe
            self._output.close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("every stream of a watchdog is a pipe")
    return pipe


def free_port(reserved: Path | None = None) -> int:
    """A TCP port of 127.0.0.1 that was free just now; ``reserved`` is a directory where no port is given out twice."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if reserved is None:
            return port
        with contextlib.suppress(FileExistsError):
            (reserved / str(port)).touch(exist_ok=False)
            return port
