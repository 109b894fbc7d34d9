"""Outside a terminal a run prints a line every ten seconds, folded where the host of the log can fold."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from gate.cli.display import EVERY, LONG, display
from gate.verdict.events import Outcome, TestBegan, TestsCollected
from gate.verdict.progress import Progress

TESTS = ["tests/races/test_a.py::test_it_ends", "tests/races/test_a.py::test_it_begins"]


def lines_of(seconds: int, *failures: str) -> list[str]:
    """The lines of a run of so many seconds, looked at each second."""
    now, text = 100.0, io.StringIO()
    progress = Progress(clock=lambda: now)
    progress.hear(("gw0", event) for event in (TestsCollected(TESTS), TestBegan(TESTS[0]), TestBegan(TESTS[1])))
    progress.hear([("gw0", Outcome(TESTS[0], "passed"))])
    with display(Console(file=text, width=200), verbose=False) as screen:
        for failure in failures:
            screen.fail(failure)
        for _ in range(seconds):
            now += 1.0
            screen.update(progress)
    return text.getvalue().splitlines()


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


def test_line_comes_every_ten_seconds() -> None:
    lines = lines_of(35)
    assert [line.partition(" ")[0] for line in lines] == ["0:10", "0:20", "0:30"]
    assert lines[0].startswith("0:10 judging, 1 of 2 tests, 0 failed")
    assert lines[0].endswith("; races: it begins")


def test_long_run_prints_fewer_lines() -> None:
    assert len(lines_of(900)) <= LONG / EVERY + 600 / 30


def test_failure_is_in_the_next_line_alone() -> None:
    first, second = lines_of(20, "GET /x: expected 200, got 500")
    assert first.endswith("last failure: GET /x: expected 200, got 500")
    assert "last failure" not in second


def test_lines_are_folded_on_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    first, *between, last = lines_of(10)
    assert (first, len(between), last) == ("::group::Progress of the run", 1, "::endgroup::")
