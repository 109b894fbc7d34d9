"""Findings with one cause are one group, in which the nearest to the cause comes first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from gate.core.evidence import Evidence
from gate.core.findings import LAYERS, Finding, catalogue
from gate.verdict.annotations import workflow_commands
from gate.verdict.events import FindingReported
from gate.verdict.groups import grouped
from tests.harness.support.verdicts import passing, reported

ROWS, ANSWER, ANALYSIS = "BG-INV-002", "BG-LIST-002", "BG-ANALYSIS-001"
ASSERTION, WAIT, FAILED_REQUEST = "BG-TEST-001", "BG-TEST-002", "BG-HTTP-001"


def report(code: str, test: str = "t::a", where: str = "place", **ids: Any) -> FindingReported:
    """A finding of a test."""
    return FindingReported(Finding(code, where, "expected", "got", **ids), Evidence(test))


def codes(*reports: FindingReported) -> list[list[str]]:
    """The codes of each group, which are the same in whatever order the findings come."""
    groups = [[[finding.code for finding in group.findings] for group in grouped(each)] for each in _orders(reports)]
    assert all(each == groups[0] for each in groups), groups
    return groups[0]


def _orders(reports: tuple[FindingReported, ...]) -> Iterator[tuple[FindingReported, ...]]:
    yield from permutations(reports)


def test_findings_on_one_job_are_one_group_with_the_rows_first() -> None:
    assert codes(report(ANALYSIS, resource="j"), report(ROWS, resource="j"), report(ANSWER, resource="j")) == [
        [ROWS, ANSWER, ANALYSIS]
    ]


def test_place_that_most_tests_saw_comes_first() -> None:
    """The plain case, of which the others of its code are special ones."""
    plain = [report(ANSWER, f"t::{name}", "completed", resource="j") for name in "ab"]
    special = report(ANSWER, "t::c", "cancelled", resource="j")
    for order in permutations([*plain, special, report(ROWS, "t::c", "row", resource="j")]):
        (group,) = grouped(order)
        assert [finding.where for finding in group.findings] == ["row", "completed", "cancelled"]


def test_findings_on_one_exchange_are_one_group() -> None:
    assert codes(report(ANSWER, request="r"), report(FAILED_REQUEST, "t::b", request="r")) == [[FAILED_REQUEST, ANSWER]]


def test_findings_on_different_jobs_are_different_groups() -> None:
    assert codes(report(ANSWER, resource="j"), report(ROWS, resource="k")) == [[ROWS], [ANSWER]]


def test_groups_are_linked_by_what_a_finding_of_several_tests_shares() -> None:
    """The finding on the rows is the same in both tests, and the others each share a job with it."""
    first = report(ROWS, resource="j"), report(ANSWER, resource="j")
    second = report(ROWS, "t::b", resource="k"), report(ANALYSIS, "t::b", shares=("k",))
    assert codes(*first, *second) == [[ROWS, ANSWER, ANALYSIS]]


def test_wait_that_timed_out_follows_the_request_that_failed() -> None:
    """They share the job that the test made and the request named."""
    assert codes(report(WAIT, shares=("j",)), report(FAILED_REQUEST, "t::b", request="r", shares=("j",))) == [
        [FAILED_REQUEST, WAIT]
    ]


def test_assertion_follows_the_oracle_on_an_operation_that_the_test_called() -> None:
    failed = report(ASSERTION, where="t::a", operations=("GET /x", "GET /y"))
    assert codes(failed, report(ANSWER, "t::b", "GET /x 200 /jobs", resource="j")) == [[ANSWER, ASSERTION]]
    assert codes(failed, report(ANSWER, "t::b", "GET /xy 200", resource="j")) == [[ANSWER], [ASSERTION]]


def test_tests_that_failed_by_the_same_operation_are_one_group() -> None:
    same = [report(ASSERTION, f"t::{name}", f"t::{name}", operations=(f"GET /{name}", "GET /x")) for name in "ab"]
    other = report(ASSERTION, "t::c", "t::c", operations=("GET /x", "GET /c"))
    assert [len(group) for group in codes(*same, other)] == [2, 1]


def test_finding_about_no_job_belongs_to_its_test() -> None:
    """The schema is the database's as a whole, and explains what was seen beside it."""
    assert codes(report("BG-SCHEMA-006"), report(ROWS, resource="j")) == [["BG-SCHEMA-006", ROWS]]
    assert codes(report("BG-SCHEMA-006"), report(ROWS, "t::b", resource="j")) == [["BG-SCHEMA-006"], [ROWS]]


def test_blemish_does_not_come_before_a_wrong_answer() -> None:
    assert codes(report("BG-HTTP-003", request="q"), report(ANSWER, request="r")) == [[ANSWER], ["BG-HTTP-003"]]


def test_repetitions_of_a_test_are_one_finding() -> None:
    ids = [f"t::a[repeat{number}]" for number in (1, 2)]
    assert codes(*(report(ASSERTION, id_, id_) for id_ in ids)) == [[ASSERTION]]


@pytest.mark.parametrize("code", catalogue())
def test_no_oracle_comes_after_a_test(code: str) -> None:
    """The assertion of a test is a consequence, whatever an oracle finds."""
    if not code.startswith("BG-TEST-") and catalogue()[code].layer != "run":
        assert codes(report(ASSERTION, shares=("j",)), report(code, resource="j"))[0][0] == code
    assert catalogue()[code].layer in LAYERS


def test_reports_name_the_first_finding_and_what_follows() -> None:
    result = passing(report(ROWS, resource="j"), report(ROWS, "t::b", resource="k"), report(ANSWER, resource="j"))
    assert result.reason == "1 finding with 1 consequence."
    assert [finding.group for finding in result.findings] == [1, 1]
    [group] = result.groups
    assert (group.first.code, group.more) == (ROWS, "+ 1 test, + BG-LIST-002 place")
    [annotation] = workflow_commands(result)
    assert annotation.startswith("::error title=BG-INV-002 ")
    assert annotation.endswith("%0A+ 1 test, + BG-LIST-002 place")


def test_finding_shows_the_report_with_the_fewest_requests() -> None:
    """Of those the one with the shortest name, since the command that runs it again has it."""
    long = reported(test="t::long_name_of_a_test")
    more = replace(long, evidence=Evidence("t::a", exchanges=[*long.evidence.exchanges] * 2))
    for order in permutations([more, long, reported(test="t::plain")]):
        (finding,) = passing(*order).findings
        assert finding.evidence.test == "t::plain"
