"""The verdict follows from the events of a run, and a run without events never passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import jsonschema_rs
import pytest
from rich.console import Console

from gate.core.errors import Exit, GateError
from gate.core.redaction import Redactor
from gate.verdict import reports, terminal
from gate.verdict.events import MACHINE, GateFailed, Outcome, Unattributed
from gate.verdict.verdict import SCHEMA, Verdict, read, schema
from tests.harness.support.verdicts import PASSED, passing, reported, verdict

FAILED = Outcome("t::b", "failed")
LEFT_OUT = Outcome("t::c", "skipped", (), "no browser; `install` brings one", MACHINE)
SKIPPED = Outcome("t::b", "skipped", (), "no database")
ENDINGS: dict[str, tuple[Verdict, str, Exit]] = {
    "all passed": (passing(), "pass", Exit.PASS),
    "nothing ran": (verdict(), "unjudged", Exit.UNJUDGED),
    "nothing was sent": (verdict(PASSED), "unjudged", Exit.UNJUDGED),
    "a test failed": (passing(FAILED), "broken", Exit.BROKEN),
    "a finding": (passing(reported()), "broken", Exit.BROKEN),
    "an error": (passing(Outcome("t::b", "error")), "broken", Exit.BROKEN),
    "an error after a pass": (passing(Outcome("t::a", "error")), "broken", Exit.BROKEN),
    "stopped": (passing(stopped="no Postgres"), "unjudged", Exit.UNJUDGED),
    "stopped with a finding": (verdict(PASSED, reported(), stopped="gone"), "unjudged", Exit.UNJUDGED),
    "the gate failed": (passing(GateFailed("an oracle raised")), "unjudged", Exit.UNJUDGED),
    "the gate failed with a finding": (passing(reported(), GateFailed("it")), "unjudged", Exit.UNJUDGED),
    "something is missing": (passing(missing=["a test did not run"]), "unjudged", Exit.UNJUDGED),
    "missing with a finding": (passing(reported(), missing=["a test did not run"]), "broken", Exit.BROKEN),
    "skipped and missing": (passing(SKIPPED, missing=["a test did not run"]), "unjudged", Exit.UNJUDGED),
    "a change without a cause": (passing(Unattributed("jobs 1 to 2")), "pass", Exit.PASS),
    "skipped": (passing(SKIPPED), "partial", Exit.UNJUDGED),
    "left out on this machine": (passing(LEFT_OUT), "pass", Exit.PASS),
    "left out and skipped": (passing(LEFT_OUT, SKIPPED), "partial", Exit.UNJUDGED),
    "left out, and another finding": (passing(LEFT_OUT, reported()), "broken", Exit.BROKEN),
    "left out, and an unavailable check": (passing(LEFT_OUT, unavailable={"rows": "x"}), "partial", Exit.UNJUDGED),
    "an unavailable check": (passing(unavailable={"rows": "no database"}), "partial", Exit.UNJUDGED),
}


@pytest.mark.parametrize(("result", "ending", "code"), ENDINGS.values(), ids=ENDINGS)
def test_each_ending_of_a_run_has_its_verdict_and_exit_code(result: Verdict, ending: str, code: Exit) -> None:
    assert (result.verdict, result.exit_code()) == (ending, code)


@pytest.mark.parametrize("result", [ending[0] for ending in ENDINGS.values()], ids=ENDINGS)
def test_written_verdict_keeps_the_published_schema(tmp_path: Path, result: Verdict) -> None:
    """Another program can rely on the schema that the package holds."""
    reports.write(result, tmp_path, Redactor())
    document = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    assert document["version"] == 1


def test_published_schema_is_current() -> None:
    """The file follows from the model of the verdict."""
    assert SCHEMA.read_text(encoding="utf-8") == schema()


def test_pass_of_a_selection_does_not_speak_for_the_build() -> None:
    result = passing(depth="full", narrowed=True)
    assert (result.verdict, result.narrowed) == ("pass", True)
    assert "not judged" in reports.headline(result)


def test_full_run_fails_without_full_coverage() -> None:
    """At depth full each operation, status, code, invariant and state that was not reached is a finding."""
    result = passing(depth="full")
    uncovered = {finding.where for finding in result.findings if finding.code == "BG-SEEN-001"}
    assert result.verdict == "broken"
    assert {"operation cancelJob", "status getJob 404", "error code duplicate_job", "state jobs partial"} <= uncovered
    assert "operation getJob" not in uncovered


def test_pass_says_in_its_first_line_what_this_machine_left_out() -> None:
    assert passing(LEFT_OUT).reason.endswith("1 test did not run: no browser; `install` brings one.")


def test_partial_passes_only_with_allow_partial() -> None:
    result = passing(SKIPPED)
    assert result.exit_code(allow_partial=True) == Exit.PASS
    assert result.not_checked == {"no database": ["t::b"]}


def test_findings_with_one_cause_are_one() -> None:
    """The same fault in two tests is one finding that names both."""
    result = passing(reported(), reported(test="t::b"), reported("GET /y"))
    assert [(finding.where, finding.times, finding.tests) for finding in result.findings] == [
        ("GET /x", 2, ["t::a", "t::b"]),
        ("GET /y", 1, ["t::a"]),
    ]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("passed", "met"), ("failed", "not met"), ("error", "not met"), ("skipped", "not run"), (None, "not run")],
)
def test_criterion_has_the_state_that_its_tests_give_it(
    outcome: Literal["passed", "failed", "error", "skipped"] | None, state: str
) -> None:
    """A criterion of which no test ran is not met, and not broken either."""
    events = [Outcome("t::b", outcome, ["criterion.submit"])] if outcome else []
    states = {criterion.id: criterion.state for criterion in passing(*events).criteria}
    assert (states["criterion.submit"], states["criterion.execute"]) == (state, "met")


def test_failed_test_outweighs_a_passed_one_of_its_criterion() -> None:
    result = passing(Outcome("t::b", "failed", ["criterion.execute"]))
    assert next(criterion.state for criterion in result.criteria if criterion.id == "criterion.execute") == "not met"


def test_uncovered_parts_of_the_contract_are_listed() -> None:
    """Operations and statuses of the contract that a run did not reach stand at 0."""
    coverage = passing().coverage
    assert coverage.operations["getJob"] == 1
    assert coverage.operations["cancelJob"] == 0
    assert coverage.statuses["getJob 404"] == 0


@pytest.mark.parametrize("result", [passing(), passing(reported())], ids=["pass", "broken"])
def test_reports_are_views_of_one_document(tmp_path: Path, result: Verdict) -> None:
    """JSON, Markdown, HTML and the terminal all give the same verdict."""
    for path in reports.write(result, tmp_path, Redactor()):
        assert result.reason in path.read_text(encoding="utf-8")
    assert read(tmp_path) == result
    console = Console(record=True, width=200, file=(tmp_path / "out").open("w"))
    terminal.show(result, tmp_path, console)
    assert result.reason in console.export_text()
    console.file.close()


def test_reports_list_what_was_missed_or_failed_or_has_no_cause(tmp_path: Path) -> None:
    """Also in a run that passes."""
    events = (reported(), Unattributed("jobs 1 to 2"), GateFailed("an oracle raised", "Traceback of it"))
    result = passing(*events, missing=["a test did not run"], unattributed=["audit 3 to 4"])
    for path in reports.write(result, tmp_path, Redactor()):
        content = path.read_text(encoding="utf-8")
        texts = ("jobs 1 to 2", "audit 3 to 4", "a test did not run", "an oracle raised", "Traceback of it")
        assert [text for text in texts if text not in content] == []


def test_changes_of_rows_are_listed_by_place() -> None:
    events = [Unattributed(f"POST /a 400 -> {table}") for table in ("jobs", "executions", "jobs")]
    result = passing(*events, Unattributed("a has not ended"), Unattributed("GET -> jobs"))
    assert result.unattributed == ["GET -> jobs", "POST /a 400 -> executions, jobs", "a has not ended"]


def test_no_report_has_a_secret(tmp_path: Path) -> None:
    """The verdict stays a document that can be read, whatever the secret stands beside."""
    stopped = 'The target answered {"authorization": "Bearer s3cret"}; password s3cret.'
    for path in reports.write(passing(stopped=stopped), tmp_path, Redactor(["s3cret"])):
        assert "s3cret" not in path.read_text(encoding="utf-8")
    assert read(tmp_path).reason.startswith("The target answered")


@pytest.mark.parametrize("content", [None, "{}", '{"version": 0}'], ids=["none", "other", "old"])
def test_directory_without_a_verdict_of_this_version_is_refused(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "verdict.json").write_text(content)
    with pytest.raises(GateError, match="no verdict"):
        read(tmp_path)
