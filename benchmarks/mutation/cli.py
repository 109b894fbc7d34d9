"""``bench mutation``: a sample of mutants of the runner, each judged by the gate at depth ci without fuzzing."""

from __future__ import annotations

import argparse
import queue
import tempfile
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from beacon.checkout import ROOT
from benchmarks.command_line import positive
from benchmarks.mutation.mutants import Mutant, enumerated, named, sampled
from benchmarks.mutation.report import MOST_REASONS, Result, earlier, reasons, write
from benchmarks.mutation.trial import Suite, Trial
from benchmarks.running import run_all

STYLES = {"survived": "bold yellow", "error": "bold red"}
FIRST_LIMIT = 1200.0
"""Time in seconds for the suite on the unchanged runner; the limit of a mutant follows from its duration."""


def mutation(words: Sequence[str], console: Console) -> int:
    """Run the command and return the exit code."""
    values = _parser().parse_args(words)
    started = time.monotonic()
    if values.only:
        sample = named(ROOT, values.only.split(","))
    else:
        console.print("looking for mutants ...", style="dim")
        sample = sampled(ROOT, enumerated(ROOT), values.sample, values.seed)
    trials = [] if values.only else earlier(ROOT, sample, values.report_dir, retry=values.retry)
    left = [mutant for mutant in sample.mutants if mutant not in {trial.mutant for trial in trials}]
    if trials:
        console.print(f"{len(trials)} of {len(sample.mutants)} were tried before", style="dim")
    known = reasons()
    stop = threading.Event()
    free = queue.SimpleQueue[Suite]()

    def result() -> Result:
        return Result(values.seed, sample, trials, known, time.monotonic() - started)

    def judge(mutant: Mutant) -> Trial:
        suite = free.get()
        try:
            return suite.judge_mutant(mutant)
        finally:
            free.put(suite)

    def done(trial: Trial) -> None:
        trials.append(trial)
        write(result(), values.report_dir)  # each time, so that an interrupted run has reported what it knows
        _print(result(), trial, console)

    def passes(seconds: float) -> None:
        console.print(f"the unchanged runner passes in {seconds:.0f} s", style="dim")
        for suite in suites:
            suite.limit = 3 * seconds + 60
            free.put(suite)

    with tempfile.TemporaryDirectory(prefix="gate-mutation-") as directory:
        suites = [
            Suite(ROOT, Path(directory, str(number)), stop, time_factor=values.time_factor, limit=FIRST_LIMIT)
            for number in range(values.jobs)
        ]
        console.print("the unchanged runner ...", style="dim")
        run_all({"clean": suites[0].clean}, 1, stop, passes, console)
        run_all({mutant.id: partial(judge, mutant) for mutant in left}, values.jobs, stop, done, console)
    console.print(f"\n{result().summary()}")
    console.print(f"reports in {values.report_dir}; {time.monotonic() - started:.0f} s")
    return result().exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench mutation",
        description="Changes the runner in small ways, one at a time and in a copy, and reports which of these mutants "
        "the gate (depth ci, fuzzing last) notices. Goes on where an earlier run with the same reports was ended.",
        epilog=f"Exit codes: 0 all are killed but at most {MOST_REASONS:.0%}, each of these with a reviewed reason in "
        "reasons.toml, 1 otherwise, 2 usage, 3 something could not be tried.",
        allow_abbrev=False,
    )
    parser.add_argument("--sample", type=positive, default=100, metavar="N", help="number of mutants (default: 100)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="selects the mutants (default: 0)")
    parser.add_argument("--only", metavar="ID,...", help="these mutants, by the ids that an earlier run showed")
    help_ = "try those again that survived in the run before"
    parser.add_argument("--retry", action="store_true", help=help_)
    parser.add_argument("--jobs", type=positive, default=2, metavar="N", help="mutants tried at once (default: 2)")
    help_ = "multiplies every deadline of the suite, which shares the machine with its copies (default: 2)"
    parser.add_argument("--time-factor", type=float, default=2.0, metavar="X", help=help_)
    help_ = "where the reports go (default: reports)"
    parser.add_argument("--report-dir", type=Path, default=Path("reports"), metavar="DIR", help=help_)
    return parser


def _print(result: Result, trial: Trial, console: Console) -> None:
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
