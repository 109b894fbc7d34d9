"""The controlling process of a run: it starts the target, follows the events, and concludes with the verdict."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from gate import suite
from gate.core.errors import GateError
from gate.core.settings import NOTE, WRAPPED
from gate.session.sources import sources
from gate.session.start import promises
from gate.suite import canaries, kept, sharding
from gate.suite.interrupts import INTERRUPT
from gate.suite.judged import completed
from gate.suite.outcomes import internal_error, outcome_of, report_late
from gate.suite.sharing import Offer
from gate.suite.starting import beside, run_of
from gate.suite.state import (
    ASKED,
    CHOSEN,
    CONTROLLER,
    CRITERIA,
    ENDED,
    FIRST,
    JOURNAL,
    SETTINGS,
    SHARED,
    UNAVAILABLE,
    UNJUDGED,
    redactor_of,
    worker_of,
)
from gate.targets.choose import CHOICE, choose
from gate.targets.remote_run.cleanup import RemoteRunCleanup
from gate.verdict import assertions, inventory, last_failed, reports, terminal
from gate.verdict.decide import decide
from gate.verdict.events import (
    Event,
    FindingReported,
    GateFailed,
    OperationFuzzed,
    ProgressMade,
    TestBegan,
    TestsCollected,
)
from gate.verdict.inventory import Inventory, Scope, files_of
from gate.verdict.journal import Follower, Journal, Listener, read
from gate.verdict.part import NAME as PART
from gate.verdict.places import Place
from gate.verdict.promises import Promises
from gate.verdict.report_directory import PARTIAL
from gate.verdict.tally import Tally, tally
from gate.verdict.verdict import Verdict

INTERRUPTED = "Interrupted."


class Controller:
    """The pytest plugin of the controlling process."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.settings = config.stash[SETTINGS]
        self.asked = config.stash[ASKED]
        self.redact = redactor_of(config)
        self.cleanup = RemoteRunCleanup(self.settings, suite.pack().service.remote)
        self.target = choose(self.settings, suite.pack().service, self.note)
        self.offer = Offer()
        self.canaries = canaries.Roll(suite.pack(), self.target, self.settings.report_dir / "journal")
        self.inventory = Inventory()
        self.collected: set[str] = set()
        self.own = frozenset[str]()  # tests that the inventory has for the shard, if this is one
        self.promises = Promises()  # until those of the pack are loaded, which can fail
        self.locations: dict[str, tuple[str, int | None, str]] = {}  # of tests
        self.tests = Tally()  # outcomes, those of the harness too
        self.directory = self.settings.report_dir / "journal"
        self.journal = Journal(self.directory / f"{CONTROLLER}.ndjson", self.redact)
        # The command line follows the journals by itself.
        self.listener = None if WRAPPED in os.environ else Listener(self.directory, self.hear)
        self.follower = Follower(self.directory)
        self.findings: list[FindingReported] = []
        self.verdict: Verdict | None = None
        self.started = time.monotonic()
        self.run = run_of(self.settings, self.asked, self.target, self.redact)
        self.workers: set[str] = set()  # every one that was started
        self.starting: Future[dict[str, str]] | None = None
        self.session: pytest.Session | None = None
        self.ended_fast = False  # at the first finding, as asked

    def say(self, text: str) -> None:
        """Prints a line of progress."""
        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(self.redact(text))

    def note(self, text: str) -> None:
        """Prints lines that a user has to see, whatever becomes of the others."""
        mark = NOTE if WRAPPED in os.environ else ""
        for line in text.splitlines():
            self.say(f"{mark}{line}")

    def hear(self, worker: str, event: Event) -> None:
        """Prints the progress that a worker journals, and the results of fuzzing."""
        match event:
            case ProgressMade(text):
                self.say(f"{worker}: {text}")
            case OperationFuzzed(result):
                self.say(f"\n{result}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Begins to bring the target up, while tests and workers load."""
        if self.config.stash[CHOSEN]:
            self.note(f"target {self.settings.target}, as {CHOICE[self.settings.target]}")
        self.starting = beside(self.target.start)
        with self._judgeable():
            if lacking := suite.pack().suite.lacking(self.settings):
                self.note(f"{lacking[:1].upper()}{lacking[1:]}.")
            self.promises = promises(suite.pack())
            self.canaries.call()
            if file := suite.pack().suite.inventory:
                self.inventory = inventory.load(suite.pack().root / file)
            self.own = sharding.part_of(self.settings, self.asked)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Waits for the target before the first test."""
        self.session = session
        with self._judgeable():
            shared = self.starting.result() if self.starting else {}
        self.run.judged = completed(self.run.judged, self.settings, shared)
        shared["run"] = os.urandom(4).hex()
        self.cleanup.begin(shared["run"])
        self.config.stash[SHARED] = shared
        self.offer.share(shared)
        try:
            return (yield)
        finally:
            report_late(self.config, self.directory, self.locations)

    @contextmanager
    def _judgeable(self) -> Iterator[None]:
        """Ends the run where the block says that it cannot judge."""
        try:
            yield
        except (GateError, ValueError) as error:
            self.run.stopped = str(error)
            self._stop_target()
            self.conclude()
            pytest.exit(self.run.stopped, returncode=3)

    def _stop_target(self) -> None:
        if self.starting:
            wait([self.starting])
        self.target.stop()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Gives a worker the address to ask at."""
        self.offer.invite(node.workerinput)
        self.workers.add(node.gateway.id)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Notes the tests that a worker collected."""
        self._collect(ids)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Notes the tests that this process collected itself."""
        self._collect([item.nodeid for item in session.items])

    def _collect(self, tests: Sequence[str]) -> None:
        fresh = [test for test in tests if test not in self.collected]
        self.collected.update(fresh)
        if judging := [test for test in fresh if not self._of_harness(test)]:
            self.journal.write(TestsCollected(judging))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Journals the beginning of a test."""
        if not self._of_harness(nodeid):
            self.journal.write(TestBegan(nodeid))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Stops a run of which a worker died: what it judged last is not known."""
        if error and not self.run.stopped:
            self.run.stopped = f"Worker {node.gateway.id} of the gate died in the middle of the run: {error}."
            pytest.exit(self.run.stopped, returncode=3)

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: object, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Notes an error in pytest, a plugin or a worker's own code."""
        reason = INTERRUPTED if INTERRUPT.seen else internal_error(excinfo)  # it may come while a hook is at work
        self.run.stopped = self.run.stopped or reason
        for hook in self.config.hook.pytest_internalerror.get_hookimpls() if WRAPPED in os.environ else ():
            if hook.plugin_name == "terminalreporter":
                # The journal has the traceback; pytest would print it among the outcomes.
                object.__setattr__(hook, "function", lambda excrepr: True)  # noqa: ARG005
        self.journal.write(GateFailed(reason, str(excrepr)))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Stops a run with a test file that does not load, which would leave something unchecked."""
        if report.failed:
            *_, last = report.longreprtext.strip().splitlines() or ["no reason given"]
            self.run.stopped = f"{report.nodeid} could not be loaded: {last}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Journals the outcome of a test, and prints a failure at once."""
        properties = dict(report.user_properties)
        if UNJUDGED in properties:
            self._stop(str(properties[UNJUDGED]))
        if silent := self.canaries.silent(report, self.run, self.promises):
            self._stop(silent)
        if report.failed:
            evidence = dict(report.sections).get("evidence", report.longreprtext)
            lines = "\n".join(f"  {line}" for line in evidence.splitlines())
            self.say(f"\nFAILED {report.nodeid} ({report.when})\n{lines}")
        if outcome := outcome_of(report, str(properties.get(CRITERIA, "")), str(properties.get(UNAVAILABLE, ""))):
            self.tests.add(outcome)
            self.locations[outcome.test] = report.location
            if not self._of_harness(outcome.test):
                self.journal.write(outcome)
                if report.failed and self.settings.fail_fast and not self._accepted(outcome.test):
                    self._end_fast()

    def _accepted(self, test: str) -> bool:
        """Return whether a test failed by nothing but findings that the profile accepts."""
        self.findings += (event for _, event in self.follower.events() if isinstance(event, FindingReported))
        findings = [event.finding for event in self.findings if event.evidence.test == test]
        return bool(findings) and all(map(self.run.profile.deviation_of, findings))

    def _end_fast(self) -> None:
        """Ends the run after this test, in the way of pytest or of its workers."""
        self.ended_fast = True
        (self.directory / ENDED).touch()
        workers: Any = self.config.pluginmanager.get_plugin("dsession")
        if workers:
            workers.shouldstop = FIRST
        elif self.session:
            self.session.shouldfail = FIRST

    def _stop(self, reason: str) -> None:
        self.run.stopped = reason
        pytest.exit(reason, returncode=3)

    def _of_harness(self, test: str) -> bool:
        return test.startswith(suite.pack().suite.harness)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Notes why a run was interrupted; one that reached its ``--maxfail`` was not."""
        most = self.config.option.maxfail
        if self.ended_fast:
            return
        if most and len(self.tests.tests("failed", "error")) >= most:
            return
        self.cleanup.interrupt()
        reason = "The stop file is there." if self.cleanup.stop_requested else INTERRUPTED
        self.run.stopped = self.run.stopped or str(excinfo.value) or reason

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Writes the verdict; its code is the exit code of a run that judged a service and whose harness is sound."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 (a fixture could not be taken down; without a verdict nobody knows)
            known = isinstance(error, GateError)
            self.run.stopped = self.run.stopped or (str(error) if known else f"The end of the run failed: {error!r}")
        if isinstance(refusal := sys.exception(), pytest.UsageError):  # as of an option that only the collection shows
            self.run.stopped = self.run.stopped or f"Pytest refuses to run: {refusal}"
        if self.listener:
            self.listener.stop()
        self._redact_results()
        self.conclude()
        if self.verdict:
            code = self.verdict.exit_code(allow_partial=self.settings.allow_partial)
            # Pytest exits 1 for the tests that failed by accepted deviations alone, too.
            excused = not code and self.verdict.accepted and not self.failed_of_harness
            session.exitstatus = 0 if excused and session.exitstatus == 1 else code or session.exitstatus

    def _redact_results(self) -> None:
        """Takes secrets out of the names and properties of tests, which pytest has just written."""
        path = Path(self.config.option.xmlpath or "")
        if path.is_file() and (text := path.read_text(encoding="utf-8")) != (clean := self.redact(text)):
            path.write_text(clean, encoding="utf-8")

    @property
    def failed_of_harness(self) -> int:
        """Number of failed tests of the harness itself."""
        return sum(map(self._of_harness, self.tests.tests("failed", "error")))

    @property
    def cut_short(self) -> bool:
        """Return whether the run was asked to end at its first finding, and had one."""
        return self.ended_fast or (self.asked.first and bool(self.tests.tests("failed", "error")))

    def conclude(self) -> None:
        """Decides the verdict and writes the reports, unless only tests of the harness ran."""
        self.run.narrowed = self.run.narrowed or self.cut_short
        self.journal.close()
        if JOURNAL in self.config.stash:
            self.config.stash[JOURNAL].close()
        self.run.left_behind = self.cleanup.end()
        self.run.duration = time.monotonic() - self.started
        tests = self.tests.outcomes
        if self.run.stopped or not tests or not all(map(self._of_harness, tests)):
            events, faults = read(self.directory, {CONTROLLER, *(self.workers or {worker_of(self.config)})})
            if faults and not self.run.stopped and not self.cut_short:
                self.run.stopped = " ".join(faults)
            if not (self.run.stopped or self.cut_short):
                self.run.stopped = self.canaries.silent_at_the_end(self.run, self.promises)
            total = tally(events)
            self.run.missing = self._missing(total)
            self.run.not_tried = self._not_tried() if self.cut_short else {}
            self.verdict = self._placed(decide(total, self.run, self.promises))
            self._describe_shard()
            reports.write(self.verdict, self.settings.report_dir, self.redact)
            last_failed.write(suite.pack().root, total.outcomes, total.tests("failed", "error"))

    def _describe_shard(self) -> None:
        """Writes what ``gate merge`` needs to know of a shard, for the reports to publish."""
        if not self.settings.shard:
            return
        places = self._places()
        part = sharding.described(
            self.settings,
            self.asked,
            self.run,
            workers={CONTROLLER, *(self.workers or {worker_of(self.config)})},
            tests=self._expected(),
            failed={test: places[test] for test in self.tests.tests("failed", "error")},
            cut_short=self.cut_short,
            failed_of_harness=self.failed_of_harness,
        )
        path = self.settings.report_dir / f"{PART}{PARTIAL}"
        path.write_text(part.text(self.redact), encoding="utf-8")

    def _placed(self, verdict: Verdict) -> Verdict:
        """The verdict with the places of the promises that its findings break."""
        return sources(suite.pack(), self._places()).placed(verdict) if verdict.findings else verdict

    def _not_tried(self) -> dict[str, int]:
        """Numbers of the tests that a run which ended early left out, by folder."""
        left = {test for test in self.collected - self.tests.outcomes.keys() if not self._of_harness(test)}
        return dict(sorted(Counter("/".join(test.split("/")[:2]) for test in left).items()))

    def _missing(self, total: Tally) -> list[str]:
        """A sentence for each kind of thing that the run had to judge and did not."""
        if self.cut_short or self.run.stopped:
            return []
        settings = self.settings
        scope = Scope(
            depth=settings.depth,
            setting=self.run.setting,
            selected=self.own.__contains__ if settings.shard else self.asked.selected,
            existing=settings.existing,
            repeat=settings.repeat,
        )
        known = Inventory() if self.asked.narrowed else self.inventory
        missing = known.missing(total, scope, [criterion.id for criterion in self.promises.criteria], self._expected())
        return [*missing, *assertions.missing(suite.pack().root, known.asserts, files_of(known.expected(scope)))]

    def _expected(self) -> list[str]:
        """The tests that have to have an outcome, beside those that the inventory has for a whole run."""
        tests = {test for test in self.collected if not self._of_harness(test)}
        return [*tests, *(self.own - tests)]

    def _places(self) -> dict[str, Place]:
        """The places of the tests that ran."""
        return {test: Place(Path(file), (line or 0) + 1) for test, (file, line, _) in self.locations.items()}

    def pytest_terminal_summary(self) -> None:
        """Prints the verdict, unless the command line does."""
        if self.verdict and WRAPPED not in os.environ:
            terminal.show(self.verdict, self.settings.report_dir, Console(highlight=False, soft_wrap=True))
            if number := self.failed_of_harness:  # the exit code says so too, but nobody reads that below a PASS
                self.say(f"{number} of the tests of the gate itself failed: do not rely on what it says of this build.")

    def pytest_unconfigure(self) -> None:
        """Takes the target down, whatever happened; with ``--keep`` once somebody asks for that."""
        self.journal.close()
        try:
            if self.settings.keep and self.verdict and not self.run.stopped:
                shared = self.config.stash[SHARED]
                kept.stay(self.target, shared, self.settings.report_dir, None if WRAPPED in os.environ else self.say)
        finally:
            self._stop_target()
