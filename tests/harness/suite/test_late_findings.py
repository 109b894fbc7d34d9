"""A finding that is confirmed after its test had ended fails that test: in pytest, JUnit and Allure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gate.core.redaction import Redactor
from gate.suite.outcomes import outcome_of, report_late
from gate.verdict.journal import Journal
from tests.harness.support.verdicts import reported

TEST = "declared/operations.py::test_operation[POST /notes]"
LOCATIONS = {TEST: ("declared/operations.py", 12, "test_operation[POST /notes]")}


def late(directory: Path, locations: Mapping[str, Any], *, test: str = TEST) -> tuple[list[Any], list[Any]]:
    """The reports for a finding that came late, and what pytest still counts as passed."""
    event, journal = reported("POST /notes", test=test), Journal(directory / "gw0.ndjson", Redactor(()))
    journal.write_findings([reported("GET /notes", test=test).finding], event.evidence)
    journal.write_findings([event.finding], event.evidence, late=True)
    journal.close()
    reports: list[Any] = []

    def hear(report: Any) -> None:
        reports.append(report)

    passed = [SimpleNamespace(nodeid=TEST), SimpleNamespace(nodeid="another")]
    terminal = SimpleNamespace(stats={"passed": passed})
    config: Any = SimpleNamespace(
        pluginmanager=SimpleNamespace(get_plugin=lambda _: terminal),
        hook=SimpleNamespace(pytest_runtest_logreport=hear),
    )
    report_late(config, directory, locations)
    return reports, [each.nodeid for each in passed]


def test_test_of_a_late_finding_fails_and_is_no_longer_passed(tmp_path: Path) -> None:
    (report,), passed = late(tmp_path, LOCATIONS)
    outcome = outcome_of(report, "")
    assert outcome is not None
    assert (outcome.test, outcome.outcome, passed) == (TEST, "failed", ["another"])
    assert "POST /notes" in report.longrepr.reprcrash.message
    assert "GET /notes" not in report.longreprtext
    assert dict(report.sections)["evidence"].startswith("it broke")


@pytest.mark.parametrize("test", ["the end of the run", "declared/operations.py::test_operation[GET /notes]"])
def test_late_finding_of_no_test_of_the_run_fails_none(tmp_path: Path, test: str) -> None:
    assert late(tmp_path, LOCATIONS, test=test) == ([], [TEST, "another"])
