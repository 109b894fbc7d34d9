"""Judges every scenario when its test is done, and writes each failure down with its evidence."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import allure
import pytest

from beacon.scenario import Scenario, findings_of
from fixtures.systems import SCENARIOS
from gate import suite
from gate.core.errors import GateError, NotAvailable
from gate.core.evidence import Evidence
from gate.core.findings import BrokenPromise, Finding, must
from gate.suite.state import UNJUDGED, journal_of


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    """A fixture that the target cannot give leaves its test unchecked, as it does where the test itself asks for it."""
    try:
        return (yield)
    except NotAvailable as reason:
        pytest.skip(str(reason))  # the verdict lists it as not checked, and is partial


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Judges each scenario of the test, so that a finding fails the test whose doing it shows in.

    Where the test failed by itself and an oracle finds something too, the finding is the better explanation.
    """
    begun = item.stash.setdefault(SCENARIOS, [])
    try:
        result = yield
    except NotAvailable as reason:
        must(_judged(begun))  # what it did until then has to be right all the same
        pytest.skip(str(reason))  # the verdict lists it as not checked, and is partial
    except Exception as error:  # whatever a test fails with may have its cause in what the rows say
        raise _explained(begun, error) from error
    try:
        found = [finding for scenario in begun for finding in scenario.judge()]
    except NotAvailable as reason:
        pytest.skip(str(reason))  # an oracle that could not read is named in the verdict, too
    must(found)
    return result


def _judged(begun: Sequence[Scenario]) -> list[Finding]:
    try:
        return [finding for scenario in begun for finding in scenario.judge()]
    except NotAvailable:  # nothing can be read any more, where the run's time is over for instance
        return []


def _explained(begun: Sequence[Scenario], error: Exception) -> Exception:
    try:
        found = [finding for scenario in begun for finding in scenario.judge()]
    except Exception:  # noqa: BLE001 (the runner may be gone; what the test failed with is what there is to tell)
        return error
    if not found or (isinstance(error, BrokenPromise) and error.evidence):
        return error
    own = error.findings if isinstance(error, BrokenPromise) else ()
    return BrokenPromise({finding.cause: finding for finding in (*own, *found)}.values())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Writes a failure down while the system that it happened on still runs."""
    report = yield
    if call.excinfo is None or not report.failed:
        return report
    error = call.excinfo.value
    if isinstance(error, GateError):
        report.user_properties.append((UNJUDGED, str(error)))
        return report
    if item.nodeid.startswith(suite.pack().suite.harness):
        return report
    begun = item.stash.get(SCENARIOS, [])
    if isinstance(error, BrokenPromise) and error.evidence:
        for finding, shown in zip(error.findings, error.evidence, strict=True):
            journal_of(item.config).write_findings([finding], shown)
            allure.attach(str(shown), "evidence", allure.attachment_type.TEXT)
        report.sections.append(("evidence", "\n\n".join(str(shown) for shown in error.evidence)))
        return report
    # A finding says all there is to say; for anything else the place in the test matters too.
    message = str(error) if isinstance(error, BrokenPromise) else report.longreprtext
    findings = findings_of(error, item.nodeid)
    evidence = begun[-1].evidence(message, findings) if begun else Evidence(item.nodeid, message)
    journal_of(item.config).write_findings(findings, evidence)
    allure.attach(str(evidence), "evidence", allure.attachment_type.TEXT)
    report.sections.append(("evidence", str(evidence)))
    return report
