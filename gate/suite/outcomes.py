"""Outcomes of tests, from the reports of their phases."""

from __future__ import annotations

import pytest

from gate.verdict.events import Outcome


def outcome_of(report: pytest.TestReport, criteria: str, unavailable: str = "") -> Outcome | None:
    """The outcome that a phase of a test gives it; None for a phase that decides nothing."""
    names = [name for name in criteria.split(",") if name]
    if hasattr(report, "wasxfail"):  # whatever it did then, it judged nothing
        return Outcome(report.nodeid, "skipped", names, f"marked as expected to fail: {report.wasxfail or 'no reason'}")
    if report.skipped:
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        return Outcome(report.nodeid, "skipped", names, reason.removeprefix("Skipped: "), unavailable)
    if report.failed:
        return Outcome(report.nodeid, "failed" if report.when == "call" else "error", names, seconds=report.duration)
    return Outcome(report.nodeid, "passed", names, seconds=report.duration) if report.when == "call" else None
