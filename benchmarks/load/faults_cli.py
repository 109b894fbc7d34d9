"""``bench faults``: the matrix of faults, all of it or as much as a budget allows."""

from __future__ import annotations

import argparse
import random
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from beacon.checkout import ROOT
from beacon.service import service
from benchmarks import reports
from benchmarks.command_line import positive
from benchmarks.load.answers import percentile
from benchmarks.load.faults import CAUSES
from benchmarks.load.matrix import Cell, Result, Trial, cells, theatre
from gate.core.errors import Exit


def faults(words: Sequence[str], console: Console) -> int:
    """Run cells, print those with findings and a summary, and return the exit code."""
    values = _parser().parse_args(words)
    chance = random.Random(values.seed)
    chosen = _chosen(values, chance)
    commands = {"serve": values.runner_command} if values.runner_command else {}
    results, run, over = list[Result](), secrets.token_hex(4), time.monotonic() + (values.budget or float("inf"))
    with theatre(service(ROOT, {"RUNNER_DATABASE_POOL": "4"}, **commands)) as running:
        for number, cell in enumerate(chosen):
            if time.monotonic() > over:
                break
            started = time.monotonic()
            result = Trial(running, cell, f"cell-{run}-{number}", chance).run()
            results.append(result)
            state = "FAILED" if result.findings else "passed"
            total = "" if values.budget else f" of {len(chosen)}"
            text = f"{number + 1:4}{total} {state} {cell}: {time.monotonic() - started:.1f} s"
            console.print(text, style="bold red" if result.findings else "", markup=False)
            for finding in result.findings:
                console.print(f"       {finding.code} {finding.kind.title}: {finding.line}", markup=False)
            if values.fail_fast and result.findings:
                break
    reports.write(values.report_dir, "faults", _document(results, values.seed), _lines(results, values.seed))
    console.print("\n".join(summary(results)), markup=False)
    if not results:
        return Exit.UNJUDGED
    return Exit.BROKEN if any(result.findings for result in results) else Exit.PASS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench faults",
        description="Puts each fault of contracts/faults.toml before, into and after each step of a job of both "
        "workflows, and judges what is left: accounts, invariants and every oracle.",
        epilog="Exit codes: 0 all cells passed, 1 one has a finding, 2 usage, 3 none was judged.",
        allow_abbrev=False,
    )
    help_ = "seconds after which no further cell begins; without it every cell runs once"
    parser.add_argument("--budget", type=positive, metavar="SECONDS", help=help_)
    help_ = "this many cells, chosen by the seed, again and again where there are fewer (default: all)"
    parser.add_argument("--cells", type=positive, metavar="N", help=help_)
    parser.add_argument("--cause", choices=CAUSES, nargs="+", metavar="NAME", help=f"of {', '.join(CAUSES)}")
    parser.add_argument("-k", dest="word", default="", metavar="TEXT", help="only cells with this text in their name")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of cells and moments (default: 0)")
    parser.add_argument("--fail-fast", action="store_true", help="end with the first cell that has a finding")
    parser.add_argument("--runner-command", metavar="COMMAND", help="starts the build (default: the reference runner)")
    help_ = "where faults.md and faults.json go (default: reports/faults)"
    parser.add_argument("--report-dir", type=Path, default=Path("reports/faults"), metavar="DIR", help=help_)
    return parser


def _chosen(values: argparse.Namespace, chance: random.Random) -> list[Cell]:
    """The cells of the command line, in their order; with a number of cells or a budget in one by the seed."""
    known = [cell for cell in cells() if cell.cause in (values.cause or CAUSES) and values.word in str(cell)]
    if not known or not (values.cells or values.budget):
        return known
    number = values.cells or 100_000
    chosen: list[Cell] = []
    while len(chosen) < number:
        chosen += chance.sample(known, len(known))
    return chosen[:number]


def summary(results: Sequence[Result]) -> Iterator[str]:
    """Yield the number of cells that passed, and how soon jobs ended after the faults."""
    passed = [result for result in results if not result.findings]
    resumed = [result.resumed for result in results]
    soon = f"after the fault jobs ended within {percentile(resumed, 0.95):.1f} s (p95)"
    yield f"{len(passed)} of {len(results)} cells passed; {soon}"


def _document(results: Sequence[Result], seed: int) -> object:
    return {
        "seed": seed,
        "cells": [
            {
                "cell": str(result.cell),
                "resumed": round(result.resumed, 2),
                "findings": [finding.as_dict() for finding in result.findings],
            }
            for result in results
        ],
    }


def _lines(results: Sequence[Result], seed: int) -> Iterator[str]:
    yield from ("# Faults", "", f"Seed {seed}. {next(summary(results))}", "")
    rows = (
        (result.cell.cause, result.cell.moment, result.cell.workflow, f"{result.resumed:.1f}", _codes_of(result))
        for result in results
    )
    yield from reports.table(("cause", "moment", "workflow", "seconds to resume", "findings"), rows)


def _codes_of(result: Result) -> str:
    return "; ".join(f"{finding.code} {finding.where}" for finding in result.findings) or "none"
