"""The journal keeps every event whole, whoever writes at the same time, and however a run ends."""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gate.core.redaction import Redactor
from gate.verdict.events import (
    CoverageGained,
    Event,
    ExchangeRecorded,
    FuzzResult,
    GateFailed,
    InvariantsChecked,
    OperationFuzzed,
    Outcome,
    ProgressMade,
    ResourceEnded,
    Unattributed,
)
from gate.verdict.journal import Follower, Journal, Listener, Progress, read
from gate.verdict.tally import tally
from tests.harness.support.verdicts import reported

SOON = 10.0
"""Seconds after which a line would never come."""
EVENTS: tuple[Event, ...] = (
    ExchangeRecorded("getJob", 404, "job_not_found"),
    ExchangeRecorded(None, 200),
    CoverageGained({"fields": ["getJob 200 /job"]}),
    ResourceEnded("a", {"jobs": ["completed"]}),
    InvariantsChecked(["BG-INV-001"]),
    reported(),
    OperationFuzzed(FuzzResult("getJob", 9, 3, 2, 1.5, 0.5, "abc")),
    ProgressMade("9 cases"),
    Outcome("t::a", "skipped", ["criterion.execute"], "no rows"),
    Unattributed("jobs 1 to 2"),
    GateFailed("an oracle raised", "a traceback"),
)


class Slow(io.StringIO):
    """A slow text file that counts its writers."""

    inside = 0
    most = 0

    def write(self, text: str) -> int:
        """Lets other threads run in the middle, as a file does that waits for the disk."""
        self.inside += 1
        self.most = max(self.most, self.inside)
        threading.Event().wait(0.002)
        self.inside -= 1
        return super().write(text)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "gw0.ndjson", Redactor(["s3cret"]))
    yield journal
    journal.close()


def test_each_event_is_read_as_it_was_written(journal: Journal, tmp_path: Path) -> None:
    for event in EVENTS:
        journal.write(event)
    journal.close()
    events, faults = read(tmp_path)
    texts = [[str(event).replace("()", "[]") for event in each] for each in (events[:-1], EVENTS)]
    assert (texts[0], faults) == (texts[1], [])


def test_threads_write_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text file that two threads write to at once may lose lines, or have bytes that nobody wrote."""
    slow = Slow()
    monkeypatch.setattr(Path, "open", lambda *_, **__: slow)
    journal = Journal(tmp_path / "gw0.ndjson", Redactor())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: journal.write(ProgressMade(str(number))), range(40)))
    assert (slow.most, len(slow.getvalue().splitlines())) == (1, 40)


def cut(lines: list[bytes]) -> bytes:
    return b"".join(lines[: len(lines) // 2])


FAULTS: dict[str, tuple[Callable[[list[bytes]], bytes], str]] = {
    "half is cut": (cut, "gw0 has no end: it was cut, or its process died"),
    "empty": (lambda _: b"", "gw0 is gone"),
    "without its end": (lambda lines: b"".join(lines[:-1]), "gw0 has no end"),
    "torn at its end": (lambda lines: b"".join(lines)[:-9], "gw0 ends in the middle of a line"),
    "torn in the middle": (lambda lines: lines[0][:9] + b"".join(lines[1:]), "gw0 has a line that is no event"),
    "a line of something else": (lambda lines: b"".join([b"{}\n", *lines]), "gw0 has a line that is no event: b'{}"),
    "bytes that are no text": (lambda lines: b"".join([b"\xff\x00\n", *lines]), "gw0 has a line that is no event"),
    "a line is gone": (lambda lines: b"".join(lines[1:]), "gw0 has 1 of 2 events of the kind 'exchange'"),
    "a line is there twice": (lambda lines: lines[2] + b"".join(lines), "gw0 has 2 of 1 events of the kind 'coverage'"),
    "goes on after its end": (lambda lines: b"".join([*lines, lines[0]]), "gw0 has no end"),
}


@pytest.mark.parametrize(("change", "fault"), FAULTS.values(), ids=FAULTS)
def test_journal_that_is_not_whole_is_named(
    journal: Journal, tmp_path: Path, change: Callable[[list[bytes]], bytes], fault: str
) -> None:
    """Each fault is one sentence, and whatever can be read still counts."""
    for event in EVENTS:
        journal.write(event)
    journal.close()
    path = tmp_path / "gw0.ndjson"
    path.write_bytes(change(path.read_bytes().splitlines(keepends=True)))
    assert [fault in sentence for sentence in read(tmp_path, ["gw0"])[1]] == [True]


def test_each_worker_that_started_has_a_journal(journal: Journal, tmp_path: Path) -> None:
    """Without it, nothing is known of what its tests did."""
    journal.close()
    assert read(tmp_path, ["gw0", "gw1"])[1] == ["The journal of gw1 is gone, so it is not known what was judged."]


def test_end_counts_judged_records(journal: Journal, tmp_path: Path) -> None:
    """By oracle, and by the folder of their tests."""
    for test in ("tests/fuzz/test_a.py::test_a", "tests/fuzz/test_a.py::test_b", "tests/portal/test_a.py::test_a"):
        journal.count_judged(test, ["stored", "listings"])
    journal.close()
    result = tally(read(tmp_path)[0])
    assert result.judged == {"stored": 3, "listings": 3}
    assert result.records == {"tests/fuzz": 2, "tests/portal": 1}


@pytest.mark.parametrize(
    ("text", "read_as"),
    [("a s3cret", "a ***"), ('authorization: "s3cret-too"', 'authorization: "***"')],
    ids=["secret", "header before a quotation mark"],
)
def test_line_is_json_without_secrets_whatever_its_text(
    journal: Journal, tmp_path: Path, text: str, read_as: str
) -> None:
    journal.write(ProgressMade(text))
    assert read(tmp_path)[0] == [ProgressMade(read_as)]


def test_text_that_no_encoding_has_is_replaced(journal: Journal, tmp_path: Path) -> None:
    """The fuzzer sends lone surrogates, and a finding may quote one."""
    journal.write(ProgressMade("\ud800 alone"))
    assert read(tmp_path)[0] == [ProgressMade("? alone")]


def test_findings_are_seen_while_the_worker_goes_on(journal: Journal, tmp_path: Path) -> None:
    """Each once, and not a line that is still being written."""
    follower = Follower(tmp_path)
    journal.write_findings([EVENTS[5].finding], EVENTS[5].evidence)  # type: ignore[union-attr, arg-type]
    assert list(follower.events()) == [("gw0", EVENTS[5])]
    with (tmp_path / "gw0.ndjson").open("a", encoding="utf-8") as file:
        file.write('{"text": "whole", ')
        file.flush()
        assert list(follower.events()) == []
        file.write('"kind": "progress"}\n')
    assert list(follower.events()) == [("gw0", ProgressMade("whole"))]


def test_progress_of_each_worker_is_heard_once(journal: Journal, tmp_path: Path) -> None:
    """With the worker's name, at once, and the last line also where the listener is stopped right after it."""
    heard: queue.Queue[tuple[str, Event]] = queue.Queue()
    listener = Listener(tmp_path, lambda worker, event: heard.put((worker, event)), every=0.05)
    progress = Progress(journal, every=0.0)
    progress(lambda: "3 cases")
    assert heard.get(timeout=SOON) == ("gw0", ProgressMade("3 cases"))
    progress(lambda: "9 cases")
    listener.stop()
    assert heard.get(timeout=SOON) == ("gw0", ProgressMade("9 cases"))
    assert heard.empty()


def test_text_of_progress_is_made_only_when_a_line_is_due(journal: Journal) -> None:
    """Fuzzing makes hundreds of cases a second, and a line costs more than none."""
    Progress(journal, every=3600.0)(lambda: pytest.fail("a line was made"))
