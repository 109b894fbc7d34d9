"""What the one controlling process of a run does: the target's life, evidence as it happens, the verdict at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console

from gate import suite
from gate.contract.document import Contract
from gate.core.errors import GateError
from gate.core.settings import WITHOUT_ORACLES, WRAPPED
from gate.suite.run import CHOSEN, CRITERIA, JOURNAL, PROGRESS, SETTINGS, SHARED, UNJUDGED
from gate.suite.sharing import Offer
from gate.targets import Target
from gate.targets.choose import CHOICE, choose
from gate.targets.remote_run.access import redactor
from gate.targets.remote_run.run_cleanup import RemoteRunCleanup
from gate.verdict import reports
from gate.verdict.journal import read
from gate.verdict.progress import Watch
from gate.verdict.verdict import Outcome, Run, Verdict, build


class Controller:
    """Pytest's plugin of that process."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.settings = config.stash[SETTINGS]
        chosen = config.option.keyword or config.option.markexpr or config.option.deselect or not _whole(config)
        self.run = Run(self.settings, 0.0, narrowed=bool(chosen))
        if WITHOUT_ORACLES in os.environ:
            self.run.stopped = f"{WITHOUT_ORACLES} is set, which is for benchmarks: nothing was judged by what it left."
        self.started = time.monotonic()
        self.redact = redactor(self.settings)
        self.cleanup = RemoteRunCleanup(self.settings, suite.pack().service.remote)
        self.target: Target = choose(self.settings, self.say)
        self.shared: dict[str, str] = {}
        self.offer = Offer()
        self.contract = Contract({"paths": {}})  # until the published one is loaded, which can fail
        self.outcomes: dict[str, Outcome] = {}
        self.verdict: Verdict | None = None
        self.watch: Watch | None = None

    def say(self, text: str) -> None:
        """One line of progress."""
        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(self.redact(text))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Brings the target up before any test wants it, while the workers load."""
        if self.config.stash[CHOSEN]:
            self.say(f"target {self.settings.target}, as {CHOICE[self.settings.target]}")
        try:
            self.contract = suite.pack().contract
            self.shared = self.target.start()
        except (GateError, ValueError) as error:
            self.run.stopped = str(error)
            self.target.stop()
            self.conclude()
            pytest.exit(self.run.stopped, returncode=3)
        self.shared["run"] = os.urandom(4).hex()
        self.cleanup.begin(self.shared["run"])
        self.config.stash[SHARED] = self.shared
        self.offer.tell(self.shared)
        self.watch = Watch(self.settings.report_dir / "journal", self.say)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tells a worker how to join."""
        self.offer.invite(node.workerinput)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A test file that does not load leaves something unchecked."""
        if report.failed:
            self.run.stopped = f"{report.nodeid} could not be loaded: {_last_line(report.longreprtext)}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes how a test ended and shows a failure at once."""
        properties = dict(report.user_properties)
        if UNJUDGED in properties:
            self.run.stopped = str(properties[UNJUDGED])
            pytest.exit(self.run.stopped, returncode=3)
        if report.when == "teardown" and PROGRESS in properties:
            self.say(f"\n{properties[PROGRESS]}")
        known = self.outcomes.get(report.nodeid)
        named = [name for name in str(properties.get(CRITERIA, "")).split(",") if name]
        if report.skipped:
            reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
            ended = Outcome(report.nodeid, "skipped", named, reason.removeprefix("Skipped: "))
        elif report.failed:
            ended = Outcome(report.nodeid, "failed" if report.when == "call" else "error", named)
            self._show(report)
        elif report.when == "call":
            ended = Outcome(report.nodeid, "passed", named)
        else:
            return
        if known is None or known.outcome == "passed":
            self.outcomes[report.nodeid] = ended

    def _show(self, report: pytest.TestReport) -> None:
        shown = dict(report.sections).get("evidence", report.longreprtext)
        lines = "\n".join(f"  {line}" for line in shown.splitlines())
        self.say(f"\nFAILED {report.nodeid} ({report.when})\n{lines}")

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Ctrl-C, or an error that ends the run; one that was to end at a first failure has seen what it was to see."""
        most = self.config.option.maxfail
        if most and sum(one.outcome in {"failed", "error"} for one in self.outcomes.values()) >= most:
            self.run.narrowed = True
            return
        self.cleanup.interrupt()
        told = "The stop file is there." if self.cleanup.stop_requested else "Interrupted."
        self.run.stopped = self.run.stopped or (str(excinfo.value) or told)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Writes the verdict; its code is the exit code of a run that judged a runner and whose harness is sound."""
        if self.watch:
            self.watch.stop()
        self.conclude()
        if self.verdict:
            code = self.verdict.exit_code(allow_partial=self.settings.allow_partial)
            # Tests that failed by nothing but accepted deviations failed nothing.
            excused = not code and self.verdict.accepted and not self.failed_of_harness
            session.exitstatus = 0 if excused and session.exitstatus == 1 else code or session.exitstatus

    @property
    def failed_of_harness(self) -> int:
        """How many tests of the harness itself failed."""
        ended = [one.outcome for one in self.outcomes.values() if one.test.startswith(suite.pack().suite.harness)]
        return sum(one in {"failed", "error"} for one in ended)

    @property
    def only_harness(self) -> bool:
        """Whether nothing but tests of the harness ran, so that there is nothing to say about a runner."""
        return not self.run.stopped and bool(self.outcomes) and not self.run.outcomes

    def conclude(self) -> None:
        """Judges, and writes the reports."""
        if JOURNAL in self.config.stash:
            self.config.stash[JOURNAL].flush()
        self.run.outcomes = [
            one for one in self.outcomes.values() if not one.test.startswith(suite.pack().suite.harness)
        ]
        self.run.left = self.cleanup.end()
        self.run.duration = time.monotonic() - self.started
        if not self.only_harness:
            self.verdict = build(self.run, read(self.settings.report_dir / "journal"), self.contract)
            reports.write(self.verdict, self.settings.report_dir, self.redact)

    def pytest_terminal_summary(self) -> None:
        """Shows the verdict where no wrapper does."""
        if self.verdict and WRAPPED not in os.environ:
            reports.show(self.verdict, self.settings.report_dir, Console(highlight=False, soft_wrap=True))
            if number := self.failed_of_harness:  # which the exit code tells too, but nobody reads that below a PASS
                self.say(f"{number} of the tests of the gate itself failed: do not rely on what it says of this build.")

    def pytest_unconfigure(self) -> None:
        """Takes the target down, whatever happened."""
        self.target.stop()


def _whole(config: pytest.Config) -> bool:
    """Whether the suite was named as a whole, not one of its folders or tests."""
    folder = suite.pack().suite.folder
    return {str(argument).rstrip("/") for argument in config.args} <= {folder, str(config.rootpath / folder)}


def _last_line(text: str) -> str:
    lines: Sequence[str] = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"
