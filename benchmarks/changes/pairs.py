"""Pairs of documents with the severity of the worst change between them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.changes.contexts import places
from benchmarks.changes.documents import DOCUMENTS
from benchmarks.changes.schemas import EQUAL, SCALARS, VALUES, Schema

NONE = "none"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two documents, and the severities of the worst change that are right."""

    name: str
    old: Schema
    new: Schema
    right: tuple[str, ...]


def pairs() -> Iterator[Pair]:
    """Every pair: each keyword tightened, loosened and said otherwise at each place, and each part of a document."""
    for known, scalar in ((SCALARS, True), (VALUES, False)):
        for place, sent, around in places(scalar):
            for name, (less, more) in known.items():
                tight, loose = around(less), around(more)
                yield Pair(f"{place}: {name}, tightened", loose, tight, ("breaking",) if sent else ("safe",))
                yield Pair(f"{place}: {name}, loosened", tight, loose, ("safe",) if sent else ("breaking",))
    for place, _, around in places(scalar=False):
        for name, (first, second) in EQUAL.items():
            yield Pair(f"{place}: {name}", around(first), around(second), (NONE,))
            yield Pair(f"{place}: {name}, back", around(second), around(first), (NONE,))
    yield from documents()


def documents() -> Iterator[Pair]:
    """The pairs whose documents differ in a part."""
    for name, (old, new, there, back) in DOCUMENTS.items():
        yield Pair(name, old, new, tuple(there.split("|")))
        yield Pair(f"{name}, back", new, old, tuple(back.split("|")))
        yield Pair(f"{name}, unchanged", new, copy.deepcopy(new), (NONE,))
