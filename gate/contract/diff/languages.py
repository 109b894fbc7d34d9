"""Inclusion of regular languages: whether every text that one pattern matches is matched by another.

Both patterns become automata whose sets of states are followed side by side, only as far as they are reached and only
up to a limit, so that no pattern takes long. A text that tells them apart is the shortest there is.
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any

from gate.contract.diff.properties import (
    PROPERTY,
    Ranges,
    UnknownPropertyError,
    named,
    placed,
    splits_unassigned,
    united,
)

sre, _parser = (import_module(f"re.{name}") for name in ("_constants", "_parser"))  # which have no types
ANY: Ranges = ((0, 0x10FFFF),)
DIGITS: Ranges = ((48, 57),)
WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
BLANKS: Ranges = (
    (9, 13),
    (32, 32),
    (160, 160),
    (5760, 5760),
    (8192, 8202),
    (8232, 8233),
    (8239, 8239),
    (8287, 8287),
    (12288, 12288),
    (65279, 65279),
)
LINE_ENDS: Ranges = ((10, 10), (13, 13), (8232, 8233))
"""Classes of ECMA-262, whose patterns JSON Schema has."""

MOST_STATES = 4000
MOST_MOVES = 400_000
"""Moves that are followed before a question is left open: about a second."""
BEGIN, END = "begin", "end"
OTHER_SYNTAX = re.compile(r"\{,|\(\?[^:]|\\[AZzaGQEX]|\[\^?\]|\(\?<")
"""Syntax that Python and ECMA-262 read differently, or that is no regular language."""

LOOKS = re.compile(r"^(\^?)(?:\(\?[=!][^()\[\]\\]*\))+")
"""Conditions on what follows, at the begin of a pattern."""

NAME = re.compile(r"(?<!\\)\(\?<[A-Za-z_$][\w$]*>")
"""The begin of a group with a name."""
NAME_IN_SET = re.compile(r"\[[^\]]*\(\?<")


class UnsupportedError(ValueError):
    """A pattern that is not read here."""


def negated(ranges: Ranges) -> Ranges:
    """Every other code point."""
    result, begin = [], 0
    for low, high in ranges:
        if begin < low:
            result.append((begin, low - 1))
        begin = high + 1
    return (*result, (begin, ANY[0][1])) if begin <= ANY[0][1] else tuple(result)


CATEGORIES: dict[Any, Ranges] = {
    sre.CATEGORY_DIGIT: DIGITS,
    sre.CATEGORY_NOT_DIGIT: negated(DIGITS),
    sre.CATEGORY_WORD: WORD,
    sre.CATEGORY_NOT_WORD: negated(WORD),
    sre.CATEGORY_SPACE: BLANKS,
    sre.CATEGORY_NOT_SPACE: negated(BLANKS),
}


@dataclass
class Automaton:
    """States with moves by a character, and with moves that take none but may hold at the begin or the end alone."""

    moves: list[list[tuple[Ranges, int]]] = field(default_factory=list)
    free: list[list[tuple[str, int]]] = field(default_factory=list)

    def state(self) -> int:
        """A new state; raises UnsupportedError where there are too many."""
        if len(self.moves) >= MOST_STATES:
            raise UnsupportedError("too many states")
        self.moves.append([])
        self.free.append([])
        return len(self.moves) - 1

    def build(self, parsed: Iterable[Any], here: int) -> int:
        """The state after a parsed pattern that begins at ``here``."""
        for operator, argument in parsed:
            here = self._part(operator, argument, here)
        return here

    def _part(self, operator: Any, argument: Any, here: int) -> int:
        if operator is sre.BRANCH:
            after = self.state()
            for branch in argument[1]:
                begin = self.state()
                self.free[here].append(("", begin))
                self.free[self.build(branch, begin)].append(("", after))
            return after
        if operator is sre.SUBPATTERN:
            if argument[1] or argument[2]:
                raise UnsupportedError("flags")
            return self.build(argument[3], here)
        if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            least, most, inner = argument
            return self._repeated(least, most, inner, here)
        if operator is sre.AT:
            kind = {sre.AT_BEGINNING: BEGIN, sre.AT_END: END}.get(argument)
            if kind is None:
                raise UnsupportedError("boundary")
            after = self.state()
            self.free[here].append((kind, after))
            return after
        after = self.state()
        self.moves[here].append((_characters(operator, argument), after))
        return after

    def _repeated(self, least: int, most: int, inner: Any, here: int) -> int:
        for _ in range(least):
            here = self.build(inner, here)
        if most is sre.MAXREPEAT:
            loop, after = self.state(), self.state()
            self.free[here].append(("", loop))
            self.free[self.build(inner, loop)].append(("", loop))
            self.free[loop].append(("", after))
            return after
        after = self.state()
        for _ in range(most - least):
            self.free[here].append(("", after))
            here = self.build(inner, here)
        self.free[here].append(("", after))
        return after

    def reached(self, states: Iterable[int], *holding: str) -> frozenset[int]:
        """The states, and those that they reach without a character."""
        seen = set(states)
        waiting = list(seen)
        while waiting:
            for kind, target in self.free[waiting.pop()]:
                if target not in seen and (not kind or kind in holding):
                    seen.add(target)
                    waiting.append(target)
        return frozenset(seen)


def _characters(operator: Any, argument: Any) -> Ranges:
    if operator is sre.LITERAL:
        return named(argument) or ((argument, argument),)
    if operator is sre.NOT_LITERAL:
        return negated(_characters(sre.LITERAL, argument))
    if operator is sre.ANY:
        return negated(LINE_ENDS)
    if operator is sre.CATEGORY:
        return CATEGORIES[argument]
    if operator is not sre.IN:
        raise UnsupportedError(str(operator))
    entries = [(kind, entry) for kind, entry in argument if kind is not sre.NEGATE]
    ranges = united(
        piece for kind, entry in entries for piece in ((entry,) if kind is sre.RANGE else _characters(kind, entry))
    )
    return negated(ranges) if len(entries) < len(argument) else ranges


def parsed(pattern: str) -> Any:
    """The pattern in parts; raises UnsupportedError."""
    if not NAME_IN_SET.search(pattern):
        pattern = NAME.sub("(", pattern)  # only \\k refers to the name, which is not read here
    if OTHER_SYNTAX.search(pattern):
        raise UnsupportedError(pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sets that other languages read as more than characters
            return _parser.parse(placed(pattern), re.ASCII)
    except (re.error, RecursionError, OverflowError, UnknownPropertyError) as error:
        raise UnsupportedError(pattern) from error


def _classes(part: Any) -> Iterator[Ranges]:
    """The characters and ranges that a part of a parsed pattern names; UnsupportedError for a range of properties."""
    match part:
        case (sre.LITERAL | sre.NOT_LITERAL, int(character)):
            if named(character) is None:
                yield ((character, character),)
        case (sre.RANGE, (int(low), int(high))):
            if named(low) or named(high):
                raise UnsupportedError("a range of properties")
            yield ((low, high),)
        case tuple() | list() | _parser.SubPattern():
            for each in part:
                yield from _classes(each)


def _comparable(narrow: str, wide: str) -> None:
    """Raises UnsupportedError where a property stands beside characters that a later Unicode may give it, or not."""
    if not PROPERTY.search(narrow + wide):
        return
    if any(splits_unassigned(ranges) for pattern in (narrow, wide) for ranges in _classes(parsed(pattern))):
        raise UnsupportedError("characters without a category")


class Language:
    """The texts in which a pattern is found."""

    def __init__(self, pattern: str) -> None:
        self.automaton = automaton = Automaton()
        self.first = automaton.state()
        begin = automaton.state()
        automaton.moves[self.first].append((ANY, self.first))
        automaton.free[self.first].append(("", begin))
        self.last = automaton.build(parsed(pattern), begin)
        automaton.moves[self.last].append((ANY, self.last))

    def begin(self) -> frozenset[int]:
        """The states before the first character."""
        return self.automaton.reached([self.first], BEGIN)

    def accepts(self, states: frozenset[int], empty: bool) -> bool:
        """Return whether a text that ends here is matched."""
        return self.last in self.automaton.reached(states, END, *([BEGIN] if empty else []))

    def after(self, states: frozenset[int], character: int) -> frozenset[int]:
        """The states after one more character."""
        targets = {
            target for state in states for ranges, target in self.automaton.moves[state] if _holds(ranges, character)
        }
        return self.automaton.reached(targets)

    def ranges(self, states: frozenset[int]) -> Iterator[Ranges]:
        """The characters of each move of these states."""
        for state in states:
            for ranges, _ in self.automaton.moves[state]:
                yield ranges


@lru_cache(maxsize=2048)
def difference(narrow: str, wide: str) -> str | None:
    """The shortest text that the first pattern matches and the second does not; None where there is none.

    Raises UnsupportedError where this cannot be said.
    """
    _comparable(narrow, wide)
    first, second = Language(narrow), Language(wide)
    start = first.begin(), second.begin()
    seen = {start}
    waiting = deque([(start, "")])
    moves = 0
    while waiting:
        (here, there), text = waiting.popleft()
        if first.accepts(here, not text) and not second.accepts(there, not text):
            return text
        characters = _representatives(frozenset([*first.ranges(here), *second.ranges(there)]))
        moves += len(characters) * (len(here) + len(there))
        if moves > MOST_MOVES:
            raise UnsupportedError("too many moves")
        for character in characters:
            states = first.after(here, character), second.after(there, character)
            # A text in which the second pattern has been found is matched however it goes on.
            if states[0] and second.last not in states[1] and states not in seen:
                seen.add(states)
                waiting.append((states, text + chr(character)))
    return None


def contained(narrow: str, wide: str) -> bool | None:
    """Return whether every text of the first pattern is one of the second; None where this cannot be said."""
    try:
        return narrow == wide or difference(narrow, wide) is None
    except UnsupportedError:
        without = LOOKS.sub(r"\1", narrow)  # which matches at least the same
        return True if without != narrow and contained(without, wide) else None


@lru_cache(maxsize=1024)
def lengths(pattern: str) -> tuple[int, int | None]:
    """The least and the greatest length of the texts of a pattern; None for no limit that is known."""
    try:
        parts = parsed(pattern)
    except UnsupportedError:
        return 0, None
    least, most = (int(width) for width in parts.getwidth())
    whole = len(parts) > 1 and parts[0] == (sre.AT, sre.AT_BEGINNING) and parts[-1] == (sre.AT, sre.AT_END)
    return least, most if whole and most < MOST_STATES else None


def _holds(ranges: Ranges, character: int) -> bool:
    index = bisect_right(ranges, (character, ANY[0][1])) - 1
    return index >= 0 and character <= ranges[index][1]


@lru_cache(maxsize=4096)
def _representatives(classes: frozenset[Ranges]) -> tuple[int, ...]:
    """A character of each kind that these classes tell apart, a legible one where there is one."""
    bounds = sorted({0, *(edge for ranges in classes for low, high in ranges for edge in (low, high + 1))})
    chosen: dict[tuple[bool, ...], tuple[int, int]] = {}
    for low, high in zip(bounds, [*bounds[1:], ANY[0][1] + 1], strict=True):
        if low > ANY[0][1]:
            continue
        legible = next((mark for mark in range(max(low, 33), min(high, 127))), low)
        letter = next((mark for mark in (97, 65, 48, 95) if low <= mark < high), legible)
        kind = tuple(_holds(ranges, low) for ranges in classes)
        rank = (97, 65, 48, 95).index(letter) if letter in (97, 65, 48, 95) else 4 if 33 <= letter < 127 else 5
        if not 0xD800 <= letter <= 0xDFFF and rank < chosen.get(kind, (6, 0))[0]:
            chosen[kind] = rank, letter
    return tuple(letter for _, letter in chosen.values())
