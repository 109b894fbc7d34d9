"""``bench foreign``: services that others wrote and a small one of our own, judged by the engine and by ``st run``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import reports
from benchmarks.command_line import positive
from benchmarks.foreign import judging, replays, stock
from benchmarks.foreign.faults import faults
from benchmarks.foreign.report import Outcome, markdown
from benchmarks.foreign.services import SUBJECTS, Subject, bring_node
from gate.core.errors import Exit
from gate.core.settings import DEPTHS

SMALL = "small"


def foreign(words: Sequence[str], console: Console) -> int:
    """Run the command and return the exit code."""
    values = _parser().parse_args(words)
    bring_node()
    outcomes: list[Outcome] = []
    names = values.services or list(SUBJECTS)
    if values.replays:
        return replays.try_all([SUBJECTS[name] for name in names], values.report_dir, console)
    for name in names:
        for seed in range(values.seed, values.seed + values.seeds):
            outcomes.append(_outcome(SUBJECTS[name], seed, values, console))
            document = [outcome.document() for outcome in outcomes]
            reports.write(values.report_dir, "foreign", document, markdown(outcomes))
    console.print("\n".join(markdown(outcomes)), markup=False)
    console.print(f"reports in {values.report_dir}")
    return exit_code(outcomes, values.at_least)


def _outcome(subject: Subject, seed: int, values: Any, console: Console) -> Outcome:
    """Run each tool on the service, and the gate on the small one without a fault."""
    outcome = Outcome(subject, seed)
    directory = values.report_dir / f"{subject.name}-{seed}"
    console.print(f"{subject.name}, seed {seed}: {judging.TOOL} for {values.seconds} s ...", style="dim")
    with subject.directory() as service:
        outcome.readings.append(judging.run(service, directory, values.seconds, seed, values.depth))
        if not values.no_peer:
            console.print(f"{subject.name}, seed {seed}: {stock.TOOL} for {values.seconds} s ...", style="dim")
            outcome.readings.append(stock.run(service, values.seconds, seed))
    if subject.name == SMALL:
        seconds = values.clean_seconds or values.seconds
        console.print(f"{subject.name}, without a fault: {judging.TOOL} for {seconds} s ...", style="dim")
        with subject.directory(()) as service:
            reports_of = values.report_dir / f"{subject.name}-clean-{seed}"
            outcome.clean = judging.run(service, reports_of, seconds, seed, values.depth)
    return outcome


def exit_code(outcomes: Sequence[Outcome], at_least: int) -> Exit:
    """3 if a run came to nothing, 1 for a false finding or fewer seeded faults than there have to be, else 0."""
    if not outcomes or any(reading.error for outcome in outcomes for reading in outcome.all_readings):
        return Exit.UNJUDGED
    missed = any(outcome.subject.name == SMALL and len(outcome.named) < at_least for outcome in outcomes)
    return Exit.BROKEN if missed or any(outcome.false for outcome in outcomes) else Exit.PASS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench foreign",
        description="Judges services with nothing but their declaration: a small one of our own with "
        f"{len(faults())} seeded faults, Prefect and Unleash, which are fetched from their registries once. Stock "
        "schemathesis runs beside it, as long.",
        epilog="Exit codes: 0 no false finding, 1 a false finding, too few seeded faults or a replay that did not show "
        "its finding, 2 usage, 3 a run came to nothing.",
        allow_abbrev=False,
    )
    parser.add_argument("services", nargs="*", metavar="SERVICE", help=f"of {', '.join(SUBJECTS)} (default: all)")
    parser.add_argument("--seconds", type=positive, default=180, metavar="N", help="time for each tool (default: 180)")
    help_ = "time for the small service without a fault (default: that of --seconds)"
    parser.add_argument("--clean-seconds", type=positive, metavar="N", help=help_)
    parser.add_argument("--depth", choices=DEPTHS, default="ci", help="of the gate's run (default: ci)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the first seed (default: 1)")
    parser.add_argument(
        "--seeds", type=positive, default=1, metavar="N", help="runs with seeds of their own (default: 1)"
    )
    help_ = "seeded faults of the small service that have to be confirmed (default: 18)"
    parser.add_argument("--at-least", type=int, default=18, metavar="N", help=help_)
    parser.add_argument("--no-peer", action="store_true", help="without stock schemathesis")
    help_ = (
        f"instead of judging: try each replay file {replays.TIMES} times, those of the known faults and those of "
        "earlier runs in --report-dir"
    )
    parser.add_argument("--replays", action="store_true", help=help_)
    help_ = "where the reports go (default: reports)"
    parser.add_argument("--report-dir", type=Path, default=Path("reports"), metavar="DIR", help=help_)
    return parser
