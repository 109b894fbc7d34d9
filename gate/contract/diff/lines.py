"""Lines of places in a document's text, looked up for the places that are reported and no others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from gate.core import pointer as pointers
from gate.core.yaml_reader import PARSER

MOST_CHARACTERS = 16 * 2**20
"""Longer texts have no lines that somebody would look for."""


@dataclass(slots=True)
class _Open:
    """A collection that is being read: its place, the key or index of the next value, and the line of that key."""

    place: tuple[str, ...]
    mapping: bool
    key: str | None = None
    index: int = 0
    line: int = 0


def lines(text: str, places: Iterable[str]) -> dict[str, int]:
    """The line of each JSON pointer: its own, or that of the nearest part around it that the text has."""
    wanted = {place: tuple(pointers.split(place)) for place in places}
    if not wanted or len(text) > MOST_CHARACTERS:
        return {}
    if "\n" not in text.rstrip():
        return dict.fromkeys(wanted, 1)
    needed = {tokens[:size] for tokens in wanted.values() for size in range(len(tokens) + 1)}
    try:
        known = dict(_placed(text, needed))
    except yaml.YAMLError:
        return {}
    return {
        place: next(known[tokens[:size]] for size in range(len(tokens), -1, -1) if tokens[:size] in known)
        for place, tokens in wanted.items()
    }


def _placed(text: str, needed: set[tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], int]]:
    """The lines of needed places; what lies in other places is passed by."""
    yield (), 1
    open_: list[_Open] = []
    skipped = 0
    for event in yaml.parse(text, Loader=PARSER):
        ends = isinstance(event, yaml.CollectionEndEvent)
        starts = isinstance(event, yaml.CollectionStartEvent)
        if skipped:
            skipped += starts - ends
            continue
        if ends:
            open_.pop()
        elif starts or isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            place, line = _value(open_[-1], event) if open_ else ((), 1)
            if place is None:
                continue
            if place in needed and place:
                yield place, line
            if starts:
                if place in needed:
                    open_.append(_Open(place, isinstance(event, yaml.MappingStartEvent)))
                else:
                    skipped = 1


def _value(around: _Open, event: Any) -> tuple[tuple[str, ...] | None, int]:
    """The place and line of a value; no place for a key of a mapping."""
    line = event.start_mark.line + 1
    if not around.mapping:
        around.index += 1
        return (*around.place, str(around.index - 1)), line
    if around.key is None:
        around.key, around.line = str(getattr(event, "value", "")), line
        return None, line
    key, around.key = around.key, None
    return (*around.place, key), around.line
