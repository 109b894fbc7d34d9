"""Outcomes of tests, from the reports of their phases, and of a run that pytest itself could not go on with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gate.core.errors import GateError
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


SEE = "For more information see "
"""Begins the last line of a library's warning, after the error that it warns of."""


def internal_error(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """Return why a run cannot go on: the error of the gate, or of a worker, or another and the place that raised it."""
    if isinstance(excinfo.value, GateError):
        return str(excinfo.value)
    text = _error_and_place(excinfo)
    own = re.fullmatch(rf"{GateError.__module__}\.\w+: (.+) \(\S+\)", text)
    return own[1] if own else f"Pytest failed in itself: {text}"


def _error_and_place(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """An error and the place that raised it; of a worker's error xdist hands on the printed traceback alone."""
    *_, place = excinfo.traceback
    text = str(excinfo.value)
    if Path(place.path).parent.name == "xdist" and (places := re.findall(r'File "(.+)", line (\d+)', text)):
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("assert ")]
        return f"{lines[-1]} ({':'.join(places[-1])})"
    *_, last = (line for line in excinfo.exconly().splitlines() if not line.startswith(SEE))
    return f"{last} ({place.path}:{place.lineno + 1})"
