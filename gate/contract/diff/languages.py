"""Inclusion of regular languages: whether every text that one pattern matches is matched by another.

Both patterns become automata whose sets of states are followed side by side, only as far as they are reached and only
up to a limit, so that no pattern takes long. A text that tells them apart is the shortest there is.
"""

from __future__ import annotations

import re
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from re import _constants as sre
from re import _parser
from typing import Any

Ranges = tuple[tuple[int, int], ...]
"""Code points, as sorted ranges that do not touch."""

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
OTHER_SYNTAX = re.compile(r"\{,|\(\?[^:]|\\[AZzaGQEX]|\\[pP]\{|\[\^?\]|\(\?<")
"""Syntax that Python and ECMA-262 read differently, or that is no regular language."""

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


def united(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The ranges in order, those that touch as one."""
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = result[-1][0], max(high, result[-1][1])
        else:
            result.append((low, high))
    return tuple(result)


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
        return ((argument, argument),)
    if operator is sre.NOT_LITERAL:
        return negated(((argument, argument),))
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
            return _parser.parse(pattern, re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        raise UnsupportedError(pattern) from error


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
            target
            for state in states
            for ranges, target in self.automaton.moves[state]
            if any(low <= character <= high for low, high in ranges)
        }
        return self.automaton.reached(targets)

    def edges(self, states: frozenset[int]) -> Iterator[int]:
        """The characters at which the moves of these states differ."""
        for state in states:
            for ranges, _ in self.automaton.moves[state]:
                for low, high in ranges:
                    yield low
                    yield high + 1


@lru_cache(maxsize=2048)
def difference(narrow: str, wide: str) -> str | None:
    """The shortest text that the first pattern matches and the second does not; None where there is none.

    Raises UnsupportedError where this cannot be said.
    """
    first, second = Language(narrow), Language(wide)
    start = first.begin(), second.begin()
    seen = {start}
    waiting = deque([(start, "")])
    moves = 0
    while waiting:
        (here, there), text = waiting.popleft()
        if first.accepts(here, not text) and not second.accepts(there, not text):
            return text
        edges = {*first.edges(here), *second.edges(there)}
        moves += len(edges) * (len(here) + len(there))
        if moves > MOST_MOVES:
            raise UnsupportedError("too many moves")
        for character in _representatives(edges):
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
        return None


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


def _representatives(edges: set[int]) -> Iterator[int]:
    """A character of each range between two edges, a legible one where there is one."""
    bounds = sorted({0, *edges} - {ANY[0][1] + 1})
    for low, high in zip(bounds, [*bounds[1:], ANY[0][1] + 1], strict=True):
        legible = next((mark for mark in range(max(low, 33), min(high, 127))), low)
        letter = next((mark for mark in (97, 65, 48, 95) if low <= mark < high), legible)
        if not 0xD800 <= letter <= 0xDFFF:
            yield letter
