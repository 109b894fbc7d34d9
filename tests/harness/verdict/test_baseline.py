"""What changed since an earlier run is told, and nothing counts as fixed that was not looked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from beacon.contract import published
from gate.core.errors import UsageError
from gate.core.evidence import Evidence
from gate.core.findings import Finding
from gate.core.redaction import Redactor
from gate.core.settings import Settings
from gate.verdict import profile, reports
from gate.verdict.baseline import compare, load, once, repetition
from gate.verdict.profile import Deviation, Profile
from gate.verdict.verdict import Outcome, Run, Verdict, build

EXCHANGE = {"kind": "exchange", "operation": "getJob", "status": 200, "error_code": ""}


def fact(where: str, *, test: str = "tests/a.py::a", code: str = "BG-HTTP-001", got: str = "500") -> dict[str, Any]:
    found = Finding(code, where, "200", got)
    return {"kind": "finding", **found.as_dict(), "evidence": Evidence(test).as_dict()}


def verdict(*facts: dict[str, Any], outcomes: tuple[Outcome, ...] = (), **members: Any) -> Verdict:
    ended = outcomes or tuple(Outcome(str(one["evidence"]["test"]), "failed") for one in facts)
    run = Run(replace(Settings(), **members), 1.0, [*ended, Outcome("tests/z.py::z", "passed")])
    return build(run, [EXCHANGE, *facts], published())


def test_each_finding_is_new_fixed_still_there_or_not_looked_for(tmp_path: Path) -> None:
    """By code and place; what no test looked for again is not fixed."""
    before = verdict(fact("GET /a"), fact("GET /b", test="tests/b.py::b"), fact("GET /c", test="tests/c.py::c"))
    reports.write(before, tmp_path, Redactor())
    passed = Outcome("tests/b.py::b", "passed")
    skipped = Outcome("tests/c.py::c", "skipped", (), "no rows")
    now = verdict(
        fact("GET /a"),
        fact("GET /d"),
        outcomes=(Outcome("tests/a.py::a", "failed"), passed, skipped),
        baseline=load(tmp_path / "verdict.json"),
    )
    assert now.compared
    told = now.compared.model_dump(exclude={"baseline"})
    assert told == {
        "new": ["BG-HTTP-001 GET /d"],
        "still_failing": ["BG-HTTP-001 GET /a"],
        "fixed": ["BG-HTTP-001 GET /b"],
        "no_longer_exercised": ["BG-HTTP-001 GET /c"],
    }
    reports.write(now, tmp_path, Redactor())
    console = Console(record=True, width=200, file=(tmp_path / "out").open("w"))
    reports.show(now, tmp_path, console)
    console.file.close()
    for text in (console.export_text(), (tmp_path / "verdict.md").read_text(), (tmp_path / "verdict.html").read_text()):
        assert "no longer exercised" in text
        assert "GET /c" in text


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"verdict": "unjudged", "findings": []}', '{"findings": [{}]}'])
def test_file_that_is_no_verdict_is_usage(tmp_path: Path, content: str) -> None:
    """Nothing is compared with a run that judged nothing."""
    (tmp_path / "verdict.json").write_text(content)
    with pytest.raises(UsageError, match="--baseline"):
        load(tmp_path / "verdict.json")


def test_finding_of_the_run_as_a_whole_is_fixed_when_anything_ran(tmp_path: Path) -> None:
    """It has no test of its own."""
    reports.write(verdict(fact("jobs.status", test="the end of the run")), tmp_path, Redactor())
    baseline = load(tmp_path / "verdict.json")
    assert compare(baseline, [], ["tests/a.py::a"]).fixed == ["BG-HTTP-001 jobs.status"]
    assert compare(baseline, [], []).no_longer_exercised == ["BG-HTTP-001 jobs.status"]


IDS = {
    "t.py::a[repeat2]": ("t.py::a", 2),
    "t.py::a[x-repeat12]": ("t.py::a[x]", 12),
    "t.py::a[repeat1-x]": ("t.py::a[x]", 1),
    "t.py::a[x-repeat3-y]": ("t.py::a[x-y]", 3),
    "t.py::a[x]": ("t.py::a[x]", 0),
}


@pytest.mark.parametrize(("test", "told"), IDS.items(), ids=IDS)
def test_repetition_is_read_from_a_tests_id(test: str, told: tuple[str, int]) -> None:
    """Wherever pytest puts it among the parameters."""
    assert (once(test), repetition(test)) == told


def test_finding_that_not_every_repetition_sees_is_flaky() -> None:
    """One seen each time is not, and both are one finding each."""
    always = [fact("GET /a", test=f"tests/a.py::a[repeat{number}]") for number in (1, 2, 3)]
    sometimes = fact("tests/b.py::b[repeat2]", test="tests/b.py::b[repeat2]", code="BG-TEST-001")
    made = {one.where: one for one in verdict(*always, sometimes, repeat=3).findings}
    assert (made["GET /a"].flaky, made["GET /a"].times) == (False, 3)
    assert (made["tests/b.py::b"].flaky, made["tests/b.py::b"].seen_in) == (True, [2])


def accepting(**members: Any) -> Profile:
    told = {"owner": "runner team", "reason": "It is known.", "expires": "2999-01-01", "title": "It is otherwise"}
    made = {"id": "otherwise", "findings": ["BG-HTTP-001 GET /a = 500"], "exercised": ["getJob"], **told, **members}
    return Profile(name="x", deviation=[Deviation.model_validate(made)])


def test_accepted_finding_fails_nothing_and_is_told() -> None:
    """Nor does the test that saw it; but what else stands in the same place is found."""
    made = verdict(fact("GET /a"), profile=accepting())
    assert (made.verdict, made.findings) == ("pass", [])
    assert [(one.deviation, one.finding.where, one.owner) for one in made.accepted] == [
        ("otherwise", "GET /a", "runner team")
    ]
    other = verdict(fact("GET /a"), fact("GET /a", got="502"), profile=accepting())
    assert (other.verdict, [one.got for one in other.findings]) == ("broken", ["502"])


def test_failure_of_which_nothing_is_accepted_stands() -> None:
    """A test that failed without a finding is no accepted one."""
    failed = (Outcome("tests/a.py::a", "failed"), Outcome("tests/b.py::b", "failed"))
    assert verdict(fact("GET /a"), outcomes=failed, profile=accepting()).verdict == "broken"


def test_stale_and_expired_deviations_fail() -> None:
    """A mended fault and a day that is over are both findings, where the run would have seen it."""
    stale, expired = verdict(profile=accepting()), verdict(fact("GET /a"), profile=accepting(expires="2020-01-01"))
    assert [one.code for one in stale.findings] == ["BG-PROFILE-001"]
    assert {one.code for one in expired.findings} == {"BG-PROFILE-002", "BG-HTTP-001"}
    assert verdict(profile=accepting(exercised=["cancelJob"])).verdict == "pass"
    assert profile.load("published").deviation == []
