"""``gate sabotage``: the gate with each sabotage, several at a time, and a table of how it ended."""

from __future__ import annotations

import os
import threading
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmarks import reports
from benchmarks.command_line import positive
from benchmarks.running import run_all
from benchmarks.sabotage import catalogue
from benchmarks.sabotage.catalogue import Sabotage
from benchmarks.sabotage.checkout import pristine
from benchmarks.sabotage.trial import Conditions, Trial, run
from gate.cli.command import Run
from gate.core.errors import Exit, GateError
from gate.core.options import declared, given
from gate.core.settings import Settings, load
from gate.targets.engine import connect

TAKEN = frozenset({"--time-factor", "--report-dir"})
"""Options of the gate that each of its runs gets."""
NEEDS = {"containers": "a container engine and the images", "root": "root, for mounts and other users"}
"""Properties of the machine that a sabotage may need."""
_STYLES = {"ok": "green", "FAILED": "bold red", "not run": "yellow"}


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
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--only", metavar="NAME,...", help="these sabotages")
    group.add_argument("--ten", metavar="N", type=positive, help="ten, from the Nth on; N may be any whole number")
    group.add_argument("--list", action="store_true", help="print the table of docs/sabotage.md and run nothing")
    parser.add_argument("--jobs", metavar="N", type=positive, default=2, help="gates at a time (default: 2)")
    for need, purpose in NEEDS.items():
        parser.add_argument(
            f"--without-{need}", action="store_true", help=f"leave out the sabotages that need {purpose}"
        )
    for option in declared(Settings):
        if option.flag in TAKEN:
            parser.add_argument(option.flag, **option.arguments())
    return sabotage


def sabotage(values: Namespace) -> Exit:
    """Run the command and return the exit code."""
    known, console = catalogue.sabotages(), Console(highlight=False, soft_wrap=True)
    if values.list:
        print("\n".join(table(list(known.values()))))
        return Exit.PASS
    some = catalogue.chosen(known, values.only) if values.only else list(known.values())
    some = catalogue.ten(some, values.ten) if values.ten else some
    some = [each for each in some if not any(getattr(values, f"without_{need}") for need in each.needs)]
    settings = load(Settings, given(Settings, values))
    directory = settings.report_dir.resolve() / "sabotage"
    conditions = Conditions(directory, pristine(directory / "original"), settings.time_factor, threading.Event())
    words = ("-k", "test_submission")
    clean = run(Sabotage(name="clean", title="none", exit=(0,), reason="PASS:", options=words), conditions)
    _print(clean, console)
    if clean.faults:
        raise GateError("The gate does not pass without a sabotage.", f"See {directory / 'clean' / 'output.txt'}.")
    unmet = {need: _unmet(need) for need in {need for each in some for need in each.needs}}
    trials: list[Trial] = []

    def trial(each: Sabotage) -> None:
        reason = " ".join(filter(None, (unmet[need] for need in each.needs)))
        trials.append(Trial(each, unmet=reason) if reason else run(each, conditions))
        _print(trials[-1], console)

    run_all({each.name: partial(trial, each) for each in some}, values.jobs, conditions.stop, lambda _: None, console)
    return _conclude(trials, directory.parent, console)


def _unmet(need: str) -> str:
    """The reason why the machine lacks something; empty where it does not."""
    if need == "root":
        return "" if os.geteuid() == 0 else "This needs root."
    try:
        connect()
    except GateError as error:
        return str(error)
    return ""


def _print(trial: Trial, console: Console) -> None:
    head = f"{trial.sabotage.name}: wanted {trial.sabotage.wanted}, seen {trial.code}, {trial.seconds:.0f} s:"
    console.print(f"[{_STYLES[trial.word]}]{trial.word:<7}[/] {head}", end=" ")
    console.print(trial.text, markup=False)


def _conclude(trials: Sequence[Trial], directory: Path, console: Console) -> Exit:
    """Print and write the table, and return the exit code."""
    columns = ("sabotage", "wanted", "seen", "seconds", "result", "reason")
    rows = [
        (each.sabotage.name, each.sabotage.wanted, each.code, each.seconds, each.word, each.text)
        for each in sorted(trials, key=lambda each: (not each.faults, each.sabotage.name))
    ]
    lines = reports.table(columns, rows)
    reports.write(directory, "sabotage", [dict(zip(columns, row, strict=True)) for row in rows], lines)
    words = Counter(trial.word for trial in trials)
    green = sum(trial.code == 0 and 0 not in trial.sabotage.exit for trial in trials)
    blamed = sum(trial.code == 1 and 1 not in trial.sabotage.exit for trial in trials)
    console.print("\n".join(lines), markup=False)
    console.print(
        f"{words['ok']} of {len(trials)} ended as they must, {words['FAILED']} did not ({green} green, {blamed} blamed"
        f" the build), {words['not run']} were not run. Reports in {directory}: sabotage.md, sabotage.json."
    )
    if words["FAILED"]:
        return Exit.BROKEN
    return Exit.UNJUDGED if words["not run"] or not trials else Exit.PASS


def table(known: Sequence[Sabotage]) -> list[str]:
    """Return the lines of the table in docs/sabotage.md."""
    rows = [(f"`{each.name}`", each.title, each.wanted) for each in known]
    return reports.table(("sabotage", "what is changed", "exit code"), rows)
