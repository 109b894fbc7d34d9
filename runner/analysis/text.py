"""The parts of a text that the analysis reads: its words, and the lexicon entries among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import combinations

from runner.analysis.arithmetic import mean
from runner.analysis.lexicon import ENTRIES, REFUSAL_PHRASES

APOSTROPHES = "\u2018\u2019\u02bc\uff07"
"""Typographic apostrophes: models write them, and the lists are written with U+0027."""

SEPARATORS = ".,!?;:()[]{}\"'"
SHORTEST_TOKEN_BYTES = 3
_PART = 64 * 1024
_GAP = re.compile(r"\s")


def fold(text: str) -> str:
    """``text`` with plain apostrophes and in lower case."""
    for apostrophe in APOSTROPHES:
        text = text.replace(apostrophe, "'")
    # No letter's case depends on what stands beyond white space, and the whole at once would stop the process for long.
    return "".join([part.lower() for part in _parts(text)])


def entries_in(folded: str) -> frozenset[str]:
    """The lexicon entries that a folded text contains as substrings; each counts once, however often it occurs."""
    return frozenset([entry for entry in ENTRIES if entry in folded])


def tokens_of(folded: str) -> frozenset[str]:
    """The distinct words of a folded text that are at least three bytes long in UTF-8."""
    words: set[str] = set()
    for part in _parts(folded):
        plain = part
        for mark in SEPARATORS:  # `translate` takes ten times as long where a text is not ASCII
            plain = plain.replace(mark, " ")
        words.update(plain.split())
    # A word of three characters has three bytes at least; only shorter ones need to be encoded.
    short = [word for word in words if len(word) < SHORTEST_TOKEN_BYTES]
    return frozenset(
        words.difference([word for word in short if len(word.encode("utf-8", "surrogatepass")) < SHORTEST_TOKEN_BYTES])
    )


def _parts(text: str) -> Iterator[str]:
    """A long text in parts that end at white space: all of its words at once take ten times its memory."""
    begin = 0
    while begin < len(text):
        gap = _GAP.search(text, begin + _PART)
        end = gap.start() if gap else len(text)
        yield text[begin:end]
        begin = end


def contains_refusal(text: str) -> bool:
    """Return whether ``text`` contains a phrase by which models refuse to answer."""
    folded = fold(text)
    return any(phrase in folded for phrase in REFUSAL_PHRASES)


def jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    """Shared tokens as a part of all tokens, from 0 to 1; two empty sets are equal, hence 1."""
    if not left and not right:
        return 1.0
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared)


def mean_similarity(token_sets: Iterable[frozenset[str]]) -> float:
    """Mean Jaccard similarity over all pairs; there must be two sets at least."""
    return mean([jaccard(left, right) for left, right in combinations(token_sets, 2)])
