"""Journals of a run: each worker writes its events to a file of its own, which any process can follow."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from gate.core.errors import GateError
from gate.core.evidence import Evidence
from gate.core.findings import Finding
from gate.core.redaction import Redactor
from gate.verdict.events import (
    EVENT,
    Event,
    ExchangeRecorded,
    FindingReported,
    JournalClosed,
    OperationFuzzed,
    Outcome,
    ProgressMade,
    TestBegan,
    TestsCollected,
)

SUFFIX = ".ndjson"
AT_ONCE = (FindingReported, OperationFuzzed, Outcome, ProgressMade, TestBegan, TestsCollected)
"""Events that readers see at once, not when the buffer is full."""
EVERY = 5.0
"""Seconds between two lines of progress of one worker."""
_EVIDENCE = TypeAdapter(Evidence)
QUOTED_BYTES = 60
"""Bytes of an unreadable line that a message quotes."""


class Journal:
    """Appends events to a file, one JSON object a line, without the secrets that ``redact`` knows."""

    def __init__(self, path: Path, redact: Redactor) -> None:
        self._path = path
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            # A lone surrogate is no text in UTF-8; the fuzzer sends some, and a finding may quote them.
            self._file = path.open("a", encoding="utf-8", errors="replace")
        self.redact = redact
        self._events, self._judged, self._records = Counter[str](), Counter[str](), Counter[str]()
        self._evidence: tuple[Evidence, Any] = (Evidence(), {})
        self._lock = threading.Lock()  # a text file mixes up, or loses, what threads write to it at the same time

    def write(self, event: Event) -> None:
        """Appends one event."""
        line = self._exchange(event) if isinstance(event, ExchangeRecorded) else self._line(event)
        with self._lock, self._writing():
            self._file.write(f"{line}\n")
            self._events[event.kind] += 1
            if isinstance(event, AT_ONCE):
                self._file.flush()

    def _line(self, event: Event) -> str:
        if isinstance(event, FindingReported):
            members = self.redact.within(EVENT.dump_python(event, exclude={"evidence"}))
            return json.dumps({"evidence": self._redacted(event.evidence), **members}, ensure_ascii=False)
        return json.dumps(self.redact.within(EVENT.dump_python(event)), ensure_ascii=False)

    def _redacted(self, evidence: Evidence) -> Any:
        """The members of some evidence, which is often that of several findings, one after the other."""
        known, members = self._evidence
        if evidence is not known:
            members = self.redact.within(_EVIDENCE.dump_python(evidence))
            self._evidence = evidence, members
        return members

    @lru_cache(maxsize=512)  # noqa: B019 (a process has few journals; most events are of few kinds of exchanges)
    def _exchange(self, event: ExchangeRecorded) -> str:
        return self._line(event)

    def write_findings(self, findings: Iterable[Finding], evidence: Evidence, *, late: bool = False) -> None:
        """Appends findings that share their evidence; ``late`` ones after their test has ended."""
        for finding in findings:
            self.write(FindingReported(finding, evidence, late))

    def count_judged(self, test: str, oracles: Iterable[str]) -> None:
        """Counts a record of a test that these oracles judged."""
        with self._lock:
            self._judged.update(oracles)
            self._records["/".join(test.split("/")[:2])] += 1

    def flush(self) -> None:
        """Hands everything to the operating system."""
        with self._lock, self._writing():
            self._file.flush()

    def close(self) -> None:
        """Writes the counts, which show whether the journal is whole, and closes the file."""
        if not self._file.closed:
            with self._writing(), self._file:
                self.write(JournalClosed(dict(self._events), dict(self._judged), dict(self._records)))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"The journal {self._path} cannot be written: {error.strerror}."
            raise GateError(message, "Free space on that disk, or name another --report-dir.") from error


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
    """Reads the journals of a directory while workers write them; of some ``kinds`` of events alone, if any."""

    def __init__(self, directory: Path, kinds: Iterable[str] = ()) -> None:
        self._directory = directory
        self._ends = tuple(f'"kind": "{kind}"}}\n'.encode() for kind in kinds)
        self._read: dict[Path, int] = {}  # bytes of each journal that were read
        self.unreadable: dict[str, str] = {}  # reason by worker
        self.incomplete: set[str] = set()  # workers whose journal does not end with a whole line

    def events(self) -> Iterator[tuple[str, Event]]:
        """Events since the last call, each with the worker's name, without a line that is not complete."""
        for path in sorted(self._directory.glob(f"*{SUFFIX}")):
            try:
                with path.open("rb") as file:
                    file.seek(self._read.get(path, 0))
                    lines = file.readlines()
            except OSError as error:
                self.unreadable[path.stem] = f"cannot be read: {error.strerror}"
                continue
            self.incomplete.discard(path.stem)
            for line in lines:
                if not line.endswith(b"\n"):
                    self.incomplete.add(path.stem)
                    break
                self._read[path] = self._read.get(path, 0) + len(line)
                if self._ends and not line.endswith(self._ends):
                    continue
                try:
                    event = EVENT.validate_json(line)
                except ValueError:
                    self.unreadable[path.stem] = f"has a line that is no event: {line[:QUOTED_BYTES]!r}"
                else:
                    yield path.stem, event


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


def read(directory: Path, workers: Collection[str] = ()) -> tuple[list[Event], list[str]]:
    """Every event of every journal in ``directory``, and a sentence for each journal that is not whole.

    Args:
        directory: The journals of a run that is over.
        workers: Each has to have a journal.

    """
    follower, journals = Follower(directory), defaultdict[str, list[Event]](list)
    for worker, event in follower.events():
        journals[worker].append(event)
    faults = {worker: _fault(journals[worker]) for worker in sorted({*workers, *journals})}
    faults |= dict.fromkeys(follower.incomplete, "ends in the middle of a line") | follower.unreadable
    sentences = [
        f"The journal of {worker} {fault}, so it is not known what was judged."
        for worker, fault in faults.items()
        if fault
    ]
    return [event for events in journals.values() for event in events], sentences


def _fault(events: Sequence[Event]) -> str:
    """The reason why these events are no whole journal; empty without any."""
    if not events:
        return "is gone"
    *others, last = events
    if not isinstance(last, JournalClosed):
        return "has no end: it was cut, or its process died"
    expected, seen = Counter(last.events), Counter[str](event.kind for event in others)
    different = sorted({*(expected - seen), *(seen - expected)})
    counts = ", ".join(f"{seen[kind]} of {expected[kind]} events of the kind {kind!r}" for kind in different)
    return f"has {counts}" if counts else ""
