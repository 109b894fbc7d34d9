"""``python -m benchmarks``: a table of figures, or one of the commands."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pkgutil import resolve_name

from rich.console import Console
from rich.table import Table

from benchmarks import command_line
from gate.core.errors import Exit

# By name, so that schemathesis or the client of an engine is loaded only where it is used.
COMMANDS = {
    "mutation": "benchmarks.mutation.cli:mutation",
    "peers": "benchmarks.peers.cli:peers",
    "kills": "benchmarks.kills:kills",
    "profile": "benchmarks.profile:profile",
    "staging": "benchmarks.staging.cli:staging",
    "changes": "benchmarks.changes.cli:changes",
    "foreign": "benchmarks.foreign.cli:foreign",
    "faults": "benchmarks.load.faults_cli:faults",
    "soak": "benchmarks.load.soak:soak",
    "seeded": "benchmarks.load.seeded:seeded_faults",
}
BENCHMARKS = {
    "start-up": "benchmarks.figures:start_up",
    "clone": "benchmarks.figures:clone",
    "gate": "benchmarks.figures:gate",
    "submit": "benchmarks.figures:submit",
    "growth": "benchmarks.figures:growth",
    "oracles": "benchmarks.figures:oracles",
    "fuzz": "benchmarks.fuzzing:fuzz",
    "backfill": "benchmarks.backfill:backfill",
    "judging": "benchmarks.load.rows:judging",
    "executions": "benchmarks.load.executions:executions",
    "stored": "benchmarks.load.stored:stored",
    "portal": "benchmarks.portal:portal",
    "containers": "benchmarks.containers:containers",
}
"""Functions that yield figures, from the number of runs of each."""
WIDE = 160
"""Characters of a line outside of a terminal, where nobody has set how wide a table may be."""
ON_REQUEST = {"containers"}
"""Benchmarks that need more than every machine has; they run only when they are named."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)
    name = COMMANDS.get(words[0] if words else "")
    run = (lambda: resolve_name(name)(words[1:], console)) if name else (lambda: measure(words, console))
    return command_line.exit_code("bench", run, console)


def measure(words: Sequence[str], console: Console) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        prog="bench",
        description="Measures the gate and the reference runner.",
        epilog="bench mutation --help explains mutants of the runner, bench peers --help other tools, bench kills "
        "--help what outlives a killed run, bench staging --help a database that others use, bench changes --help "
        "documents whose comparison has a known answer, bench foreign --help other services, bench faults --help the "
        "matrix of faults, bench soak --help a long run, and bench seeded --help faults of the runner that these find.",
    )
    parser.add_argument("name", nargs="*", help=f"{', '.join(BENCHMARKS)} (default: all but {', '.join(ON_REQUEST)})")
    help_ = "runs of each, of which the median counts (default: 5)"
    parser.add_argument("--runs", type=command_line.positive, default=5, metavar="N", help=help_)
    values = parser.parse_args(words)
    if unknown := set(values.name) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    table = Table("figure", "median", "least", "most", "unit", "goal", "runs")
    for name in values.name or [name for name in BENCHMARKS if name not in ON_REQUEST]:
        console.print(f"{name} ...", style="dim")
        for figure in resolve_name(BENCHMARKS[name])(values.runs):
            cells = (
                f"{value:.3g}" if value < 100 else f"{value:.0f}"
                for value in (statistics.median(figure.values), min(figure.values), max(figure.values))
            )
            table.add_row(figure.name, *cells, figure.unit, figure.goal, str(len(figure.values)))
    console.print(table)
    return Exit.PASS


if __name__ == "__main__":
    sys.exit(main())
