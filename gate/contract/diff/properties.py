"""Properties of Unicode in patterns, such as that of a letter, by general category.

The one who reads a pattern may know a later version of Unicode, in which a code point without a character has one of
any category. So a code point stands for each category that it may get, and a class of characters that holds some code
points without a character and not others is not compared with a property.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import groupby

Ranges = tuple[tuple[int, int], ...]
"""Code points, as sorted ranges that do not touch."""

GROUPS = {"L": "Lu Ll Lt Lm Lo", "M": "Mn Mc Me", "N": "Nd Nl No", "P": "Pc Pd Ps Pe Pi Pf Po", "S": "Sm Sc Sk So"}
GROUPS |= {"Z": "Zs Zl Zp", "C": "Cc Cf Cs Co Cn", "LC": "Lu Ll Lt"}
NAMES = {"Letter": "L", "Mark": "M", "Number": "N", "Punctuation": "P", "Symbol": "S", "Separator": "Z", "Other": "C"}
NAMES |= {"Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Decimal_Number": "Nd", "Space_Separator": "Zs"}
CATEGORIES = tuple(dict.fromkeys(name for listed in GROUPS.values() for name in listed.split()))
KNOWN = (*GROUPS, *CATEGORIES)
FIRST = 0x10FF00
"""The first of the private characters that stand for properties in a pattern."""
LATER = 0x40000
"""The first of as many code points as there are categories; none of them has a character."""
PROPERTY = re.compile(r"\\[pP]\{")
TOKEN = re.compile(r"\\([pP])\{(?:(?:gc|General_Category)=)?(\w+)\}|\\?.", re.DOTALL)


class UnknownPropertyError(ValueError):
    """A property that is no general category."""


def united(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The ranges in order, those that touch as one."""
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = result[-1][0], max(high, result[-1][1])
        else:
            result.append((low, high))
    return tuple(result)


def placed(pattern: str) -> str:
    """The pattern with a private character for each property; raises UnknownPropertyError."""

    def character(match: re.Match[str]) -> str:
        if match[1] is None:
            if any(FIRST <= ord(mark) < FIRST + 2 * len(KNOWN) for mark in match[0]):
                raise UnknownPropertyError(match[0])
            return match[0]
        name = NAMES.get(match[2], match[2])
        if name not in KNOWN:
            raise UnknownPropertyError(name)
        return chr(FIRST + 2 * KNOWN.index(name) + (match[1] == "P"))

    return TOKEN.sub(character, pattern)


@cache
def named(character: int) -> Ranges | None:
    """The code points of the property that a private character stands for; None for any other character."""
    index, negated = divmod(character - FIRST, 2)
    if not 0 <= index < len(KNOWN):
        return None
    listed = set(GROUPS.get(KNOWN[index], KNOWN[index]).split())
    return united(
        piece for category, ranges in _ranges().items() if (category in listed) != negated for piece in ranges
    )


def splits_unassigned(ranges: Ranges) -> bool:
    """Return whether some code points without a character are among these, and others are not."""
    held = sum(
        min(high, last) - max(low, first) + 1
        for low, high in ranges
        for first, last in _unassigned()
        if low <= last and first <= high
    )
    return 0 < held < sum(last - first + 1 for first, last in _unassigned())


@cache
def _ranges() -> dict[str, list[tuple[int, int]]]:
    result: dict[str, list[tuple[int, int]]] = {name: [] for name in CATEGORIES}
    for category, group in groupby(range(sys.maxunicode + 1), _category):
        listed = list(group)
        result[category].append((listed[0], listed[-1]))
    return result


def _category(character: int) -> str:
    index = character - LATER
    return CATEGORIES[index] if 0 <= index < len(CATEGORIES) else unicodedata.category(chr(character))


@cache
def _unassigned() -> Ranges:
    points = range(sys.maxunicode + 1)
    groups = groupby(points, lambda point: unicodedata.category(chr(point)) == "Cn")
    listed = [list(group) for unassigned, group in groups if unassigned]
    return tuple((group[0], group[-1]) for group in listed)
