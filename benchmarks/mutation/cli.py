"""``bench mutation``: tries a sample of mutants of the runner, each with the gate at depth ci without fuzzing."""

from __future__ import annotations

import argparse
import queue
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from beacon.checkout import ROOT
from benchmarks.mutation.mutants import Mutant, Sample, enumerated, named, sampled
from benchmarks.mutation.report import LEAST, Result, reasons, write
from benchmarks.mutation.trial import Suite, Trial, clean
from gate.core.errors import Exit

STYLES = {"survived": "bold yellow", "error": "bold red"}
FIRST_LIMIT = 1200.0
"""Seconds that the suite may take on the unchanged runner; what a mutant may take follows from what it took."""


def mutation(words: Sequence[str], console: Console) -> int:
    """Runs the command and returns the exit code."""
    given = _parser().parse_args(words)
    started = time.monotonic()
    if given.only:
        sample = named(ROOT, given.only.split(","))
    else:
        console.print("looking for mutants ...", style="dim")
        sample = sampled(ROOT, enumerated(ROOT), given.sample, given.seed)
    trials: list[Trial] = []
    known = reasons()

    def result() -> Result:
        return Result(given.seed, sample, trials, known, time.monotonic() - started)

    def ended(trial: Trial) -> None:
        trials.append(trial)
        write(result(), given.report_dir)  # each time, so that a run that is ended has told what it knows
        _show(result(), trial, console)

    try:
        with tempfile.TemporaryDirectory(prefix="gate-mutation-") as directory:
            suites = [
                Suite(ROOT, Path(directory, str(number)), time_factor=given.time_factor, limit=FIRST_LIMIT)
                for number in range(given.jobs)
            ]
            _try_all(suites, sample, ended, console)
    except KeyboardInterrupt:
        console.print(f"bench: interrupted after {len(trials)} of {len(sample.mutants)} mutants.")
        return Exit.UNJUDGED
    console.print(f"\n{result().summary()}")
    console.print(f"reports in {given.report_dir}; {time.monotonic() - started:.0f} s")
    return result().exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench mutation",
        description="Changes the runner in small ways, one at a time and in a copy, and tells which of these mutants "
        "the gate (depth ci, without fuzzing) notices.",
        epilog=f"Exit codes: 0 at least {LEAST:.0%} are killed, 1 fewer are, 2 usage, 3 something could not be tried.",
        allow_abbrev=False,
    )
    parser.add_argument("--sample", type=_positive, default=100, metavar="N", help="how many mutants (default: 100)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="which mutants (default: 0)")
    parser.add_argument("--only", metavar="ID,...", help="these mutants, by the ids that an earlier run showed")
    parser.add_argument("--jobs", type=_positive, default=2, metavar="N", help="mutants tried at once (default: 2)")
    parser.add_argument(
        "--time-factor",
        type=float,
        default=2.0,
        metavar="X",
        help="multiplies every deadline of the suite, which shares the machine with its likes (default: 2)",
    )
    parser.add_argument(
        "--report-dir",
        type=Path,
        default=Path("reports"),
        metavar="DIR",
        help="where the reports go (default: reports)",
    )
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 up")
    return int(text)


def _try_all(suites: Sequence[Suite], sample: Sample, ended: Callable[[Trial], None], console: Console) -> None:
    """Tries the unchanged runner, then all mutants of the sample, as many at once as there are copies of the suite."""
    free = queue.SimpleQueue[Suite]()

    def attempt(mutant: Mutant) -> Trial:
        suite = free.get()
        try:
            return suite.try_(mutant)
        finally:
            free.put(suite)

    with ThreadPoolExecutor(len(suites)) as pool, _ended_with(suites, pool):
        console.print("the unchanged runner ...", style="dim")
        seconds = pool.submit(clean, suites[0]).result()
        console.print(f"the unchanged runner passes in {seconds:.0f} s", style="dim")
        for suite in suites:
            suite.limit = 3 * seconds + 60
            free.put(suite)
        for future in as_completed([pool.submit(attempt, mutant) for mutant in sample.mutants]):
            ended(future.result())


@contextmanager
def _ended_with(suites: Sequence[Suite], pool: ThreadPoolExecutor) -> Iterator[None]:
    """Takes everything down that runs, as soon as anything goes wrong: Ctrl-C, SIGTERM or an error."""
    # SIGINT as well: a shell that starts a command in the background has it ignored, by all that the command starts.
    before = {one: signal.signal(one, signal.default_int_handler) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for suite in suites:
            suite.stop()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(result: Result, trial: Trial, console: Console) -> None:
    """One line for each trial as it ends, and the change that nothing noticed."""
    mutant = trial.mutant
    console.print(
        f"{len(result.trials):>4}/{len(result.sample.mutants)} {trial.outcome:<15} {trial.seconds:6.1f} s  "
        f"{mutant.id} (line {mutant.span[0][0]})  {'; '.join(trial.by[:1])}",
        style=STYLES.get(trial.outcome, ""),
        markup=False,
    )
    if trial.outcome == "survived":
        console.print(trial.diff, markup=False)
        console.print(f"  reason: {result.why(trial) or 'none is given'}", markup=False)
