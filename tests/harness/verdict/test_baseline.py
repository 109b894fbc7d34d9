"""A comparison with an earlier run says what changed, and a finding that no test looked for again is not fixed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from beacon.pack import pack
from gate.core.errors import UsageError
from gate.core.redaction import Redactor
from gate.verdict import reports, terminal
from gate.verdict.baseline import compare, load, repetition, without_repetition
from gate.verdict.events import FindingReported, Outcome
from gate.verdict.profile import Deviation, Profile
from gate.verdict.verdict import Verdict
from tests.harness.support import verdicts

A, B, C = (f"tests/{name}.py::{name}" for name in "abc")


def reported(where: str, *, test: str = A, **parts: str) -> FindingReported:
    return verdicts.reported(where, test=test, **parts)


def verdict(*findings: FindingReported, outcomes: tuple[Outcome, ...] = (), **run: Any) -> Verdict:
    """The verdict on a run whose tests failed by these findings, unless ``outcomes`` says otherwise."""
    failed = tuple(Outcome(finding.evidence.test, "failed") for finding in findings)
    return verdicts.passing(*findings, *(outcomes or failed), **run)


def test_each_finding_is_new_fixed_still_failing_or_not_tested_again(tmp_path: Path) -> None:
    """By code and place; what no test looked for again is not fixed."""
    before = verdict(reported("GET /a"), reported("GET /b", test=B), reported("GET /c", test=C))
    reports.write(before, tmp_path, Redactor())
    outcomes = (Outcome(A, "failed"), Outcome(B, "passed"), Outcome(C, "skipped", (), "no rows"))
    baseline = load(tmp_path / "verdict.json")
    now = verdict(reported("GET /a"), reported("GET /d"), outcomes=outcomes, baseline=baseline)
    assert now.compared
    assert now.compared.model_dump(exclude={"baseline"}) == {
        "new": ["BG-HTTP-001 GET /d"],
        "still_failing": ["BG-HTTP-001 GET /a"],
        "fixed": ["BG-HTTP-001 GET /b"],
        "not_tested_again": ["BG-HTTP-001 GET /c"],
    }
    reports.write(now, tmp_path, Redactor())
    console = Console(record=True, width=200, file=(tmp_path / "out").open("w"))
    terminal.show(now, tmp_path, console)
    console.file.close()
    for text in (console.export_text(), (tmp_path / "verdict.md").read_text(), (tmp_path / "verdict.html").read_text()):
        assert "not tested again" in text
        assert "GET /c" in text


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"verdict": "unjudged", "findings": []}', '{"findings": [{}]}'])
def test_file_that_is_no_verdict_is_a_usage_error(tmp_path: Path, content: str) -> None:
    """Nothing is compared with a run that judged nothing."""
    (tmp_path / "verdict.json").write_text(content)
    with pytest.raises(UsageError, match="--baseline"):
        load(tmp_path / "verdict.json")


@pytest.mark.parametrize(("version", "reads"), [("", True), ('"version": 1, ', True), ('"version": 7, ', False)])
def test_baseline_of_another_version_is_read_or_refused_by_name(tmp_path: Path, version: str, reads: bool) -> None:
    """A verdict of before there were versions has its findings in the same form."""
    path = tmp_path / "verdict.json"
    path.write_text(f'{{{version}"verdict": "broken", "findings": [{{"code": "X", "where": "y", "tests": ["z"]}}]}}')
    if reads:
        assert load(path).findings == {("X", "y"): ("z",)}
        return
    with pytest.raises(UsageError, match=f"--baseline {path} is of version 7; this gate reads 1"):
        load(path)


def test_finding_of_the_run_as_a_whole_is_fixed_when_anything_ran(tmp_path: Path) -> None:
    """It has no test of its own."""
    reports.write(verdict(reported("jobs.status", test="the end of the run")), tmp_path, Redactor())
    baseline = load(tmp_path / "verdict.json")
    assert compare(baseline, [], [A]).fixed == ["BG-HTTP-001 jobs.status"]
    assert compare(baseline, [], []).not_tested_again == ["BG-HTTP-001 jobs.status"]


IDS = {
    "t.py::a[repeat2]": ("t.py::a", 2),
    "t.py::a[x-repeat12]": ("t.py::a[x]", 12),
    "t.py::a[repeat1-x]": ("t.py::a[x]", 1),
    "t.py::a[x-repeat3-y]": ("t.py::a[x-y]", 3),
    "t.py::a[x]": ("t.py::a[x]", 0),
}


@pytest.mark.parametrize(("test", "parts"), IDS.items(), ids=IDS)
def test_repetition_is_read_from_the_id_of_a_test(test: str, parts: tuple[str, int]) -> None:
    """Wherever pytest puts it among the parameters."""
    assert (without_repetition(test), repetition(test)) == parts


def test_finding_of_some_repetitions_is_flaky() -> None:
    """One of all repetitions is not, and both are one finding each."""
    always = [reported("GET /a", test=f"tests/a.py::a[repeat{number}]") for number in (1, 2, 3)]
    sometimes = reported("tests/b.py::b[repeat2]", test="tests/b.py::b[repeat2]", code="BG-TEST-001")
    findings = {finding.where: finding for finding in verdict(*always, sometimes, repeat=3).findings}
    assert (findings["GET /a"].flaky, findings["GET /a"].times) == (False, 3)
    assert (findings[B].flaky, findings[B].seen_in) == (True, [2])


def accepting(**members: Any) -> Profile:
    """A profile that accepts GET /a = 500."""
    deviation = {
        "id": "otherwise",
        "title": "It is otherwise",
        "findings": ["BG-HTTP-001 GET /a = 500"],
        "covered_by": ["getJob"],
        "owner": "runner team",
        "reason": "It is known.",
        "expires": "2999-01-01",
    }
    return Profile(name="x", deviation=[Deviation.model_validate(deviation | members)])


def test_accepted_finding_fails_nothing_and_is_reported() -> None:
    """Nor does its test; another finding at the same place stands."""
    result = verdict(reported("GET /a"), profile=accepting())
    assert (result.verdict, result.findings) == ("pass", [])
    [accepted] = result.accepted
    assert (accepted.deviation, accepted.finding.where, accepted.owner) == ("otherwise", "GET /a", "runner team")
    other = verdict(reported("GET /a"), reported("GET /a", got="502"), profile=accepting())
    assert (other.verdict, [finding.got for finding in other.findings]) == ("broken", ["502"])


def test_failed_test_without_an_accepted_finding_stands() -> None:
    failed = (Outcome(A, "failed"), Outcome(B, "failed"))
    assert verdict(reported("GET /a"), outcomes=failed, profile=accepting()).verdict == "broken"


def test_stale_and_expired_deviations_fail() -> None:
    """A stale one only in a run that would have seen it."""
    stale, expired = verdict(profile=accepting()), verdict(reported("GET /a"), profile=accepting(expires="2020-01-01"))
    assert [finding.code for finding in stale.findings] == ["BG-PROFILE-001"]
    assert {finding.code for finding in expired.findings} == {"BG-PROFILE-002", "BG-HTTP-001"}
    assert verdict(profile=accepting(covered_by=["cancelJob"])).verdict == "pass"
    assert pack().profile("published").deviation == []
