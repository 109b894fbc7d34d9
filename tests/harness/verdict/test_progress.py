"""The progress of a run follows from its events, in whatever order the journals are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gate.core.findings import Finding
from gate.verdict import durations, last_failed
from gate.verdict.events import Event, Outcome, ProgressMade, TestBegan, TestsCollected
from gate.verdict.progress import Progress, title
from tests.harness.support.verdicts import reported

TESTS = [f"t::{number}" for number in range(4)]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def heard(progress: Progress, *events: Event) -> list[str]:
    return progress.hear(("gw0", event) for event in events)


def test_phases_follow_from_the_tests() -> None:
    progress = Progress()
    phases = [progress.phase]
    for event in (TestsCollected(["t::a"]), TestBegan("t::a"), Outcome("t::a", "passed")):
        heard(progress, event)
        phases.append(progress.phase)
    assert phases == ["starting", "starting", "judging", "finishing"]


def test_run_that_is_stopped_tries_nothing_and_has_no_rest() -> None:
    progress = Progress()
    heard(progress, TestsCollected(["t::a", "t::b"]), TestBegan("t::a"), Outcome("t::a", "passed"))
    progress.stopping = True
    assert (progress.phase, progress.now, progress.remaining) == ("stopping", "", None)


def test_failed_test_is_one_line_with_its_finding() -> None:
    """The controlling process's journal, with the outcome, is read before that of the worker."""
    progress = Progress()
    assert heard(progress, Outcome("t::a", "failed"), reported()) == ["GET /x: expected 200, got 500"]
    assert heard(progress, Outcome("t::a", "error")) == []
    assert heard(progress, Outcome("tests/races/test_a.py::test_it_ends[twice]", "failed")) == [
        "races: it ends [twice]"
    ]
    assert len(progress.failed) == 2


def test_accepted_finding_fails_no_test() -> None:
    def accepted(_: object) -> Finding | None:
        return None

    progress = Progress(cause=accepted)
    assert heard(progress, reported(), Outcome("t::a", "failed")) == []
    assert progress.failed == {}


def test_long_test_says_itself_how_far_it_is() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    heard(progress, TestBegan("tests/fuzz/test_a.py::test_long"), ProgressMade("3 cases"))
    assert progress.now == "3 cases"
    clock.now += 60
    assert progress.now == "fuzz: long"


@pytest.mark.parametrize(
    ("seconds", "ended", "remaining"),
    [
        ({}, 0, None),
        ({}, 1, 30.0),
        (dict.fromkeys(TESTS, 5.0), 0, 10.0),
        (dict.fromkeys(TESTS, 5.0), 1, 30.0),  # it took four times as long as it usually does
        ({"t::0": 1.0, "t::1": 1.0, "t::2": 1.0, "t::3": 7.0}, 3, pytest.approx(23.33, abs=0.01)),
    ],
)
def test_rest_is_estimated_from_earlier_runs_or_the_pace(
    seconds: dict[str, float], ended: int, remaining: float | None
) -> None:
    clock = Clock()
    progress = Progress(workers=2, seconds=seconds, clock=clock)
    heard(progress, TestsCollected(TESTS), TestBegan(TESTS[0]))
    clock.now += 10
    heard(progress, *(Outcome(test, "passed") for test in TESTS[:ended]))
    assert progress.remaining == remaining


def test_rest_of_a_first_run_is_estimated_from_the_committed_times() -> None:
    """Long tests begin first, so the number of those that ended says little."""
    clock = Clock()
    progress = Progress(workers=2, usual=lambda test: 19.0 if test == TESTS[0] else 1.0, clock=clock)
    heard(progress, TestsCollected(TESTS), TestBegan(TESTS[0]))
    clock.now += 10
    heard(progress, Outcome(TESTS[0], "passed"))
    assert progress.remaining == pytest.approx(1.58, abs=0.01)


def test_durations_are_kept_for_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    durations.write(tmp_path, {"t::a": 1.5, "t::b": 2.0})
    durations.write(tmp_path, {"t::a": 3.0})
    assert durations.read(tmp_path) == {"t::a": 3.0, "t::b": 2.0}
    for text in ("[1]", '{"t::a": Infinity}', "[" * 100_000):
        durations.path_of(tmp_path).write_text(text)
        assert durations.read(tmp_path) == {}
        last_failed.path_of(tmp_path).parent.mkdir(exist_ok=True)
        last_failed.path_of(tmp_path).write_text(text)
        last_failed.read(tmp_path)


def test_title_of_a_test_is_its_folder_and_its_words() -> None:
    assert title("tests/races/test_a.py::test_it_ends") == "races: it ends"
    assert title("test_a.py::test_it") == "test_a.py: it"
