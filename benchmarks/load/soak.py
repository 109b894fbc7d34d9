"""``bench soak``: a steady load for a long time, after which nothing may have grown."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from beacon.load_codes import LEAK
from benchmarks import reports
from benchmarks.command_line import positive
from benchmarks.load import plan, report
from benchmarks.load.cli import Display
from benchmarks.load.run import Outcome, Wanted, run
from benchmarks.load.trends import LEAKING, LIKELY, Trend, trend, trends
from gate.core.findings import Finding
from gate.verdict import report_directory

SETTLING = 1 / 3
"""Share of the time after which nothing may grow: ten minutes of thirty."""
MOST_RISE, LEAST_RISE = 0.03, 0.01
"""Rise between the medians of the first and the last fifth of what follows that is too much; with a trend, and below
which a trend is nobody's concern."""
STRETCHES = 24


def soak(words: Sequence[str], console: Console) -> int:
    """Run the load, print the trends and the verdict, and return the exit code."""
    values = _parser().parse_args(words)
    seconds = 60.0 * values.minutes
    wanted = Wanted(rate=values.rate, users=max(4, values.rate), seconds=seconds, seed=values.seed)
    report_directory.claim(values.report_dir)
    with Display(console, wanted) as display:
        outcome = run(wanted, plan.read(), values.report_dir, None, display.say, display.show)
    seen = observed(outcome)
    outcome.judgement.findings += findings(seen)
    report.write(outcome, ["./scripts/bench", "soak", *words], values.report_dir)
    reports.write(values.report_dir, "soak", [str(each) for each in seen], _lines(outcome, seen))
    _, code, _ = report.verdict(outcome)
    console.print("\n".join([*map(str, seen), *report.lines(outcome)]), markup=False, style="bold red" if code else "")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench soak",
        description="Submits jobs at a steady rate for a long time. After a third of it, memory, connections, file "
        "descriptors, the queue's tables, series of metrics and bytes of log for a job may not grow: no upward trend "
        f"(Mann-Kendall, p < {LIKELY}) and at most {MOST_RISE:.0%} between the first and the last fifth of the rest.",
        epilog="Exit codes: 0 nothing grows and nothing is wrong, 1 otherwise, 2 usage, 3 the run could not judge.",
        allow_abbrev=False,
    )
    parser.add_argument("--minutes", type=float, default=30.0, metavar="N", help="how long (default: 30)")
    parser.add_argument("--rate", type=positive, default=20, metavar="N", help="jobs a second (default: 20)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the jobs (default: 0)")
    help_ = "where soak.md and the reports of the load go (default: reports/soak)"
    parser.add_argument("--report-dir", type=Path, default=Path("reports/soak"), metavar="DIR", help=help_)
    return parser


def observed(outcome: Outcome) -> list[Trend]:
    """The trends of a run once it has settled."""
    samples = outcome.steady(SETTLING)
    logged: list[float] = []
    width = max(1, len(samples) // STRETCHES)
    for first, last in zip(samples[::width], samples[width::width], strict=False):
        jobs = sum(answer.submission and first.at <= answer.at < last.at for answer in outcome.answers)
        if jobs and first.log_bytes is not None and last.log_bytes is not None:
            logged.append((last.log_bytes - first.log_bytes) / jobs)
    return [*trends(samples, ["memory", *LEAKING]), *([trend("log_bytes", logged)] if logged else [])]


def findings(seen: Sequence[Trend]) -> Iterator[Finding]:
    """A finding for each quantity that grows."""
    names = {**LEAKING, "memory": "memory of the runner, MB", "log_bytes": "characters of log for a job"}
    for each in seen:
        number = each.late - each.early
        if number > 1 and (each.rise > MOST_RISE or (each.chance < LIKELY and each.rise > LEAST_RISE)):
            yield Finding(LEAK, names[each.name], "no rise while the load stays the same", str(each))


def _lines(outcome: Outcome, seen: Sequence[Trend]) -> Iterator[str]:
    wanted = outcome.wanted
    yield from ("# Soak", "", f"{wanted.rate:g} jobs a second for {wanted.seconds / 60:g} minutes.", "")
    rows = ((e.name, f"{e.early:.4g}", f"{e.late:.4g}", f"{e.rise:+.2%}", f"{e.chance:.3g}") for e in seen)
    yield from reports.table(("quantity", "early", "late", "rise", "p"), rows)
    yield from ("", *report.lines(outcome))
