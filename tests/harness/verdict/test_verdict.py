"""The verdict follows from what was seen, and nothing seen is never a pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from beacon.contract import published
from gate.core.errors import Exit
from gate.core.evidence import Evidence
from gate.core.findings import Finding
from gate.core.redaction import Redactor
from gate.core.settings import Settings
from gate.verdict import reports
from gate.verdict.verdict import Outcome, Run, Verdict, build

EXCHANGE = {"kind": "exchange", "operation": "getJob", "status": 200, "error_code": ""}
PASSED = Outcome("t::a", "passed", ["criterion.execute"])
EVIDENCE = Evidence("t::a", "it broke", [{"curl": "curl http://h", "status": "500", "body": "boom"}])


def finding(where: str = "GET /x", test: str = "t::a") -> dict[str, Any]:
    found = Finding("BG-HTTP-001", where, "200", "500")
    return {"kind": "finding", **found.as_dict(), "evidence": {**EVIDENCE.as_dict(), "test": test}}


def verdict(*outcomes: Outcome, facts: tuple[dict[str, Any], ...] = (EXCHANGE,), stopped: str = "") -> Verdict:
    run = Run(Settings(), 1.0, list(outcomes), stopped=stopped)
    return build(run, facts, published())


ENDINGS: dict[str, tuple[Verdict, str, Exit]] = {
    "all passed": (verdict(PASSED), "pass", Exit.PASS),
    "nothing ran": (verdict(facts=()), "unjudged", Exit.UNJUDGED),
    "nothing was sent": (verdict(PASSED, facts=()), "unjudged", Exit.UNJUDGED),
    "a test failed": (verdict(PASSED, Outcome("t::b", "failed")), "broken", Exit.BROKEN),
    "a finding": (verdict(PASSED, facts=(EXCHANGE, finding())), "broken", Exit.BROKEN),
    "an error": (verdict(PASSED, Outcome("t::b", "error")), "broken", Exit.BROKEN),
    "stopped": (verdict(PASSED, stopped="no Postgres"), "unjudged", Exit.UNJUDGED),
    "stopped with a finding": (verdict(PASSED, facts=(finding(),), stopped="gone"), "unjudged", Exit.UNJUDGED),
    "skipped": (verdict(PASSED, Outcome("t::b", "skipped", (), "no database")), "partial", Exit.UNJUDGED),
}


@pytest.mark.parametrize(("made", "ending", "code"), ENDINGS.values(), ids=ENDINGS)
def test_ending_and_exit_code(made: Verdict, ending: str, code: Exit) -> None:
    """Each way in which a run can end has its verdict and its exit code."""
    assert (made.verdict, made.exit_code()) == (ending, code)


def test_pass_of_a_selection_does_not_speak_for_the_build() -> None:
    """Where somebody chose the tests, the verdict says that it is about those alone."""
    made = build(Run(Settings(depth="full"), 1.0, [PASSED], narrowed=True), (EXCHANGE,), published())
    assert (made.verdict, made.narrowed) == ("pass", True)
    assert "not judged" in reports.view(made)["headline"]


def test_full_run_fails_on_what_it_never_saw() -> None:
    """At depth full each operation, status, code, rule and state that was not seen is a finding."""
    made = build(Run(Settings(depth="full"), 1.0, [PASSED]), (EXCHANGE,), published())
    unseen = [one.where for one in made.findings if one.code == "BG-SEEN-001"]
    assert made.verdict == "broken"
    assert {"operation cancelJob", "status getJob 404", "error code duplicate_job", "state jobs partial"} <= set(unseen)
    assert "operation getJob" not in unseen


def test_partial_passes_only_where_that_is_allowed() -> None:
    """What could not be checked is a pass only for somebody who said so."""
    made = verdict(PASSED, Outcome("t::b", "skipped", (), "no database"))
    assert made.exit_code(allow_partial=True) == Exit.PASS
    assert made.not_checked == {"no database": ["t::b"]}


def test_findings_with_one_cause_are_one() -> None:
    """The same fault seen by three tests is one finding that names them."""
    made = verdict(PASSED, facts=(finding(), finding(test="t::b"), finding(where="GET /y")))
    assert [(one.where, one.times, one.tests) for one in made.findings] == [
        ("GET /x", 2, ["t::a", "t::b"]),
        ("GET /y", 1, ["t::a"]),
    ]


def test_criterion_is_met_by_a_passing_test_and_by_no_failing_one() -> None:
    """A criterion without a test, or with a failed one, is not met."""
    met = {one.id: one.met for one in verdict(PASSED).criteria}
    assert met["criterion.execute"]
    assert not met["criterion.submit"]
    failed = verdict(PASSED, Outcome("t::b", "failed", ["criterion.execute"]))
    assert not next(one for one in failed.criteria if one.id == "criterion.execute").met


def test_what_was_never_seen_is_listed() -> None:
    """Operations and statuses of the contract that a run did not see stand at 0."""
    seen = verdict(PASSED).exercised
    assert seen.operations["getJob"] == 1
    assert seen.operations["cancelJob"] == 0
    assert seen.statuses["getJob 404"] == 0


@pytest.mark.parametrize(
    "made", [verdict(PASSED), verdict(PASSED, facts=(EXCHANGE, finding()))], ids=["pass", "broken"]
)
def test_reports_are_views_of_one_document(tmp_path: Path, made: Verdict) -> None:
    """JSON, Markdown, HTML and the terminal all tell the same verdict."""
    for path in reports.write(made, tmp_path, Redactor()):
        assert made.reason in path.read_text(encoding="utf-8")
    assert Verdict.model_validate_json((tmp_path / "verdict.json").read_text(encoding="utf-8")) == made
    console = Console(record=True, width=200, file=(tmp_path / "out").open("w"))
    reports.show(made, tmp_path, console)
    assert made.reason in console.export_text()
    console.file.close()
