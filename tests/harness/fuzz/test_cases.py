"""Cases follow from seed and operation, in the numbers that the plan promises, and shrink to what a finding needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from beacon.checkout import ROOT
from beacon.contract import published
from beacon.pack import pack
from gate.fuzz.cases import TRIED, Cases, intervals_from_codec, request_of
from gate.fuzz.checks import selected
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.shrink import shrink

CONTRACT = published()
PLAN = pack().fuzzing.plan
SCRIPT = """
import json, sys
from beacon.contract import published
from gate.fuzz.cases import Cases, request_of
cases = Cases(published().document, int(sys.argv[1]))
print(json.dumps({id: [request_of(case, id).digest for case in cases.take(id, 30)] for id in sys.argv[2:]}))
"""
OPERATIONS = ["submitJob", "listJobs", "getRegionResult", "cancelJob"]


def digests(seed: int, operations: list[str]) -> dict[str, list[str]]:
    """Digests of the cases, generated in a process of its own."""
    words = [sys.executable, "-c", SCRIPT, str(seed), *operations]
    generated: dict[str, list[str]] = json.loads(subprocess.check_output(words, cwd=ROOT, text=True))
    return generated


@pytest.mark.full
def test_cases_depend_on_seed_and_operation_alone() -> None:
    """Not on the process, the order of the operations, or the other operations."""
    whole = digests(7, OPERATIONS)
    assert digests(7, OPERATIONS[::-1]) == whole
    parts = digests(7, OPERATIONS[1:2]) | digests(7, OPERATIONS[3:])
    assert parts == {name: whole[name] for name in ("listJobs", "cancelJob")}
    assert digests(8, OPERATIONS[:1])["submitJob"] != whole["submitJob"]


def test_depth_smoke_has_at_least_300_cases_and_depth_ci_2500() -> None:
    totals = {depth: sum(PLAN.cases(depth, operation.id) for operation in CONTRACT.operations) for depth in PLAN.depths}
    assert totals["smoke"] >= 300
    assert totals["ci"] >= 2500
    assert {*PLAN.submissions, *PLAN.nothing_to_negate} <= {operation.id for operation in CONTRACT.operations}


def test_characters_of_utf_8_are_those_that_hypothesis_finds() -> None:
    known, tried = intervals_from_codec("utf-8"), TRIED("utf-8")
    assert [each.intervals for each in known] == [each.intervals for each in tried]


def test_checks_that_are_left_out_exist_and_have_reasons() -> None:
    assert all(len(reason) > 20 for reason in PLAN.left_out.values())
    names = {check.__name__ for check in selected(frozenset(PLAN.left_out))}
    assert {"negative_data_rejection", "positive_data_acceptance", "unsupported_method"} <= names
    with pytest.raises(KeyError):
        selected(frozenset({"no_such_check"}))


def test_shrinking_drops_everything_that_the_finding_does_not_need() -> None:
    body = {"a": {"b": [1, 2, 33]}, "c": "text"}
    request = GeneratedRequest("submitJob", "POST", "/x?a=1&b=2", {"X": "1"}, body, has_body=True)
    small = shrink(request, lambda some: "b=2" in some.target and 33 in some.body.get("a", {}).get("b", []))
    assert (small.target, dict(small.headers), small.body) == ("/x?b=2", {}, {"a": {"b": [33]}})


def test_generated_request_has_no_header_of_the_generator() -> None:
    case = next(iter(Cases(CONTRACT.document, 1).take("listJobs", 1)))
    assert not {name for name in request_of(case, "listJobs").headers if "schemathesis" in name.lower()}
