"""The journal keeps every event whole, whoever writes at the same time, and however a run ends."""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Iterator
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
    JournalClosed,
    OperationFuzzed,
    Outcome,
    ProgressMade,
    ResourceEnded,
    Unattributed,
)
from gate.verdict.journal import Follower, Journal, Listener, Progress, read
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
    JournalClosed({"exchange": 2}, {"published contract": 1}),
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
    assert [str(event) for event in read(tmp_path)] == [str(event).replace("()", "[]") for event in EVENTS]


def test_threads_write_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text file that two threads write to at once may lose lines, or have bytes that nobody wrote."""
    slow = Slow()
    monkeypatch.setattr(Path, "open", lambda *_, **__: slow)
    journal = Journal(tmp_path / "gw0.ndjson", Redactor())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: journal.write(ProgressMade(str(number))), range(40)))
    assert (slow.most, len(slow.getvalue().splitlines())) == (1, 40)


def test_line_that_a_crash_cut_short_is_left_out(journal: Journal, tmp_path: Path) -> None:
    """Everything before it still counts."""
    journal.write(EVENTS[0])
    journal.close()
    with (tmp_path / "gw0.ndjson").open("a", encoding="utf-8") as file:
        file.write('{"kind": "fa')
    assert list(read(tmp_path)) == [EVENTS[0]]


@pytest.mark.parametrize(
    ("text", "read_as"),
    [("a s3cret", "a ***"), ('authorization: "s3cret-too"', 'authorization: "***"')],
    ids=["secret", "header before a quotation mark"],
)
def test_line_is_json_without_secrets_whatever_its_text(
    journal: Journal, tmp_path: Path, text: str, read_as: str
) -> None:
    journal.write(ProgressMade(text))
    assert list(read(tmp_path)) == [ProgressMade(read_as)]


def test_text_that_no_encoding_has_is_replaced(journal: Journal, tmp_path: Path) -> None:
    """The fuzzer sends lone surrogates, and a finding may quote one."""
    journal.write(ProgressMade("\ud800 alone"))
    assert list(read(tmp_path)) == [ProgressMade("? alone")]


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
