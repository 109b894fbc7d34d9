"""The suite in a process of its own: its output is kept in a file, its notes are shown."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from gate.core.resources import children, is_stopped
from gate.core.settings import NOTE, WRAPPED
from gate.core.surroundings import compose
from gate.verdict import report_directory

LAST_LINES = 400
"""Lines of standard error that may say why a suite wrote no verdict."""
_ERROR = re.compile(r"(E +|INTERNALERROR> )?([\w.]+\.)?(?P<name>\w*(Error|Exception|Exit|Warning)): (?P<text>.+)")
_PLACE = re.compile(r"""(E +|INTERNALERROR> )? *(File ")?(?P<path>[^"]+\.py)(", line |:)(?P<line>\d+)""")


class Child:
    """A suite that runs; ``notes`` are the lines that it has for the user, with ``verbose`` all that it prints.

    ``clean`` takes secrets out of each line.
    """

    def __init__(
        self, process: subprocess.Popen[str], output: Path, clean: Callable[[str], str], *, verbose: bool
    ) -> None:
        self.process = process
        self._clean = clean
        self.notes: deque[str] = deque()
        self.interrupted = False
        self._stopped: dict[int, float] = {}  # since when each process has been stopped
        self._errors: deque[str] = deque(maxlen=LAST_LINES)
        self._over = threading.Event()
        self._readers = [
            threading.Thread(target=self._read, args=(output, verbose), daemon=True),
            threading.Thread(target=lambda: self._errors.extend(_lines(process.stderr)), daemon=True),
        ]
        for thread in (*self._readers, threading.Thread(target=self._wait, daemon=True)):
            thread.start()

    def ended(self, seconds: float) -> bool:
        """Return whether it has ended, after at most ``seconds``."""
        return self._over.wait(seconds)

    def stopped(self, seconds: float) -> bool:
        """Return whether it, or a child of it, was stopped by a signal in each look of the last ``seconds``."""
        now, every = time.monotonic(), (self.process.pid, *children(self.process.pid))
        self._stopped = {pid: self._stopped.get(pid, now) for pid in every if is_stopped(pid)}
        return any(now - since >= seconds for since in self._stopped.values())

    def kill(self) -> None:
        """Ends it and its children at once: one that is stopped would keep the pipe of its output open."""
        for pid in (self.process.pid, *children(self.process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def conclude(self) -> tuple[int, Sequence[str]]:
        """Its exit code and its last lines on standard error, once it has ended."""
        self._over.wait()
        for reader in self._readers:
            reader.join(timeout=1)  # a process that the suite left may have the pipe too
        return self.process.returncode, [line.rstrip() for line in self._errors]

    def interrupt(self, *_: object) -> None:
        """Asks it to end."""
        self.interrupted = True
        self.process.send_signal(signal.SIGINT)

    def _wait(self) -> None:
        self.process.wait()
        self._over.set()

    def _read(self, output: Path, verbose: bool) -> None:
        """Reads all that it prints, whether or not the file can take it: it would wait otherwise."""
        with ExitStack() as stack:
            file: IO[str] | None = None
            with suppress(OSError):
                file = stack.enter_context(output.open("w", encoding="utf-8", errors="replace"))
            for line in map(self._clean, _lines(self.process.stdout)):
                _, note, text = line.partition(NOTE)
                if note or verbose:
                    self.notes.append(text if note else line)
                if file and not note:
                    with suppress(OSError):
                        file.write(f"{line}\n")


def _lines(pipe: IO[str] | None) -> Iterator[str]:
    return (line.rstrip("\n") for line in pipe or ())


@contextmanager
def started(
    command: Sequence[str],
    root: Path,
    more: Mapping[str, str],
    output: Path,
    clean: Callable[[str], str],
    *,
    verbose: bool,
) -> Iterator[Child]:
    """Runs ``command`` and forwards signals to it as interrupts; an error in the block interrupts it too.

    ``clean`` takes secrets out of each line that it prints.
    """
    env = {**compose(os.environ), **more, WRAPPED: str(os.getpid())}
    locks = tuple(report_directory.held().values())  # held until the suite ends, too
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=root, env=env, pass_fds=locks, stdout=pipe, stderr=pipe, text=True, errors="replace"
    ) as process:
        child = Child(process, output, clean, verbose=verbose)
        # Ctrl-C reaches both processes, any other signal this one alone; the suite takes two for one.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, child.interrupt)
        try:
            yield child
        except BaseException:
            child.interrupt()
            child.conclude()  # its output is read to the end before it is closed
            raise


def last_words(lines: Sequence[str]) -> str:
    """The sentence that says why, among the lines that pytest or Python wrote to standard error; empty without any."""
    for number, line in reversed([*enumerate(lines)]):
        if line.startswith("ERROR: ") or ": error: " in line:
            return line.removeprefix("ERROR: ").rpartition(": error: ")[2]
        if error := _ERROR.match(line):
            ours = error["name"] in {"DocumentError", "GateError", "UsageError", "Exit"}
            return error["text"] if ours else f"{error['name']}: {error['text']}{_place(lines[:number])}"
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _place(lines: Sequence[str]) -> str:
    """The last place that a traceback names."""
    for line in reversed(lines):
        if place := _PLACE.match(line):
            return f" ({place['path']}:{place['line']})"
    return ""
