"""Outcomes of tests, from the reports of their phases, and of a run that pytest itself could not go on with."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gate.core.errors import GateError
from gate.core.findings import BrokenPromise, must
from gate.verdict.events import FindingReported, Outcome
from gate.verdict.journal import Follower


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


Location = tuple[str, int | None, str]
"""File, index of the line, and name of a test, as pytest has them."""


def report_late(config: pytest.Config, directory: Path, locations: Mapping[str, Location]) -> None:
    """Fails the tests that have findings in the journals which were confirmed after they had ended."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    passed = reporter.stats.get("passed", []) if reporter else []
    for report in _late_failures(directory, locations):
        passed[:] = [each for each in passed if each.nodeid != report.nodeid]
        config.hook.pytest_runtest_logreport(report=report)


def _late_failures(directory: Path, locations: Mapping[str, Location]) -> Iterator[pytest.TestReport]:
    late = defaultdict[str, list[FindingReported]](list)
    for _, event in Follower(directory, ["finding"]).events():
        if isinstance(event, FindingReported) and event.late:
            late[event.evidence.test].append(event)
    for test in sorted(late.keys() & locations.keys()):
        evidence = "\n\n".join(str(each.evidence) for each in late[test])
        try:
            must([each.finding for each in late[test]])
        except BrokenPromise as error:
            reason = pytest.ExceptionInfo.from_exception(error).getrepr(style="value")
            sections = [("evidence", evidence)]
            yield pytest.TestReport(test, locations[test], {}, "failed", reason, "call", sections)


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
