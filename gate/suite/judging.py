"""Judges what each test did when it is over, and writes each failure down with its evidence."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import pytest

from gate import suite
from gate.core.client import Unreachable
from gate.core.errors import GateError, MachineLacks, NotAvailable
from gate.core.evidence import Evidence
from gate.core.exchange import Exchange
from gate.core.findings import OWN, BrokenPromise, Finding, must, nearest_first
from gate.core.record import Observations, Record
from gate.fuzz import codes
from gate.session import fault
from gate.session.codes import SILENT, findings_of
from gate.session.session import Session
from gate.suite import allure_results, interrupts
from gate.suite.state import CANARY, SETTINGS, UNAVAILABLE, UNJUDGED, journal_of, redactor_of
from gate.targets.remote_run.limits import UsedUp
from gate.verdict.events import LIMIT, MACHINE, TARGET, GateFailed


@dataclass(slots=True)
class Watched:
    """A record of a test, on which system it was made, and the observations on it once it was judged."""

    session: Session
    record: Record
    observations: Observations | None = None

    def judged(self) -> list[Finding]:
        """The findings on it."""
        conclusion = self.session.conclude(self.record)
        self.observations = conclusion.observations
        return conclusion.findings


WATCHED = pytest.StashKey[list[Watched]]()


def exchanges_of(item: pytest.Item) -> list[Exchange]:
    """The exchanges of a test."""
    return [exchange for watched in item.stash.get(WATCHED, []) for exchange in watched.record.exchanges]


def watch(node: pytest.Item, watched: Watched) -> None:
    """Judge a record when its test is over."""
    node.stash.setdefault(WATCHED, []).append(watched)


def pytest_configure(config: pytest.Config) -> None:
    """Registers the code of every finding in this process."""
    if SETTINGS not in config.stash:
        raise pytest.UsageError("The plugin gate.suite.run is not registered: restore conftest.py.")
    codes.whole(suite.pack())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Skips a test for which the target cannot give a fixture; the verdict lists it as not checked."""
    try:
        return (yield)
    except NotAvailable as reason:
        _skip(item, reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Judges the records of a test, so that a finding fails the test that shows it.

    Where the test failed by itself and an oracle has findings too, they are the better explanation.
    """
    records = item.stash.setdefault(WATCHED, [])
    try:
        result = yield
    except Exception as error:  # whatever a test fails with may have its cause in the rows
        reason = _unavailable(records, error)
        if reason is None:
            raise _explained(records, error) from error
        try:
            findings = _judged(records)  # whatever the test did until then must be right all the same
        except NotAvailable:  # nothing can be read any more, for instance because the run's time is over
            findings = []
        must(findings)
        _skip(item, reason)  # the verdict lists it as not checked, and is partial
    try:
        findings = _judged(records)
    except NotAvailable as reason:
        _skip(item, reason)  # the verdict names an oracle that could not read, too
    must(findings)
    return result


def _unavailable(records: Sequence[Watched], error: Exception) -> NotAvailable | None:
    if isinstance(error, NotAvailable):
        return error
    return fault.unavailable(error, {column for record in records for column in record.session.absent})


def _skip(item: pytest.Item, reason: NotAvailable) -> NoReturn:
    """Skip a test for its target; a test that is skipped in any other way counts as missing."""
    kinds = {UsedUp: LIMIT, MachineLacks: MACHINE}
    item.user_properties.append((UNAVAILABLE, kinds.get(type(reason), TARGET)))
    pytest.skip(str(reason))


def _judged(records: Sequence[Watched]) -> list[Finding]:
    return [finding for record in records for finding in record.judged()]


def _explained(records: Sequence[Watched], error: Exception) -> Exception:
    try:
        findings = _judged(records)
    except GateError as reason:  # an oracle that failed says nothing of the build, whatever the test says
        return reason
    except Exception:  # noqa: BLE001 (the service may be gone; the failure of the test is what can be reported)
        return error
    if not findings or (isinstance(error, BrokenPromise) and error.evidence):
        return error
    own = error.findings if isinstance(error, BrokenPromise) else ()
    return BrokenPromise(nearest_first((*own, *findings)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Writes a failure down while the system that it happened on still runs."""
    report = yield
    if call.excinfo is None or not report.failed:
        return report
    of_harness = item.nodeid.startswith(suite.pack().suite.harness)
    error = call.excinfo.value if of_harness else _cause(item, call.excinfo.value)
    if isinstance(error, GateError):
        if isinstance(error, fault.InternalError):
            journal_of(item.config).write(GateFailed(error.message, error.evidence))
        report.user_properties.append((UNJUDGED, redactor_of(item.config)(str(error))))
    elif not of_harness and not interrupts.INTERRUPT.seen:  # what an interrupt cut short failed by it
        _write(item, error, report)
    return report


def _cause(item: pytest.Item, error: BaseException) -> BaseException:
    """The error that a failure comes from: of the gate, or the end of the service; else the failure itself."""
    unanswered = isinstance(error, Unreachable) or any(each.code == SILENT for each in getattr(error, "findings", ()))
    watched = {each.session for each in item.stash.get(WATCHED, [])}
    fixtures = getattr(item, "funcargs", {}).values()
    for session in watched | {each for each in fixtures if isinstance(each, Session)}:
        if cause := session.cause(unanswered=unanswered):
            return _noticed(cause, item, error)
    pack = suite.pack()
    cause = fault.of_error(error, pack.root / pack.suite.folder)
    return _noticed(cause, item, error) if cause else error


def _noticed(cause: BrokenPromise | GateError, item: pytest.Item, error: BaseException) -> BaseException:
    """A cause, with the test that noticed it."""
    if isinstance(cause, GateError):
        return cause
    evidence = [replace(each, test=item.nodeid, message=f"{each.message}\n{error}") for each in cause.evidence]
    return BrokenPromise(cause.findings, evidence)


def _write(item: pytest.Item, error: BaseException, report: pytest.TestReport) -> None:
    if isinstance(error, BrokenPromise) and error.evidence:
        tested = [replace(each, test=each.test or item.nodeid) for each in error.evidence]
        entries = [([finding], evidence) for finding, evidence in zip(error.findings, tested, strict=True)]
    else:
        # A finding says all there is to say; for anything else the place in the test matters too.
        message = str(error) if isinstance(error, BrokenPromise) else report.longreprtext
        findings = [_with_operations(item, finding) for finding in findings_of(error, item.nodeid)]
        entries = [(findings, _evidence(item, message, findings))]
    redact = redactor_of(item.config)
    for findings, evidence in entries:
        journal_of(item.config).write_findings(findings, evidence)
        if not item.stash.get(CANARY, False):
            allure_results.attach(findings, evidence)
    report.sections.append(("evidence", "\n\n".join(redact(str(evidence)) for _, evidence in entries)))


def _with_operations(item: pytest.Item, finding: Finding) -> Finding:
    """A finding; where the test speaks for itself, with the resources that it created and the operations it called."""
    if finding.kind.layer not in OWN:
        return finding
    records = item.stash.get(WATCHED, [])
    resources = [name for watched in records for name in watched.record.resources]
    called = [
        str(operation)
        for watched in records
        for exchange in watched.record.exchanges
        if (operation := watched.session.contract.operation(exchange.method, exchange.path))
    ]
    latest_last = tuple(dict.fromkeys(reversed(called)))[::-1]
    return replace(finding, shares=tuple(resources), operations=latest_last)


def _evidence(item: pytest.Item, message: str, findings: Sequence[Finding]) -> Evidence:
    records = item.stash.get(WATCHED, [])
    if not records:
        return Evidence(item.nodeid, message)
    last = records[-1]
    return last.session.evidence(last.record, message, findings, last.observations)
