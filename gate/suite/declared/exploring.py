"""Fixtures that explore a declared service; the generator of cases is loaded in a worker whose tests need it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from gate import suite
from gate.contract.nodes import Operation
from gate.core.ids import Ids
from gate.core.rerun import RunOptions
from gate.core.settings import Settings
from gate.fuzz.service import naming
from gate.fuzz.service.settings import BUDGETS
from gate.session.session import Session
from gate.suite.interrupts import INTERRUPT
from gate.suite.starting import system_of
from gate.suite.state import SETTINGS, journal_of, shared_of, worker_of
from gate.targets import System
from gate.targets.choose import choose
from gate.targets.remote_run.access import remote_access
from gate.verdict.events import CandidateReported, FuzzResult, OperationFuzzed, OperationUnreached
from gate.verdict.journal import Journal, Progress

if TYPE_CHECKING:
    from gate.fuzz.service.judging import Judging

CASES = {"smoke": 15, "ci": 50, "full": 200}
"""Generated cases of each operation by depth, beside those that are made from accepted ones."""
VISITS = "the visits"
"""The part of a run before its first test."""
Explore = Callable[[Operation], None]


def pack() -> Any:
    """The declared pack of this process."""
    return suite.pack()


def operations() -> list[Operation]:
    """The operations that are judged, in the order of an exploration."""
    return [each for each in naming.order(pack().contract.operations) if not pack().skipped(each)]


@pytest.fixture(scope="session")
def judging(request: pytest.FixtureRequest) -> Iterator[Judging]:
    """The exploration of this worker, with a system of its own and others to confirm findings on."""
    from gate.fuzz.service.judging import Judging
    from gate.fuzz.service.shares import Shares, visited

    config = request.config
    functions = [item for item in request.session.items if isinstance(item, pytest.Function)]
    tests = {cast("Operation", item.callspec.params["operation"]).id: item.nodeid for item in functions}
    chosen = [each for each in operations() if each.id in tests]
    settings, shared, journal = config.stash[SETTINGS], shared_of(config), journal_of(config)
    target = choose(settings, pack().service, lambda _: None)
    ids = Ids(shared["run"], worker_of(config))

    def session(system: System) -> Session:
        reach = remote_access(settings, shared, pack().service.remote)
        return Session(pack(), system, ids, journal, reach).unwatched()

    options = replace(RunOptions.of(settings, os.environ, journal.redact), program="gate judge", headers=())
    opened = Judging(
        pack(),
        session(system_of(config, target, shared)),
        lambda: session(target.system(shared)),
        seed=settings.seed,
        directory=settings.report_dir / "replay",
        options=options,
        tests=tests,
    )
    for operation in pack().contract.operations:
        if reason := pack().left_out(operation):
            journal.write(OperationUnreached(str(operation), [], reason))
    budget = BUDGETS[settings.depth] if settings.budget is None else settings.budget
    further = settings.budget is not None or settings.depth == "full"
    shares = Shares(budget, chosen, workers=settings.workers, further=further)
    worker = int(worker_of(config).removeprefix("gw"))
    opened.visit(visited(chosen, worker, settings.workers), VISITS, Progress(journal), shares)
    yield opened
    stopped = INTERRUPT.seen or request.session.shouldstop or request.session.shouldfail
    for entry in opened.close(Progress(journal), confirming=not stopped):
        if isinstance(entry, CandidateReported):
            journal.write(entry)
        else:
            journal.write_findings([entry.finding], entry.evidence, late=True)


@pytest.fixture
def explore(request: pytest.FixtureRequest, judging: Judging) -> Explore:
    """Explore one operation as the depth says; fails with its confirmed findings."""
    settings: Settings = request.config.stash[SETTINGS]
    journal: Journal = journal_of(request.config)

    def run(operation: Operation) -> None:
        from gate.fuzz.replay import must_hold

        started, test = time.perf_counter(), request.node.nodeid
        progress = Progress(journal)
        explored, verdict = judging.judge(operation, test, CASES[settings.depth], progress)
        seconds = time.perf_counter() - started
        result = FuzzResult(
            operation.id,
            explored.cases,
            explored.positive,
            explored.accepted,
            round(seconds, 3),
            oracle_seconds=0.0,
            digest="",
            further=explored.further,
        )
        journal.write(OperationFuzzed(result))
        journal.count_judged(test, [oracle.name for oracle in pack().oracles])
        if not explored.accepted:
            refusals = explored.refusals
            journal.write(OperationUnreached(operation.id, refusals.lines(), refusals.advice))
        for candidate in verdict.candidates:
            journal.write(candidate)
        must_hold(verdict.violations)

    return run
