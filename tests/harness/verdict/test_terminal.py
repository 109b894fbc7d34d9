"""The last screen fits a terminal, begins with the findings and ends with the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from gate.verdict.events import Event, Outcome
from gate.verdict.terminal import MOST_GROUPS, screen
from gate.verdict.verdict import Verdict
from tests.harness.support.verdicts import passing, reported

DIRECTORY = Path("reports")


def lines(verdict: Verdict) -> list[str]:
    return [line.plain for line in screen(verdict, DIRECTORY)]


def test_green_run_ends_in_six_lines() -> None:
    printed = lines(passing())
    assert len(printed) <= 6
    assert printed[-1].startswith("PASS: this build may ship.")


def test_finding_is_four_lines_with_place_consequences_and_command() -> None:
    """Those of a test that saw the same, and of another oracle on the same exchange."""
    events = [reported(), reported(test="t::b"), reported(code="BG-HTTP-004")]
    head, place, more, command, *others = lines(passing(*events))
    assert head.startswith("BG-HTTP-001 ")
    assert place == "  GET /x → 500; expected 200"
    assert more == "  + 1 test, + BG-HTTP-004"
    assert command.startswith("  ./scripts/gate -k t::a ")
    assert others[-1].startswith("BROKEN: this build must not ship. 1 finding with 1 consequence.")


@pytest.mark.parametrize("number", [1, MOST_GROUPS, 40])
def test_last_thirty_lines_hold_the_first_finding(number: int) -> None:
    failed = [Outcome(f"t::{index}", "failed", [f"criterion.{index}"]) for index in range(number)]
    events: list[Event] = [*(reported(f"GET /{index:02}", test=f"t::{index}") for index in range(number)), *failed]
    printed = lines(passing(*events, unattributed=["a", "b", "c", "d"], missing=["e"] * 20, not_tried={"f": 1}))
    assert len(printed) <= 30
    assert [printed[0].partition(" ")[0], printed[1].strip()] == ["BG-HTTP-001", "GET /00 → 500; expected 200"]
    assert (f"+ {number - MOST_GROUPS} more findings" in "\n".join(printed)) == (number > MOST_GROUPS)


def test_place_that_says_what_was_answered_is_not_repeated() -> None:
    printed = lines(passing(reported("GET /x answered 404 gone for a job")))
    assert printed[1] == "  GET /x answered 404 gone for a job; expected 200"


def test_long_values_are_clipped_and_on_one_line() -> None:
    (_, place, *_) = lines(passing(reported(got="a\nb" * 500)))
    assert len(place) < 250
    assert "\n" not in place


def test_only_criteria_that_are_not_met_are_listed() -> None:
    printed = "\n".join(lines(passing(Outcome("t::b", "failed", ["criterion.submit"]))))
    assert "criteria not met criterion.submit" in printed
    assert "criterion.execute" not in printed
    assert "not met" not in "\n".join(lines(passing()))


def test_one_of_a_kind_is_no_plural() -> None:
    judged = passing(not_tried={"f": 1}, unavailable={"o": "no rows"})
    printed = "\n".join(lines(judged))
    assert "not tried 1 test of f" in printed
    assert "not checked 1 oracle: no rows" in printed
    assert judged.reason.startswith("1 oracle and ")


def test_counts_of_a_service_without_criteria_have_none() -> None:
    """Nor error codes: a declared service publishes neither."""
    judged = passing()
    coverage = judged.coverage.model_copy(update={"error_codes": {}})
    counts = lines(judged.model_copy(update={"criteria": [], "coverage": coverage}))[-3]
    assert counts.startswith("tests: 1 passed in 0 s; seen: 1 of ")
    assert "criteria" not in counts
    assert "error codes" not in counts
