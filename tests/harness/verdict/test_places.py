"""A finding has the file and line of the promise that it breaks: invariant, operation, column, or test."""

from __future__ import annotations

from pathlib import Path

import pytest

from beacon.checkout import ROOT
from beacon.pack import pack
from gate.core.evidence import Evidence
from gate.core.findings import Finding
from gate.session.sources import sources
from gate.verdict.events import FindingReported
from gate.verdict.places import Place, Sources
from tests.harness.support.verdicts import passing

TEST = "tests/a/test_b.py::test_c[x]"
SOURCES = sources(pack(), {TEST: Place(Path("tests/a/test_b.py"), 7)})
GET_JOB = "/api/v1/jobs/{job_id}"


def line_at(finding: Finding, evidence: Evidence | None = None, among: Sources = SOURCES) -> tuple[str, str]:
    """The file of the first finding of a verdict, and the text of its line."""
    reported = FindingReported(finding, evidence or Evidence(TEST))
    [placed] = among.placed(passing(reported)).findings
    path = ROOT / placed.file
    return placed.file, path.read_text().splitlines()[placed.line - 1].strip() if path.is_file() else str(placed.line)


def test_broken_invariant_is_in_its_own_file() -> None:
    file, line = line_at(Finding("BG-INV-042", "job_not_in_queue", "an entry", "none"))
    assert file == "contracts/database/invariants/042_job_not_in_queue.sql"
    assert line.startswith("-- rule: A job that has not ended")


@pytest.mark.parametrize(
    "where",
    [
        f"GET {GET_JOB}",
        f"GET {GET_JOB} 500: /status",
        "GET /api/v1/jobs/job-1?include=executions",
        f"POST /api/v1/jobs -> GET {GET_JOB}",
    ],
)
def test_operation_is_where_the_contract_has_it(where: str) -> None:
    """A place names an operation by its template or by an address; of two operations, the answer is the last one's."""
    file, line = line_at(Finding("BG-HTTP-002", where, "200", "500"))
    assert (file, line) == ("contracts/openapi/runner.yaml", "get:")
    lines = (ROOT / file).read_text().splitlines()
    [placed] = SOURCES.placed(
        passing(FindingReported(Finding("BG-HTTP-002", where, "200", "500"), Evidence()))
    ).findings
    above = next(text for text in reversed(lines[: placed.line - 1]) if text.startswith("  /"))
    assert above.strip() == f"{GET_JOB}:"


def test_operation_of_the_request_that_shows_the_finding_is_the_next_best() -> None:
    """A place in words says nothing; the exchange with the finding's request does."""
    exchange = {"id": "r1", "method": "POST", "path": "/api/v1/jobs?x=1", "curl": "", "status": "500", "body": ""}
    other = {"id": "r2", "method": "GET", "path": "/health", "curl": "", "status": "200", "body": ""}
    finding = Finding("BG-HTTP-001", "in words", "202", "500", request="r1")
    file, line = line_at(finding, Evidence(TEST, exchanges=[other, exchange]))
    assert (file, line) == ("contracts/openapi/runner.yaml", "post:")


def test_failure_of_a_test_is_at_the_test() -> None:
    """Also where an operation is named: the test says what it expected."""
    assert line_at(Finding("BG-TEST-001", f"{TEST} GET {GET_JOB}", "a", "b")) == ("tests/a/test_b.py", "7")


def test_what_has_no_place_of_its_own_is_at_the_contract() -> None:
    finding = Finding("BG-HTTP-001", "in words", "a", "b")
    assert line_at(finding, Evidence("the end of the run"))[0] == "contracts/openapi/runner.yaml"


def test_files_outside_the_checkout_are_not_named(tmp_path: Path) -> None:
    """A code host could not show them; and a path of this machine is nobody's business."""
    outside = sources(pack(), {TEST: Place(tmp_path / "test_b.py")})
    [placed] = outside.placed(passing(FindingReported(Finding("BG-TEST-001", TEST, "a", "b"), Evidence(TEST)))).findings
    assert (placed.file, placed.line) == ("", 0)


def test_a_document_without_readable_lines_places_nothing(tmp_path: Path) -> None:
    """The document of a service may be gone when the reports are written."""
    missing = Sources(tmp_path, tmp_path / "gone.yaml", pack().contract, tmp_path / "gone.txt")
    assert missing.place(
        passing(FindingReported(Finding("BG-HTTP-001", f"GET {GET_JOB}", "a", "b"), Evidence())).findings[0]
    ) == Place(tmp_path / "gone.yaml")
