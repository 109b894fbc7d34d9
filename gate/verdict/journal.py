"""Journals of a run: each worker writes its events to a file of its own, which any process can follow."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gate.core.evidence import Evidence
from gate.core.findings import Finding
from gate.core.redaction import Redactor
from gate.verdict.events import EVENT, Event, FindingReported, OperationFuzzed, Outcome, ProgressMade

SUFFIX = ".ndjson"
AT_ONCE = (FindingReported, OperationFuzzed, Outcome, ProgressMade)
"""Events that readers see at once, not when the buffer is full."""
EVERY = 5.0
"""Seconds between two lines of progress of one worker."""


class Journal:
    """Appends events to a file, one JSON object a line, without the secrets that ``redact`` knows."""

    def __init__(self, path: Path, redact: Redactor) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A lone surrogate is no text in UTF-8; the fuzzer sends some, and a finding may quote them.
        self._file = path.open("a", encoding="utf-8", errors="replace")
        self._redact = redact
        self._lock = threading.Lock()  # a text file mixes up, or loses, what threads write to it at the same time

    def write(self, event: Event) -> None:
        """Appends one event."""
        line = json.dumps(self._redact.within(EVENT.dump_python(event)), ensure_ascii=False)
        with self._lock:
            self._file.write(f"{line}\n")
            if isinstance(event, AT_ONCE):
                self._file.flush()

    def write_findings(self, findings: Iterable[Finding], evidence: Evidence) -> None:
        """Appends findings that share their evidence."""
        for finding in findings:
            self.write(FindingReported(finding, evidence))

    def flush(self) -> None:
        """Hands everything to the operating system."""
        with self._lock:
            self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class Progress:
    """Journals lines of progress, at most one every ``every`` seconds."""

    def __init__(self, journal: Journal, every: float = EVERY) -> None:
        self._journal = journal
        self._every = every
        self._next = time.monotonic() + every

    def __call__(self, text: Callable[[], str]) -> None:
        """Writes a line if one is due; ``text`` makes it, since most calls write none."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            self._journal.write(ProgressMade(text()))


class Follower:
    """Reads the journals of a directory while workers write them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: dict[Path, int] = {}  # bytes of each journal that were read

    def events(self) -> Iterator[tuple[str, Event]]:
        """Events since the last call, each with the worker's name, without a line that is not complete."""
        for path in sorted(self._directory.glob(f"*{SUFFIX}")):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self._read[path] = self._read.get(path, 0) + len(line)
                    yield path.stem, EVENT.validate_json(line)


class Listener:
    """Calls ``hear`` with the events of a run, in a thread of its own, until it is stopped."""

    def __init__(self, directory: Path, hear: Callable[[str, Event], None], every: float = EVERY / 5) -> None:
        self._follower = Follower(directory)
        self._hear = hear
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, after the last event."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        over = False
        while not over:
            over = self._over.wait(self._every)
            for worker, event in self._follower.events():
                self._hear(worker, event)


def read(directory: Path) -> Iterator[Event]:
    """Yields every event of every journal in ``directory``, without a last line that a crash cut short."""
    return (event for _, event in Follower(directory).events())
