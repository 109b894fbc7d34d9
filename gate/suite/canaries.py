"""Canaries: before the first test that relies on it, each check of a worker shows that it can be red.

Those of the fuzzer wait for the first test that fuzzes, since their libraries take a second to load. Those of the
oracles are shown again after the last test: what silences them may come with a test.

A violation goes the way of a test's findings: session, judge, hooks of pytest, a journal of its own. The controlling
process decides a verdict on that journal, which must be broken by every check of the committed list.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gate import suite
from gate.contract.pact import Pact, load
from gate.core.errors import GateError, NotAvailable
from gate.core.findings import Finding
from gate.core.record import Observations, Record
from gate.core.settings import WITHOUT_ORACLES, Settings, redactor
from gate.fuzz.rules import FuzzPack
from gate.oracles import checks, invariants
from gate.oracles.among import among
from gate.oracles.checks import Check
from gate.oracles.registry import available, offered
from gate.session.pack import Pack
from gate.session.session import Session
from gate.suite import alarms, hooks, instruments
from gate.suite.interrupts import INTERRUPT
from gate.suite.judging import WATCHED, Watched, watch
from gate.suite.outcomes import outcome_of
from gate.suite.seal import Seal
from gate.suite.starting import start_system
from gate.suite.state import CANARY, JOURNAL, SETTINGS, UNJUDGED, journal_of, shared_of, worker_of
from gate.targets import Target
from gate.targets.choose import choose
from gate.targets.remote import SCRATCH, RemoteSystem
from gate.verdict.canaries import FOLDER, silent
from gate.verdict.decide import Run
from gate.verdict.events import Outcome
from gate.verdict.journal import Journal
from gate.verdict.promises import Promises

FOLDERS = {False: FOLDER, True: f"{FOLDER}-of-the-fuzzer"}
"""Of the journals of canaries, below that of the run's journals: of the oracles, and of the fuzzer."""
LOOK_SECONDS = 30
"""Seconds that a statement may take on the few rows of a canary."""
AT_THE_END = (f"{FOLDER}-at-the-end", f"{FOLDER}-once-more")
"""The folders of those that are shown again, twice: an oracle may look at every second record."""
FUZZ_SHOWN, FAILED = pytest.StashKey[bool](), pytest.StashKey[bool]()
SEAL = pytest.StashKey[Seal]()
REPORTERS = ("allure_listener", "logging-plugin")
"""Plugins that keep something of each test, and so want all of its phases."""

Show = Callable[["Canary"], None]
"""Shows a violation to a canary."""
Shows = tuple[Session, list[tuple[str, Show]]]
"""Violations that were shown, and the session that judged them."""


@dataclass(slots=True)
class Disguise(Watched):
    """A violation that is judged in the name of a test."""

    name: str = ""

    def judged(self) -> list[Finding]:
        """The findings on it, which belong to the canary."""
        own, self.record.test = self.record.test, self.name
        try:
            return Watched.judged(self)
        finally:
            self.record.test = own


class Canary(pytest.Item):
    """A test that shows a violation."""

    def __init__(self, *, show: Show, **members: Any) -> None:
        super().__init__(**members)
        self._show = show
        self.stash[CANARY] = True

    def runtest(self) -> None:
        """Fails, or has its record judged, as any test."""
        self._show(self)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """The error's text: nobody reads where in a canary it was raised."""
        del style
        return str(excinfo.value)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Shows every violation before the first test, while the system starts, and those of the oracles after the last."""
    start_system(session)
    shows: Shows | None = None
    if WITHOUT_ORACLES not in os.environ and any(needed(item.nodeid) for item in session.items):
        shows = show_all(session, _journals(session.config), fuzz=False)
        session.config.stash[FAILED] = shows is None
        if shows:
            packages = ("gate", type(suite.pack()).__module__.partition(".")[0])
            session.config.stash[SEAL] = Seal(packages, shows[0])
    try:
        return (yield)
    finally:
        if shows and not INTERRUPT.seen:
            show_again(session, _journals(session.config), shows)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Shows the violations of the fuzzer before the first test that uses it; runs none where canaries failed."""
    fuzzes = item.nodeid.startswith(suite.pack().suite.fuzz)
    if WITHOUT_ORACLES not in os.environ and fuzzes and not item.config.stash.get(FUZZ_SHOWN, False):
        item.config.stash[FUZZ_SHOWN] = True
        if not show_all(item.session, _journals(item.config), fuzz=True):
            item.config.stash[FAILED] = True
        elif seal := item.config.stash.get(SEAL, None):
            seal.extend()
        gc.freeze()  # the libraries of the fuzzer, as those that were there before the first test
    if not (item.config.stash.get(FAILED, False) and needed(item.nodeid)):
        return None
    skipped = pytest.TestReport(item.nodeid, item.location, {}, "skipped", (str(item.path), 0, "no canary"), "setup")
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    item.ihook.pytest_runtest_logreport(report=skipped)  # at which the run ends, for the reason in their journal
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Looks whether a test is judged by what its canaries were shown to."""
    try:
        return (yield)
    finally:
        seal = item.config.stash.get(SEAL, None)
        if seal and needed(item.nodeid) and not item.stash.get(CANARY, False):
            seal.look(item, [watched.session for watched in item.stash.get(WATCHED, [])])


def _journals(config: pytest.Config) -> Path:
    return config.stash[SETTINGS].report_dir / "journal"


def show_all(tests: pytest.Session, journals: Path, *, fuzz: bool) -> Shows | None:
    """Show every violation of the oracles, or with ``fuzz`` of the fuzzer, in a journal of its own.

    None is returned where that failed, which the journal says.
    """
    settings, directory = tests.config.stash[SETTINGS], journals / FOLDERS[fuzz]
    with _journal(tests.config, directory) as journal:
        try:
            hooks.check(tests.config)
            alarms.check()
            with _session(tests.config, journal) as session:
                shows = list(_fuzz_shows(session, settings, directory) if fuzz else _shows(session, _judging(tests)))
                _show_each(tests, shows, journal)
                if not fuzz:
                    instruments.check(session)
                return session, shows
        except Exception as error:  # noqa: BLE001 (whatever it is, the run is unjudged for it)
            _note(error, journal)
    return None


def show_again(tests: pytest.Session, journals: Path, shows: Shows) -> None:
    """Show the violations of the oracles once more, with what was read of the database before the first test."""
    session, violations = shows
    for folder in AT_THE_END:
        with _journal(tests.config, journals / folder) as session.journal:
            try:
                alarms.check()
                _show_each(tests, violations, session.journal)
                if seal := tests.config.stash.get(SEAL, None):
                    seal.check()
            except Exception as error:  # noqa: BLE001 (whatever it is, the run is unjudged for it)
                _note(error, session.journal)


def _show_each(tests: pytest.Session, violations: Iterable[tuple[str, Show]], journal: Journal) -> None:
    for name, show in violations:
        _show(Canary.from_parent(tests, name=name, nodeid=f"{FOLDER}::{name}", show=show), journal)


def _note(error: Exception, journal: Journal) -> None:
    reason = str(error) if isinstance(error, GateError) else f"{type(error).__name__}: {error}"
    journal.write(Outcome(FOLDER, "error", reason=reason))


def needed(test: str) -> bool:
    """Return whether a test judges the service, so that its worker has to have shown the canaries."""
    return not test.startswith(suite.pack().suite.harness)


@contextmanager
def _journal(config: pytest.Config, directory: Path) -> Iterator[Journal]:
    """A journal in the place of this worker's own."""
    own, name = journal_of(config), worker_of(config)
    journal = Journal(directory / name / f"{name}.ndjson", redactor(config.stash[SETTINGS]))
    config.stash[JOURNAL] = journal
    try:
        yield journal
    finally:
        config.stash[JOURNAL] = own
        journal.close()


@contextmanager
def _session(config: pytest.Config, journal: Journal) -> Iterator[Session]:
    """A session as the tests have one, of a service that is never asked."""
    settings, shared = config.stash[SETTINGS], shared_of(config)
    target = choose(settings, suite.pack().service, lambda _: None)
    try:
        url: str | None = target.database(shared)
    except NotAvailable:  # of somebody else, and only ever read
        url = settings.database_url
    system = RemoteSystem("http://canary", url, exclusive=target.exclusive)
    session = Session(suite.pack(), system, lambda: "canary", journal, scratch_url=shared.get(SCRATCH))
    if session.database:  # few rows are looked at, so what takes long does not end
        session.database.connection.execute(f"SET statement_timeout = '{LOOK_SECONDS}s'".encode())
    try:
        yield session
    finally:
        session.close()


def _judging(tests: pytest.Session) -> Iterator[str]:
    """The tests that judge the service, in the order of the worker's seed, again and again.

    A violation comes in the name of another one each time: an oracle that looks at some tests alone misses it.
    """
    names = sorted(item.nodeid for item in tests.items if needed(item.nodeid))
    Random(f"{tests.config.stash[SETTINGS].seed} {worker_of(tests.config)}").shuffle(names)
    return cycle(names or [FOLDER])


def _shows(session: Session, tests: Iterator[str]) -> Iterator[tuple[str, Show]]:
    """The violation of each oracle; that of the invariants is in rows, which they find by themselves."""
    for oracle in session.oracles:
        record, observations = oracle.violation(session.contract)
        if oracle.part == invariants.PART:
            observations = replace(observations, offending=session.offending())
            for rule in session.pack.database.invariants:
                if session.database and rule.needs and rule.needs not in session.database.tables():
                    session.journal.write(Outcome(f"{FOLDER}::{rule.code}", "skipped", reason=f"no {rule.needs}"))
        if oracle.name in session.pack.consumers:
            observations = replace(observations, consumer=_broken(session.pack.consumers[oracle.name]))
        yield oracle.name, partial(_judged, session, among(oracle, record, observations, session.contract), tests)


def _broken(consumer: Path) -> Pact:
    """The consumer contract of a folder, whose first call is of no operation; GateError where there is none."""
    pacts = [load(path) for path in sorted(consumer.glob("*.json"))]
    if not pacts:
        raise GateError(f"{consumer} has no consumer contract.", "Restore it from git, or record it again.")
    first = replace(pacts[0].interactions[0], path="/no/such/path")
    return replace(pacts[0], interactions=[first])


def _judged(
    session: Session, violations: Iterator[tuple[Record, Observations]], tests: Iterator[str], canary: Canary
) -> None:
    record, observations = next(violations)
    session.observe = lambda record: observations  # noqa: ARG005 (the parameter's name is part of its type)
    watch(canary, Disguise(session, replace(record, test=canary.nodeid), name=next(tests)))


def _fuzz_shows(session: Session, settings: Settings, directory: Path) -> Iterator[tuple[str, Show]]:
    """The violation of each check of the fuzzer; ``directory`` takes replay files."""
    from gate.fuzz.canaries import Violations  # noqa: PLC0415 (loads schemathesis, as tests that fuzz do)

    if isinstance(session.pack, FuzzPack):
        for name, fail in Violations(session.pack, session, settings, directory / "replay"):
            yield name, partial(_fuzzed, fail)


def _fuzzed(fail: Callable[[str], None], canary: Canary) -> None:
    fail(canary.nodeid)


def _show(canary: Canary, journal: Journal) -> None:
    manager = canary.config.pluginmanager
    call_hook = manager.subset_hook_caller("pytest_runtest_call", map(manager.get_plugin, REPORTERS))
    make_report = manager.subset_hook_caller("pytest_runtest_makereport", map(manager.get_plugin, REPORTERS))
    call = pytest.CallInfo.from_call(lambda: call_hook(item=canary), "call", (KeyboardInterrupt, pytest.exit.Exception))
    report = make_report(item=canary, call=call)
    if outcome := outcome_of(report, ""):
        journal.write(replace(outcome, reason=str(dict(report.user_properties).get(UNJUDGED, outcome.reason))))


class Roll:
    """The controlling process's view: the listed checks, and the workers whose canaries showed them."""

    def __init__(self, pack: Pack, target: Target, directory: Path) -> None:
        self._pack = pack
        self._target = target
        self._directory = directory
        self._listed: list[Check] = []
        self._heard: set[tuple[str, bool]] = set()  # workers, with True for their checks of the fuzzer

    def call(self) -> None:
        """Read the list; GateError where the checkout has other checks."""
        self._listed = checks.read(self._pack.checks)
        for consumer in self._pack.consumers.values():
            _broken(consumer)
        if difference := checks.differences(self._listed, self._pack.oracles, self._pack.checks):
            raise GateError(difference)

    def silent(self, report: pytest.TestReport, run: Run, promises: Promises) -> str:
        """Why a test of a worker means nothing; empty where the canaries before it were as loud as they must be."""
        worker, fuzz = worker_that_ran(report), report.nodeid.startswith(self._pack.suite.fuzz)
        if not needed(report.nodeid) or WITHOUT_ORACLES in os.environ:
            return ""
        reasons = (self._silent(worker, part, run, promises) for part in ((False, True) if fuzz else (False,)))
        return next(filter(None, reasons), "")

    def silent_at_the_end(self, run: Run, promises: Promises) -> str:
        """Why the last tests of a worker mean nothing; empty where the oracles were still as loud after them."""
        workers = sorted(worker for worker, fuzz in self._heard if not fuzz)
        reasons = (self._of(folder, worker, run, promises) for worker in workers for folder in AT_THE_END)
        return next((f"After the last test: {reason}" for reason in reasons if reason), "")

    def _silent(self, worker: str, fuzz: bool, run: Run, promises: Promises) -> str:
        if (worker, fuzz) in self._heard:
            return ""
        self._heard.add((worker, fuzz))
        return self._of(FOLDERS[fuzz], worker, run, promises)

    def _of(self, folder: str, worker: str, run: Run, promises: Promises) -> str:
        fuzz = folder == FOLDERS[True]
        required = [check for check in self._required() if (check.kind == checks.FUZZ) == fuzz]
        optional = {f"{FOLDER}::{rule.code}" for rule in self._pack.database.invariants if rule.needs}
        return silent(self._directory / folder / worker, required, optional, run, promises)

    def _required(self) -> Iterator[Check]:
        """The listed checks that the target can show."""
        rows = self._target.shows_rows
        judging = {
            oracle.name for oracle in available(self._pack.oracles, offered(own=self._target.exclusive, rows=rows))
        }
        database = self._pack.database
        unreadable = {
            rule.code for rule in database.invariants if not (rows or rule.readable(database.response_columns))
        }
        for check in self._listed:
            if check.kind == checks.FUZZ or (check.name in judging and check.code not in unreadable):
                yield check


def worker_that_ran(report: pytest.TestReport) -> str:
    """Name of the worker whose report this is, as xdist knows it."""
    node = getattr(report, "node", None)
    return str(node.gateway.id) if node else "gw0"
