"""``python -m benchmarks``: prints a table of figures, each the median of several runs, or passes on to a study."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.figures import BENCHMARKS, NEED_MORE
from gate.core.errors import Exit, GateError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what was asked for and returns the exit code; every error is one sentence, never a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    console = Console(highlight=False, soft_wrap=True)
    try:
        if words[:1] == ["mutation"]:
            from benchmarks.mutation.cli import mutation  # noqa: PLC0415 (its libraries would slow down the others)

            return mutation(words[1:], console)
        if words[:1] == ["peers"]:
            from benchmarks.peers.cli import peers  # noqa: PLC0415 (its libraries would slow down the others)

            return peers(words[1:], console)
        return figures(words, console)
    except GateError as error:
        console.print(f"bench: {error}", style="red", markup=False)
        return error.exit_code
    except KeyboardInterrupt:
        console.print("bench: interrupted.")
        return Exit.UNJUDGED


def figures(words: Sequence[str], console: Console) -> int:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(
        prog="bench",
        description="Measures the gate and the reference runner.",
        epilog="bench mutation --help tells of mutants of the runner, bench peers --help of other tools.",
    )
    parser.add_argument("name", nargs="*", help=f"{', '.join(BENCHMARKS)} (default: all but {', '.join(NEED_MORE)})")
    parser.add_argument(
        "--runs", type=int, default=5, metavar="N", help="runs of each, of which the median counts (default: 5)"
    )
    given = parser.parse_args(words)
    unknown = set(given.name) - set(BENCHMARKS)
    if unknown or given.runs < 1:
        parser.error(f"no such benchmark: {', '.join(unknown)}" if unknown else "--runs needs a number from 1 up")
    table = Table("figure", "median", "least", "most", "unit", "to reach", "runs")
    for name in given.name or [one for one in BENCHMARKS if one not in NEED_MORE]:
        console.print(f"{name} ...", style="dim")
        for what, measured, unit, limit in BENCHMARKS[name](given.runs):
            shown = (
                f"{value:.3g}" if value < 100 else f"{value:.0f}"
                for value in (statistics.median(measured), min(measured), max(measured))
            )
            table.add_row(what, *shown, unit, limit, str(len(measured)))
    console.print(table)
    return Exit.PASS


if __name__ == "__main__":
    sys.exit(main())
