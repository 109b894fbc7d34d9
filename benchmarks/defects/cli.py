"""``gate defects``: the gate against each known defect and violation, several at a time, and the score."""

from __future__ import annotations

import sys
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from rich.console import Console

from beacon.pack import pack
from benchmarks.defects import cases, catalogue, score
from benchmarks.defects.catalogue import Defect, Known
from benchmarks.defects.score import Clean, Together, Trial
from benchmarks.defects.trial import Conditions, Outcome, run
from benchmarks.running import run_all
from gate.cli.command import Run
from gate.core.errors import Exit, GateError, UsageError
from gate.core.findings import Finding
from gate.core.options import declared, given
from gate.core.settings import Settings, load
from gate.fuzz.codes import whole
from gate.verdict import report_directory

TAKEN = frozenset({"--seed", "--time-factor", "--report-dir"})
"""Options of the gate that each of its runs gets."""
_STYLES = {"caught": "green", "missed": "bold red", "error": "bold magenta"}


def prepare(parser: ArgumentParser) -> Run:
    """Fill the parser of the command."""
    parser.description = (
        "Proves that the gate catches what breaks the contract: runs it at depth ci against the reference runner with "
        "each defect of the deployed system and each violation of a promise, and against the clean runner. Only a "
        "finding about a defect catches it."
    )
    parser.epilog = (
        "Exit codes: 0 all were caught and the clean runner has no finding, 1 otherwise, 2 usage, 3 a run could not "
        "be judged."
    )
    selection = parser.add_mutually_exclusive_group()
    selection.add_argument("--only", metavar="NAME,...", help="these defects, violations or topics of them")
    help_ = "15 of those that were caught before, others with each number; a number for each commit tries all in turn"
    selection.add_argument("--some", metavar="N", help=help_)
    selection.add_argument("--together", metavar="D01,...", help="these defects in one runner")
    selection.add_argument("--list", action="store_true", help="print all of them and end")
    help_ = "judge over HTTP alone, as on a remote target without a database; 60 %% of the defects are then enough"
    parser.add_argument("--without-rows", action="store_true", help=help_)
    help_ = "note what is caught, so that --some tries it from now on and `gate explain` has it as an example"
    parser.add_argument("--record", action="store_true", help=help_)
    parser.add_argument("--jobs", metavar="N", default="auto", help="gates at a time (default: auto, one per core)")
    help_ = "runs against the clean runner, each at its own seed (default: 1; with --only or --together none)"
    parser.add_argument("--clean", metavar="N", help=help_)
    for option in declared(Settings):
        if option.flag in TAKEN:
            parser.add_argument(option.flag, **option.arguments())
    return defects


def defects(values: Namespace) -> Exit:
    """Run the command and return the exit code."""
    if values.list:
        for each in catalogue.defects_and_violations().values():
            sys.stdout.write(f"{each.id}: {each.title}\n")
        return Exit.PASS
    alone, together, clean = _selected(values)
    whole(pack())  # loaded before the threads that read findings
    settings = load(Settings, given(Settings, values))
    jobs = settings.workers if values.jobs == "auto" else _whole("--jobs", values.jobs, least=1)
    directory = settings.report_dir
    report_directory.claim(directory)
    for name in ("defects.json", "defects.md"):
        (directory / name).unlink(missing_ok=True)
    conditions = Conditions(
        directory / "defects",
        max(1, settings.workers // jobs),
        settings.seed,
        settings.time_factor,
        without_rows=values.without_rows,
    )
    console, stop, started = Console(highlight=False, soft_wrap=True), threading.Event(), time.monotonic()
    trials = _Trials(conditions, console, stop)
    work: dict[str, Callable[[], None]] = {
        f"clean {seed}": trials.clean(seed) for seed in range(conditions.seed, conditions.seed + clean)
    }
    if together:
        work["together"] = trials.together(together)
    work |= {defect.id: trials.alone(defect) for defect in alone}
    run_all(work, jobs, stop, lambda _: None, console)
    seconds = time.monotonic() - started
    table = score.score(trials.results, trials.clean_runs, trials.at_once, seconds, without_rows=values.without_rows)
    score.write(table, directory)
    if values.record:
        catalogue.record([trial.id for trial in trials.results if trial.result == "caught"])
        cases.record(trials.firsts)
    console.print("\n" + "\n".join(table.summary()) + f"\nReports in {directory}: defects.md, defects.json.")
    return table.exit_code


def _whole(flag: str, text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise UsageError(f"{flag} is {text!r}.", f"Expected a whole number from {least} up.")
    return int(text)


def _selected(values: Namespace) -> tuple[list[Known], list[Defect], int]:
    """Changes to judge alone, defects to judge in one runner, and the number of clean runs."""
    known = catalogue.defects_and_violations()
    some = values.only is not None or values.together is not None
    clean = int(not some) if values.clean is None else _whole("--clean", values.clean, least=0)
    if values.only is not None:
        return catalogue.chosen(known, values.only), [], clean
    if values.together is not None:
        together = catalogue.chosen(catalogue.defects(), values.together)
        if len(together) < 2:
            raise UsageError("--together names a single defect.", "Name at least two, or use --only.")
        return [], together, clean
    if values.some is not None:
        return catalogue.rotated(catalogue.tried(known), _whole("--some", values.some, least=0)), [], clean
    return list(known.values()), catalogue.chosen(catalogue.defects(), catalogue.together()), clean


@dataclass(slots=True)
class _Trials:
    """Pieces of work; each adds its result and prints a line."""

    conditions: Conditions
    console: Console
    stop: threading.Event
    results: list[Trial] = field(default_factory=list)
    firsts: list[tuple[str, Finding]] = field(default_factory=list)  # of those caught, with the id of the fault
    clean_runs: list[Clean] = field(default_factory=list)
    at_once: Together | None = None

    def alone(self, defect: Known) -> Callable[[], None]:
        """Judge one defect up to the first test that fails, and once more to the end if that had another reason."""

        def work() -> None:
            try:
                outcome = run([defect], self.conditions, defect.id, self.stop, first=True)
                trial = score.trial(defect, outcome, at_first=True)
                if trial.result != "caught" and outcome.sightings and not outcome.error:
                    again = run([defect], self.conditions, defect.id, self.stop, until=lambda seen: seen.about(defect))
                    trial = score.trial(defect, again, at_first=False, earlier=outcome)
                    outcome = again
                if trial.first:
                    self.firsts.append((defect.id, outcome.groups[0].first))
            except GateError as error:
                trial = score.trial(defect, Outcome(error=str(error)), at_first=False)
            self.results.append(trial)
            seconds = "" if trial.seconds is None else f"{trial.seconds:5.1f} s"
            codes = " ".join(trial.codes) or f"{' '.join(trial.reason.split())} {' '.join(trial.others)}"
            first = "" if trial.first or not trial.first_finding else f" (first: {trial.first_finding})"
            named = "" if trial.named or trial.result != "caught" else " (cause not named)"
            head = f"{trial.result:<6}", f" {trial.id} {seconds:>7} {trial.by:<6}"
            self._print(*head, f"{trial.slug}: {codes}{named}{first}", _STYLES[trial.result])

        return work

    def together(self, defects: Sequence[Defect]) -> Callable[[], None]:
        """Judge several defects in one runner, until the causes of all are named."""

        def all_named(outcome: Outcome) -> bool:
            return len(score.apart(defects, outcome).named) == len(defects)

        def work() -> None:
            try:
                outcome = run(defects, self.conditions, "together", self.stop, until=all_named)
            except GateError as error:
                outcome = Outcome(error=str(error))
            self.at_once = result = score.apart(defects, outcome)
            style = "green" if result.enough else "bold red"
            text = f"{', '.join(result.named)} {result.error}"
            self._print(
                f"{len(result.named)} of {len(result.defects)}", " causes named apart in one runner:", text, style
            )

        return work

    def clean(self, seed: int) -> Callable[[], None]:
        """Judge the runner without a defect."""

        def work() -> None:
            outcome = run([], replace(self.conditions, seed=seed), f"clean-{seed}", self.stop)
            findings = [f"{each.finding.code} {each.finding.where}" for each in outcome.sightings]
            seconds = round(outcome.seconds, 1)
            self.clean_runs.append(Clean(seed=seed, findings=findings, seconds=seconds, error=outcome.error))
            style = "bold red" if findings or outcome.error else "green"
            text = ", ".join(findings) or outcome.error or "no finding"
            self._print("clean ", f" seed {seed} {seconds:5.1f} s", text, style)

        return work

    def _print(self, head: str, details: str, text: str, style: str) -> None:
        self.console.print(f"[{style}]{head}[/]{details}", end=" ")
        self.console.print(text, markup=False)
