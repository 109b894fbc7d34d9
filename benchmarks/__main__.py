"""``python -m benchmarks``: a table of figures; or mutation, peers, kills or staging."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.table import Table

from benchmarks import command_line, figures
from benchmarks.backfill import backfill
from benchmarks.measuring import Figure
from gate.core.errors import Exit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    console = Console(highlight=False, soft_wrap=True)
    command = {"mutation": _mutation, "peers": _peers, "kills": _kills, "staging": _staging}.get(
        words[0] if words else ""
    )
    run = (lambda: command(words[1:], console)) if command else (lambda: measure(words, console))
    return command_line.exit_code("bench", run, console)


def _mutation(words: Sequence[str], console: Console) -> int:
    from benchmarks.mutation.cli import mutation  # noqa: PLC0415 (loaded only when the command is called)

    return mutation(words, console)


def _peers(words: Sequence[str], console: Console) -> int:
    from benchmarks.peers.cli import peers  # noqa: PLC0415 (as above)

    return peers(words, console)


def _kills(words: Sequence[str], console: Console) -> int:
    from benchmarks.kills import kills  # noqa: PLC0415 (as above)

    return kills(words, console)


def _staging(words: Sequence[str], console: Console) -> int:
    from benchmarks.staging.cli import staging  # noqa: PLC0415 (as above)

    return staging(words, console)


def _fuzz(runs: int) -> Iterator[Figure]:
    from benchmarks.fuzzing import fuzz  # noqa: PLC0415 (loads schemathesis)

    return fuzz(runs)


def _containers(runs: int) -> Iterator[Figure]:
    from benchmarks.containers import containers  # noqa: PLC0415 (loads the client of the engine)

    return containers(runs)


BENCHMARKS: dict[str, Callable[[int], Iterator[Figure]]] = {
    "start-up": figures.start_up,
    "clone": figures.clone,
    "gate": figures.gate,
    "submit": figures.submit,
    "growth": figures.growth,
    "oracles": figures.oracles,
    "fuzz": _fuzz,
    "backfill": backfill,
    "containers": _containers,
}
ON_REQUEST = {"containers"}
"""Benchmarks that need more than every machine has; they run only when they are named."""


def measure(words: Sequence[str], console: Console) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        prog="bench",
        description="Measures the gate and the reference runner.",
        epilog="bench mutation --help explains mutants of the runner, bench peers --help other tools, bench kills "
        "--help what outlives a killed run, and bench staging --help a database that others use.",
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
        for figure in BENCHMARKS[name](values.runs):
            cells = (
                f"{value:.3g}" if value < 100 else f"{value:.0f}"
                for value in (statistics.median(figure.values), min(figure.values), max(figure.values))
            )
            table.add_row(figure.name, *cells, figure.unit, figure.goal, str(len(figure.values)))
    console.print(table)
    return Exit.PASS


if __name__ == "__main__":
    sys.exit(main())
