"""``gate load``: the command line of a load run."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from beacon.checkout import ROOT
from beacon.service import service
from benchmarks.command_line import positive
from benchmarks.load import plan, report
from benchmarks.load.faults import CAUSES, Cause
from benchmarks.load.run import POOL, Outcome, Wanted, run
from gate.cli.command import Run
from gate.core.errors import Exit, UsageError
from gate.targets.service import Service
from gate.verdict import report_directory

LINE_SECONDS = 10.0


def prepare(parser: ArgumentParser) -> Run:
    """Fill the parser of the command."""
    parser.description = (
        "Drives the runner with many clients by the mix of contracts/load.toml, with faults or without. Afterwards "
        "every submission is accounted for, all invariants are evaluated on all rows, every oracle judges a sample of "
        f"{plan.SAMPLE} jobs, and latency, refusals, draining and memory are compared with their limits."
    )
    parser.epilog = "Exit codes: 0 no finding, 1 the build breaks a promise, 2 usage, 3 the run could not judge."
    parser.add_argument("--rate", type=_number, default=20.0, metavar="N", help="jobs a second (default: 20)")
    help_ = "clients at the same time (default: as many as jobs a second)"
    parser.add_argument("--users", type=positive, metavar="N", help=help_)
    help_ = "seconds for which they send (default: 60)"
    parser.add_argument("--duration", type=_number, default=60.0, metavar="SECONDS", help=help_)
    help_ = "workers of Locust below its master, for more load than one process can make (default: 1)"
    parser.add_argument("--processes", type=positive, default=1, metavar="N", help=help_)
    help_ = "further processes of the runner on the same database (default: 0)"
    parser.add_argument("--beside", type=int, default=0, metavar="N", help=help_)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of jobs and of the sample (default: 0)")
    help_ = f"faults at even distances: all, or some of {', '.join(CAUSES)}"
    parser.add_argument("--faults", type=_causes, default=(), metavar="NAME,...", help=help_)
    help_ = "starts an earlier build; the load goes on while it is updated to this one and back, on one database"
    parser.add_argument("--previous-command", metavar="COMMAND", help=help_)
    help_ = "folder in which the commands of the earlier build run (default: this checkout)"
    parser.add_argument("--previous-dir", type=Path, default=ROOT, metavar="DIR", help=help_)
    help_ = "load.json of an earlier run on this machine, to compare with"
    parser.add_argument("--baseline", type=Path, metavar="FILE", help=help_)
    parser.add_argument("--runner-command", metavar="COMMAND", help="starts the build (default: the reference runner)")
    parser.add_argument("--migrate-command", metavar="COMMAND", help="makes its schema")
    help_ = "where the reports go (default: reports/load)"
    parser.add_argument("--report-dir", type=Path, default=Path("reports/load"), metavar="DIR", help=help_)
    return load


def load(values: Namespace) -> Exit:
    """Run the command and return the exit code."""
    console = Console(highlight=False, soft_wrap=True)
    before = report.baseline(values.baseline) if values.baseline else None
    given = {"serve": values.runner_command, "migrate": values.migrate_command}
    wanted = Wanted(
        rate=values.rate,
        users=values.users or max(4, round(values.rate)),
        seconds=values.duration,
        processes=values.processes,
        seed=values.seed,
        causes=values.faults,
        commands={name: command for name, command in given.items() if command},
        workers=values.beside,
        previous=_previous(values),
    )
    report_directory.claim(values.report_dir)
    with Display(console, wanted) as display:
        outcome = run(wanted, plan.read(), values.report_dir, before, display.say, display.show)
    report.write(outcome, ["./scripts/gate", *sys.argv[1:]], values.report_dir)
    _, code, _ = report.verdict(outcome)
    console.print("\n".join(report.lines(outcome)), markup=False, style="bold red" if code else "")
    console.print(f"Reports in {values.report_dir}: load.html, load.json, timeline.svg.")
    return code


def _previous(values: Namespace) -> Service | None:
    """The earlier build of the command line."""
    if not values.previous_command:
        return None
    if values.faults:
        raise UsageError("--faults and --previous-command are given.", "Give one of them.")
    return service(values.previous_dir.resolve(), POOL, serve=values.previous_command)


class Display:
    """The progress of a run: a bar in a terminal, else a line every ten seconds."""

    def __init__(self, console: Console, wanted: Wanted) -> None:
        columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        self._console = console
        self._seconds = wanted.seconds
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("", total=1.0)
        self._printed = 0.0
        self._place = 0

    def __enter__(self) -> Display:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """Print what is done now."""
        self._console.print(f"{text} ...", style="dim", markup=False)

    def show(self, outcome: Outcome, share: float, queue: int | None) -> None:
        """Show how far the clients are."""
        recent = outcome.answers[self._place :]
        refused = sum(answer.refused for answer in outcome.answers)
        fault = f", fault: {outcome.spans[-1].cause}" if outcome.spans and outcome.spans[-1].end > time.time() else ""
        text = f"{len(outcome.answers)} answers, {refused} refused, queue {queue}{fault}"
        self._progress.update(self._task, completed=share, description=text)
        if not self._console.is_terminal and recent and time.monotonic() > self._printed + LINE_SECONDS:
            self._printed, self._place = time.monotonic(), len(outcome.answers)
            self._console.print(f"{share * self._seconds:.0f} of {self._seconds:g} s: {text}", markup=False)


def _number(text: str) -> float:
    """Parse a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def _causes(text: str) -> tuple[Cause, ...]:
    """Parse the names of faults."""
    names = list(CAUSES) if text == "all" else text.split(",")
    if unknown := [name for name in names if name not in CAUSES]:
        raise ArgumentTypeError(f"there is no fault {unknown[0]!r}; see --help")
    return tuple(CAUSES[name] for name in names)
