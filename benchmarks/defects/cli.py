"""``gate defects``: the gate against each known defect, several at a time, and the score."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.defects import catalogue, score
from benchmarks.defects.catalogue import Defect
from benchmarks.defects.score import Clean, Together, Trial
from benchmarks.defects.trial import Conditions, Seen, Stopped, run
from gate.core import settings as options
from gate.core.errors import Exit, GateError, UsageError
from gate.core.settings import Settings
from gate.verdict import report_directory

TAKEN = frozenset({"--seed", "--time-factor", "--report-dir"})
"""Options of the gate that each of its runs is given."""
_STYLES = {"caught": "green", "missed": "bold red", "error": "bold magenta"}


def parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    made = argparse.ArgumentParser(
        prog="gate defects",
        description="Proves that the gate bites: runs it at depth ci against the reference runner with each defect "
        "that the deployed system had, and against the clean one. A defect is caught only by a finding about it.",
        epilog="Exit codes: 0 all were caught and the clean runner has no finding, 1 not so, 2 usage, 3 a run could "
        "not be judged.",
        allow_abbrev=False,
    )
    which = made.add_mutually_exclusive_group()
    which.add_argument("--only", metavar="D01,...", help="these defects")
    which.add_argument("--third", metavar="N", help="every third defect, from the Nth on; N may be any whole number")
    which.add_argument("--together", metavar="D01,...", help="these defects in one runner at once")
    made.add_argument(
        "--without-rows",
        action="store_true",
        help="judge over HTTP alone, as on a remote target without a database; 60 %% of the defects are then enough",
    )
    made.add_argument("--jobs", metavar="N", default="auto", help="gates at a time (default: auto, one a core)")
    made.add_argument(
        "--clean",
        metavar="N",
        help="runs against the clean runner, each at a seed of its own (default: 1; with --only or --together none)",
    )
    for option in options.OPTIONS:
        if option.flag in TAKEN:
            made.add_argument(option.flag, **option.arguments())
    return made


@dataclass(slots=True)
class Table:
    """The results so far."""

    trials: list[Trial] = field(default_factory=list)
    clean: list[Clean] = field(default_factory=list)
    together: Together | None = None


Work = Callable[[], None]


def defects(words: Sequence[str]) -> Exit:
    """Runs the command line and returns the exit code."""
    values = parser().parse_args(words)
    known = catalogue.defects()
    alone, at_once, clean = _asked(values, known)
    settings = _settings(values)
    jobs = settings.workers if values.jobs == "auto" else _whole("--jobs", values.jobs, least=1)
    directory = settings.report_dir
    report_directory.prepare(directory)
    for name in ("defects.json", "defects.md"):
        (directory / name).unlink(missing_ok=True)
    workers = max(1, settings.workers // jobs)
    conditions = Conditions(
        directory / "defects", workers, settings.seed, settings.time_factor, without_rows=values.without_rows
    )
    console, table, stop, started = (
        Console(highlight=False, soft_wrap=True),
        Table(),
        threading.Event(),
        time.monotonic(),
    )
    bench = _Bench(conditions, table, console, stop)
    work = [(f"clean {seed}", bench.clean(seed)) for seed in range(conditions.seed, conditions.seed + clean)]
    if at_once:
        work.append(("together", bench.together(at_once)))
    work += [(defect.id, bench.alone(defect)) for defect in alone]
    _work_off(work, jobs, console, stop)
    done = score.score(
        table.trials, table.clean, table.together, time.monotonic() - started, without_rows=values.without_rows
    )
    score.write(done, directory)
    console.print("\n" + "\n".join(done.lines()) + f"\nReports in {directory}: defects.md, defects.json.")
    return done.exit_code


def _settings(values: argparse.Namespace) -> Settings:
    """The gate's own settings: those that the command takes as they were given, all others by default."""
    every = argparse.ArgumentParser()
    options.add_to(every)
    return options.settings(argparse.Namespace(**{**vars(every.parse_args([])), **vars(values)}))


def _whole(flag: str, text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise UsageError(f"{flag} is {text!r}.", f"Expected a whole number from {least} up.")
    return int(text)


def _asked(values: argparse.Namespace, known: dict[str, Defect]) -> tuple[list[Defect], list[Defect], int]:
    """Which defects alone, which at once, and how many clean runs."""
    some = values.only is not None or values.together is not None
    clean = int(not some) if values.clean is None else _whole("--clean", values.clean, least=0)
    if values.only is not None:
        return catalogue.chosen(known, values.only), [], clean
    if values.together is not None:
        at_once = catalogue.chosen(known, values.together)
        if len(at_once) < 2:
            raise UsageError("--together names a single defect.", "Name at least two, or use --only.")
        return [], at_once, clean
    if values.third is not None:
        return catalogue.third(list(known.values()), _whole("--third", values.third, least=0)), [], clean
    return list(known.values()), catalogue.chosen(known, catalogue.together()), clean


@dataclass(frozen=True, slots=True)
class _Bench:
    """Makes the pieces of work; each fills its place in the table and prints its line."""

    conditions: Conditions
    table: Table
    console: Console
    stop: threading.Event

    def alone(self, defect: Defect) -> Work:
        """One defect: until the first test that fails, and on to the end where that told of something else."""

        def work() -> None:
            try:
                seen = run([defect], self.conditions, defect.id, self.stop, first=True)
                result = score.trial(defect, seen, at_first=True)
                if result.result != "caught" and seen.sightings and not seen.error:
                    again = run([defect], self.conditions, defect.id, self.stop, until=lambda seen: seen.about(defect))
                    result = score.trial(defect, again, at_first=False, before=seen.seconds)
            except GateError as error:
                result = score.trial(defect, Seen(error=str(error)), at_first=False)
            self.table.trials.append(result)
            self._say(result)

        return work

    def _say(self, one: Trial) -> None:
        seconds = "" if one.seconds is None else f"{one.seconds:5.1f} s"
        codes = " ".join(one.codes) or f"{' '.join(one.reason.split())} {' '.join(one.others)}"
        named = "" if one.named or one.result != "caught" else " (cause not named)"
        style = _STYLES[one.result]
        self.console.print(f"[{style}]{one.result:<6}[/] {one.id} {seconds:>7} {one.by:<6}", end=" ")
        self.console.print(f"{one.slug}: {codes}{named}", markup=False)

    def together(self, at_once: Sequence[Defect]) -> Work:
        """Several defects in one runner, until the causes of all are named."""

        def all_named(seen: Seen) -> bool:
            return len(score.apart(at_once, seen).named) == len(at_once)

        def work() -> None:
            try:
                seen = run(at_once, self.conditions, "together", self.stop, until=all_named)
            except GateError as error:
                seen = Seen(error=str(error))
            self.table.together = result = score.apart(at_once, seen)
            style = "green" if result.enough else "bold red"
            self.console.print(
                f"[{style}]{len(result.named)} of {len(result.defects)}[/] causes told apart at once: "
                f"{', '.join(result.named)} {result.error}"
            )

        return work

    def clean(self, seed: int) -> Work:
        """The runner without a defect."""

        def work() -> None:
            seen = run([], replace(self.conditions, seed=seed), f"clean-{seed}", self.stop)
            found = [f"{one.finding.code} {one.finding.where}" for one in seen.sightings]
            self.table.clean.append(Clean(seed=seed, findings=found, seconds=round(seen.seconds, 1), error=seen.error))
            told = ", ".join(found) or seen.error or "no finding"
            style = "bold red" if found or seen.error else "green"
            self.console.print(f"[{style}]clean [/] seed {seed} {seen.seconds:5.1f} s", end=" ")
            self.console.print(told, markup=False)

        return work


def _work_off(work: Sequence[tuple[str, Work]], jobs: int, console: Console, stop: threading.Event) -> None:
    """Does all of the work, so many pieces at a time; on Ctrl-C ends what is under way and raises KeyboardInterrupt."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with (
            Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
            ThreadPoolExecutor(jobs) as pool,
        ):
            shown = progress.add_task("", total=len(work))
            under_way: dict[Future[None], str] = {}
            waiting = list(work)
            try:
                while waiting or under_way:
                    while waiting and len(under_way) < jobs:
                        name, piece = waiting.pop(0)
                        under_way[pool.submit(piece)] = name
                    progress.update(shown, description=" ".join(under_way.values()))
                    ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
                    for one in ended:
                        under_way.pop(one)
                        progress.advance(shown)
                        one.result()
            except BaseException:
                stop.set()
                console.print("ending what is under way ...")
                raise
    except Stopped as error:
        raise KeyboardInterrupt from error
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
