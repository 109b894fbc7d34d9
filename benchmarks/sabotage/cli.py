"""``gate sabotage``: the gate with each sabotage, several at a time, and a table of how it ended."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import threading
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import reports
from benchmarks.running import run_all
from benchmarks.sabotage import catalogue
from benchmarks.sabotage.catalogue import Sabotage
from benchmarks.sabotage.checkout import pristine
from benchmarks.sabotage.trial import Conditions, Trial, run
from gate.cli.command import Run
from gate.core.errors import Exit, GateError, UsageError
from gate.core.options import declared, given
from gate.core.settings import Settings, load
from gate.targets.engine import connect
from gate.verdict.verdict import read

TAKEN = frozenset({"--time-factor", "--report-dir"})
"""Options of the gate that each of its runs gets."""
CLEAN = Sabotage(name="clean", kind="none", title="the gate as it is", exit=(0,), reason="PASS:")


def prepare(parser: ArgumentParser) -> Run:
    """Fill the parser of the command."""
    parser.description = (
        "Proves that the gate says nothing that it does not know: breaks something in a copy of the gate, in its "
        "contracts, in its reports or around it, runs it there, and checks exit code and reason."
    )
    parser.epilog = (
        "Exit codes: 0 all ended as they must, 1 a run did not, 2 usage, 3 the gate does not pass without a sabotage, "
        "or a sabotage could not be run."
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--only", metavar="NAME,...", help="these sabotages")
    which.add_argument("--ten", metavar="N", help="at most ten, from the Nth ten on; N may be any whole number")
    which.add_argument("--list", action="store_true", help="print the table of docs/sabotage.md and run nothing")
    parser.add_argument("--jobs", metavar="N", default="2", help="gates at a time (default: 2)")
    for need, what in NEEDS.items():
        parser.add_argument(f"--without-{need}", action="store_true", help=f"leave out the sabotages that need {what}")
    for option in declared(Settings):
        if option.flag in TAKEN:
            parser.add_argument(option.flag, **option.arguments())
    return sabotage


def sabotage(values: Namespace) -> Exit:
    """Run the command and return the exit code."""
    known = catalogue.sabotages()
    console = Console(highlight=False, soft_wrap=True)
    if values.list:
        print("\n".join(table(known.values())))
        return Exit.PASS
    some = _selected(known, values)
    settings, jobs = load(Settings, given(Settings, values)), _whole("--jobs", values.jobs, least=1)
    some = [each for each in some if not any(getattr(values, f"without_{need}") for need in each.needs)]
    unmet = {
        need: reason for need in sorted({need for each in some for need in each.needs}) if (reason := _unmet(need))
    }
    stop, trials = threading.Event(), list[Trial]()
    directory = settings.report_dir.resolve() / "sabotage"
    with tempfile.TemporaryDirectory(prefix="gate-sabotage-") as scratch:
        conditions = Conditions(directory, pristine(Path(scratch) / "checkout"), settings.time_factor)
        passed = _clean(conditions, console, stop)
        conditions = dataclasses.replace(conditions, passed=passed)

        def trial(each: Sabotage) -> Callable[[], Trial]:
            if need := next((need for need in each.needs if need in unmet), ""):
                return lambda: Trial(each, left_out=unmet[need])
            return lambda: run(each, conditions, stop)

        def done(ended: Trial) -> None:
            trials.append(ended)
            _print(ended, console)

        run_all({each.name: trial(each) for each in some}, jobs, stop, done, console)
    return _conclude(trials, directory, console)


def _selected(known: dict[str, Sabotage], values: Namespace) -> list[Sabotage]:
    if values.only is not None:
        return catalogue.chosen(known, values.only)
    if values.ten is not None:
        return catalogue.ten(list(known.values()), _whole("--ten", values.ten, least=0))
    return list(known.values())


def _whole(flag: str, text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise UsageError(f"{flag} is {text!r}.", f"Expected a whole number from {least} up.")
    return int(text)


NEEDS = {"containers": "a container engine and the images", "root": "root, for mounts and other users"}
"""What the machine of a sabotage may have to have."""


def _unmet(need: str) -> str:
    """The reason why a need is not met; empty where it is."""
    if need == "root":
        return "" if os.geteuid() == 0 else "needs root"
    try:
        connect()
    except GateError as error:
        return f"needs a container engine: {error.message}"
    return ""


def _clean(conditions: Conditions, console: Console, stop: threading.Event) -> int:
    """The number of tests that pass without a sabotage; GateError where the gate does not pass."""
    trial = run(CLEAN, conditions, stop)
    _print(trial, console)
    if trial.faults:
        raise GateError("The gate does not pass without a sabotage.", f"See {conditions.directory / 'clean'}.")
    return read(conditions.directory / "clean" / "reports").counts.passed


def _print(trial: Trial, console: Console) -> None:
    style, word = _word(trial)
    wanted = "/".join(map(str, trial.sabotage.exit))
    console.print(f"[{style}]{word:<6}[/] {trial.sabotage.name} {wanted} {trial.code} {trial.seconds:.0f} s", end=" ")
    console.print(trial.left_out or " ".join((*trial.faults, trial.reason)), markup=False)


def _word(trial: Trial) -> tuple[str, str]:
    if trial.left_out:
        return "yellow", "not run"
    return ("bold red", "FAILED") if trial.faults else ("green", "ok")


def _conclude(trials: Sequence[Trial], directory: Path, console: Console) -> Exit:
    """Print and write the table, and return the exit code."""
    columns = ("sabotage", "wanted", "seen", "seconds", "", "reason")
    rows = [
        (
            trial.sabotage.name,
            "/".join(map(str, trial.sabotage.exit)),
            "" if trial.code is None else str(trial.code),
            f"{trial.seconds:.0f}",
            _word(trial)[1],
            trial.left_out or " ".join(trial.faults) or trial.reason,
        )
        for trial in sorted(trials, key=lambda trial: (not trial.faults, trial.sabotage.name))
    ]
    shown = Table(*columns, box=None)
    for row in rows:
        shown.add_row(*row[:-1], row[-1][:80])
    console.print(shown, markup=False)
    document = [
        {**trial.sabotage.model_dump(include={"name", "kind", "title", "exit"}), "code": trial.code}
        | {
            "seconds": round(trial.seconds, 1),
            "reason": trial.reason,
            "faults": trial.faults,
            "not_run": trial.left_out,
        }
        for trial in trials
    ]
    reports.write(directory.parent, "sabotage", document, ["# Sabotages", "", *reports.table(columns, rows)])
    words = Counter(_word(trial)[1] for trial in trials)
    green = sum(trial.code == 0 and 0 not in trial.sabotage.exit for trial in trials)
    blamed = sum(trial.code == 1 and 1 not in trial.sabotage.exit for trial in trials)
    console.print(
        f"{words['ok']} of {len(trials)} ended as they must, {words['FAILED']} did not ({green} green, {blamed} blamed"
        f" the build), {words['not run']} were not run. Reports in {directory.parent}: sabotage.md, sabotage.json."
    )
    if words["FAILED"]:
        return Exit.BROKEN
    return Exit.UNJUDGED if words["not run"] or not trials else Exit.PASS


def table(known: Iterable[Sabotage]) -> list[str]:
    """Return the lines of the table in docs/sabotage.md."""
    columns = ("sabotage", "what is changed", "exit code")
    return reports.table(columns, ((f"`{each.name}`", each.title, " or ".join(map(str, each.exit))) for each in known))
