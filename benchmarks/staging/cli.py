"""``bench staging``: the gate on a runner and a database that others use, clean and with violations."""

from __future__ import annotations

import argparse
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rich.console import Console

from beacon import jobs
from beacon.api import Api
from beacon.checkout import ROOT
from beacon.service import service
from benchmarks.command_line import positive
from benchmarks.defects.trial import UNLIMITED, Outcome, gate
from benchmarks.measuring import system
from benchmarks.running import run_all
from benchmarks.staging.violations import VIOLATED, VIOLATIONS
from gate.core.client import Client
from gate.core.errors import Exit, GateError
from gate.core.findings import Finding
from gate.core.ids import Ids
from gate.oracles.unchanged import GET, REFUSED
from gate.targets import System

WORKERS = (1, 2, 4)
A_SECOND = 5
"""Submissions of somebody else in a second."""
LIMIT_SECONDS = 900.0
"""Time for one run of the gate."""


@dataclass(slots=True)
class Neighbour:
    """Somebody else, who submits jobs of every kind; ``failure`` has the first answer that was no acceptance."""

    failure: str = ""

    @contextmanager
    def submitting(self, base_url: str) -> Iterator[None]:
        """Submit for as long as the block takes."""
        over = threading.Event()
        thread = threading.Thread(target=self._submit, args=(base_url, over))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _submit(self, base_url: str, over: threading.Event) -> None:
        ids, due = Ids(f"other-{time.time_ns():x}", "n"), time.monotonic()
        with closing(Client(base_url, lambda _: None)) as client:
            for number in itertools.count():
                due += 1 / A_SECOND
                if over.wait(max(0.0, due - time.monotonic())):
                    return
                try:
                    self._send(Api(client), ids(), number)
                except AssertionError as error:  # no answer
                    self.failure = self.failure or str(error)

    def _send(self, api: Api, name: str, number: int) -> None:
        spec = jobs.spec(name) if number % 3 else jobs.sign(jobs.spec(name), nonce=name)
        headers = {"idempotency_key": name} if number % 4 == 0 else {}
        answer = api.submit(spec, **headers) if number % 2 else api.submit_cross_region(jobs.wrap(spec), **headers)
        if answer.status != 202:
            self.failure = self.failure or f"a submission beside the gate: {answer}"


@dataclass(frozen=True, slots=True)
class Setting:
    """The conditions of one run; ``violation`` is empty for the clean runner."""

    violation: str
    workers: int
    beside: bool
    number: int

    def __str__(self) -> str:
        beside = f"beside {A_SECOND} submissions a second" if self.beside else "alone"
        workers = f"{self.workers} worker{'s' if self.workers > 1 else ''}"
        return f"{self.violation or 'clean':<7}  {workers:<9}  {beside:<29}  run {self.number}"

    @property
    def directory(self) -> str:
        """Folder of its reports."""
        return f"{self.violation or 'clean'}-{self.workers}-{'beside' if self.beside else 'alone'}-{self.number}"


@dataclass(slots=True)
class Result:
    """A run, and why it is not as it should be."""

    setting: Setting
    outcome: Outcome = field(default_factory=Outcome)
    wrong: str = ""
    error: str = ""

    def __str__(self) -> str:
        findings = "; ".join(_text(sighting.finding) for sighting in self.outcome.sightings)
        text = self.error or self.wrong or findings or "no finding"
        status = "error" if self.error else "wrong" if self.wrong else "ok"
        return f"{status:<5}  {self.setting}  {self.outcome.seconds:6.1f} s  {' '.join(text.split())}"


def staging(words: Sequence[str], console: Console) -> int:
    """Run the command and return the exit code."""
    values = _parser().parse_args(words)
    stop, results = threading.Event(), list[Result]()

    def done(result: Result) -> None:
        results.append(result)
        console.print(str(result), style="" if not (result.wrong or result.error) else "bold red", markup=False)

    work: dict[str, Callable[[], Result]] = {
        str(setting): partial(run, setting, values.report_dir, stop) for setting in _settings(values)
    }
    run_all(work, 1, stop, done, console)
    console.print("\n".join(summary(results)), markup=False)
    return exit_code(results)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench staging",
        description="Starts a runner and its database as a staging system, and runs the gate on it at depth smoke with "
        f"--target remote --database-url: with {', '.join(map(str, WORKERS))} workers, each alone and beside "
        f"{A_SECOND} submissions a second of somebody else. The clean runner must have no finding, and each violation "
        "must be caught. About half an hour on a quiet machine with two cores.",
        epilog="Exit codes: 0 as wanted, 1 not, 2 usage, 3 a run came to nothing.",
        allow_abbrev=False,
    )
    parser.add_argument("--runs", type=positive, default=2, metavar="N", help="clean runs of each setting (default: 2)")
    names = ("clean", *VIOLATIONS)
    help_ = "runners to judge (default: all)"
    parser.add_argument("--only", choices=names, nargs="+", default=names, metavar="NAME", help=help_)
    help_ = "numbers of workers (default: all)"
    parser.add_argument("--workers", type=int, choices=WORKERS, nargs="+", default=WORKERS, metavar="N", help=help_)
    help_ = "where the reports go (default: reports/staging)"
    parser.add_argument("--report-dir", type=Path, default=Path("reports/staging"), metavar="DIR", help=help_)
    return parser


def _settings(values: argparse.Namespace) -> Iterator[Setting]:
    for name in values.only:
        violation = "" if name == "clean" else name
        for workers, beside in itertools.product(values.workers, (False, True)):
            for number in range(1 if violation else values.runs):
                yield Setting(violation, workers, beside, number + 1)


def run(setting: Setting, directory: Path, stop: threading.Event) -> Result:
    """Judge a runner in one setting: the clean one to the end, one with a violation until that is caught."""
    result, neighbour = Result(setting), Neighbour()
    commands = {"serve": f"{VIOLATED} {setting.violation} serve"} if setting.violation else {}
    try:
        with (
            system(service(ROOT, None, **commands)) as running,
            neighbour.submitting(running.base_url) if setting.beside else nullcontext(),
        ):
            result.outcome = _gate(setting, running, directory / setting.directory, stop)
    except (GateError, OSError) as error:
        result.error = str(error).splitlines()[0]
        return result
    result.error = result.outcome.error or neighbour.failure
    result.wrong = wrong(setting, [sighting.finding for sighting in result.outcome.sightings])
    return result


def _gate(setting: Setting, running: System, directory: Path, stop: threading.Event) -> Outcome:
    options = ["--target=remote", f"--base-url={running.base_url}", f"--database-url={running.database_url}"]
    options += [
        "--depth=smoke",
        "--time-factor=3",
        f"--workers={setting.workers}",
        f"--seed={setting.number}",
        "--allow-partial",
    ]
    violation = VIOLATIONS.get(setting.violation)

    def caught(outcome: Outcome) -> bool:
        return any(violation is not None and violation.is_shown(sighting.finding) for sighting in outcome.sightings)

    return gate([*options, *UNLIMITED], directory, LIMIT_SECONDS, stop, until=caught)


def wrong(setting: Setting, findings: Sequence[Finding]) -> str:
    """The reason why these are not the findings that the runner deserves; empty where they are."""
    violation = VIOLATIONS.get(setting.violation)
    if violation is None:
        return "; ".join(map(_text, findings))
    if not any(map(violation.is_shown, findings)):
        return "not caught"
    accused = [finding for finding in findings if finding.code in {REFUSED, GET} and not violation.is_shown(finding)]
    return "; ".join(map(_text, accused))


def _text(finding: Finding) -> str:
    return f"{finding.code} {finding.where}"


def summary(results: Sequence[Result]) -> Iterator[str]:
    """Yield a line for the clean runs, and one for those with a violation."""
    for title, runs in (
        ("runs without a finding on a clean runner", [each for each in results if not each.setting.violation]),
        ("violations caught", [each for each in results if each.setting.violation]),
    ):
        if runs:
            yield f"{sum(not (each.wrong or each.error) for each in runs)} of {len(runs)} {title}"


def exit_code(results: Sequence[Result]) -> Exit:
    """1 if a finding was wrong or missing, 3 if a run came to nothing, else 0."""
    if any(result.wrong and not result.error for result in results):
        return Exit.BROKEN
    return Exit.UNJUDGED if not results or any(result.error for result in results) else Exit.PASS
