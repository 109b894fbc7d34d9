"""``bench changes``: compares documents whose answer is known, random schemas, and mutilated documents."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence

from rich.console import Console

from benchmarks.changes.mutilated import mutilated
from benchmarks.changes.pairs import NONE, Pair, pairs
from benchmarks.changes.soundness import sound
from benchmarks.command_line import positive
from gate.contract.diff import Change, compare
from gate.core.errors import Exit

MOST_SHOWN = 20
"""Wrong answers that are printed."""


def changes(words: Sequence[str], console: Console) -> int:
    """Compare every pair and print those whose answer is wrong."""
    values = _parser().parse_args(words)
    begin = time.monotonic()
    if values.random:
        outcome = sound(values.random, values.instances, values.seed)
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(outcome.verdicts.items()))
        summary = f"{values.random} random pairs, {outcome.values} values, {outcome.examples} examples: {verdicts}"
        mistakes = outcome.contradicted
    elif values.mutilated:
        outcomes = mutilated(values.mutilated, values.seed)
        mistakes = [f"{count} of {error}" for error, count in outcomes.errors.most_common()]
        summary = f"{values.mutilated} mutilated documents, {dict(outcomes.counts)}"
    else:
        chosen = [pair for pair in pairs() if values.word in pair.name][:: values.every]
        mistakes = [
            f"{pair.name}: {answer}, which should be {' or '.join(pair.right)}" for pair, answer in wrong(chosen)
        ]
        summary = f"{len(chosen)} pairs"
    for mistake in mistakes[:MOST_SHOWN]:
        console.print(mistake, markup=False)
    console.print(f"{summary}; {len(mistakes)} wrong, {time.monotonic() - begin:.0f} s", markup=False)
    return Exit.BROKEN if mistakes else Exit.PASS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench changes",
        description="Compares pairs of documents that differ in one thing, whose right answer is known: each keyword "
        "of a schema tightened, loosened and said otherwise, at each place, and each part of a document. Or random "
        "pairs of schemas, whose verdict no value may contradict; or mutilated documents, which may end no comparison "
        "but in an answer or a sentence.",
    )
    parser.add_argument("--every", type=positive, default=1, metavar="N", help="only every Nth pair (default: 1)")
    parser.add_argument("-k", dest="word", default="", metavar="TEXT", help="only pairs with this text in their name")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--random", type=positive, metavar="PAIRS", help="random pairs of schemas instead")
    kinds.add_argument("--mutilated", type=positive, metavar="DOCUMENTS", help="mutilated documents instead")
    parser.add_argument(
        "--instances", type=positive, default=200, metavar="N", help="values for each random pair (200)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of what is random (default: 1)")
    return parser


def wrong(chosen: Iterable[Pair]) -> Iterable[tuple[Pair, str]]:
    """The pairs whose answer is not the right one, each with the answer."""
    for pair in chosen:
        answer = worst(compare(pair.old, pair.new))
        if answer not in pair.right:
            yield pair, answer


def worst(reported: Sequence[Change]) -> str:
    """The severity of the worst change; changes are in this order."""
    return reported[0].severity if reported else NONE
