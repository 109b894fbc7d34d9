"""``bench changes``: compares documents whose answer is known."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence

from rich.console import Console

from benchmarks.changes.pairs import NONE, Pair, pairs
from gate.contract.diff import Change, compare
from gate.core.errors import Exit

MOST_SHOWN = 20
"""Wrong answers that are printed."""


def changes(words: Sequence[str], console: Console) -> int:
    """Compare every pair and print those whose answer is wrong."""
    parser = argparse.ArgumentParser(
        prog="bench changes",
        description="Compares pairs of documents that differ in one thing, whose right answer is known: each keyword "
        "of a schema tightened, loosened and said otherwise, at each place, and each part of a document.",
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth pair (default: 1)")
    parser.add_argument("-k", dest="word", default="", metavar="TEXT", help="only pairs with this text in their name")
    values = parser.parse_args(words)
    chosen = [pair for pair in pairs() if values.word in pair.name][:: values.every]
    begin = time.monotonic()
    mistakes = list(wrong(chosen))
    for pair, answer in mistakes[:MOST_SHOWN]:
        console.print(f"{pair.name}: {answer}, which should be {' or '.join(pair.right)}")
    console.print(f"{len(chosen)} pairs, {len(mistakes)} wrong, {time.monotonic() - begin:.0f} s")
    return Exit.BROKEN if mistakes else Exit.PASS


def wrong(chosen: Iterable[Pair]) -> Iterable[tuple[Pair, str]]:
    """The pairs whose answer is not the right one, each with the answer."""
    for pair in chosen:
        answer = worst(compare(pair.old, pair.new))
        if answer not in pair.right:
            yield pair, answer


def worst(reported: Sequence[Change]) -> str:
    """The severity of the worst change; changes are in this order."""
    return reported[0].severity if reported else NONE
