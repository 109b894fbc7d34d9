"""Values: JSON as it was read, what stands in it, and comparison with values as Python and Postgres hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from operator import is_
from types import NoneType
from typing import Any
from uuid import UUID

PLAIN = (str, int, float, NoneType)
"""Types of which two values are equal as JSON if they are equal in Python; booleans are integers."""


def scalars(value: Any) -> Iterator[Any]:
    """The texts, numbers, booleans and nulls in a JSON value; names of members are none of them."""
    if isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from scalars(each)
    else:
        yield value


def number(value: Any) -> Fraction | None:
    """A number as the decimal that it is written as; None for anything else, booleans, NaN and infinities included."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return Fraction(str(value) if isinstance(value, float) else value)
    except (ValueError, OverflowError):
        return None


def time(value: Any) -> datetime | None:
    """The time that an ISO 8601 text means; None for anything else."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def equal(value: Any, stored: Any, *, as_doubles: bool = False) -> bool:
    """Return whether JSON shows a stored value, type for type, times and UUIDs as text, numbers in any notation.

    With ``as_doubles``, numbers with the same double are equal too, unless both are integers.
    """
    if type(value) is type(stored) and isinstance(stored, PLAIN):
        return bool(value == stored)
    return _same_meaning(value, stored, as_doubles=as_doubles)


def _same_meaning(value: Any, stored: Any, *, as_doubles: bool) -> bool:
    """The same of values that differ in type, or have members."""
    match stored:
        case datetime():
            return time(value) == stored
        case UUID():
            return bool(value == str(stored))
        case dict():
            return value is stored or (
                isinstance(value, dict)
                and value.keys() == stored.keys()
                and all(equal(value[name], member, as_doubles=as_doubles) for name, member in stored.items())
            )
        case list():
            return value is stored or (
                isinstance(value, list)
                and len(value) == len(stored)
                and all(equal(*pair, as_doubles=as_doubles) for pair in zip(value, stored, strict=True))
            )
    left, right = number(value), number(stored)
    if left is None or right is None:
        return type(value) is type(stored) and bool(value == stored)
    whole = isinstance(value, int) and isinstance(stored, int)
    return left == right or (as_doubles and not whole and _double(left) == _double(right))


def shared(value: Any, other: Any) -> Any:
    """A JSON value in which each part that the other value has at its place, written in the same way, is that part."""
    if type(value) is not type(other):
        return value
    if type(value) is dict:
        result = {key: shared(child, other[key]) if key in other else child for key, child in value.items()}
        same = other.keys() == result.keys() and all(child is other[key] for key, child in result.items())
        return other if same else result
    if type(value) is list:
        entries = [*map(shared, value, other), *value[len(other) :]]
        return other if len(entries) == len(other) and all(map(is_, entries, other)) else entries
    return other if value == other else value


def _double(value: Fraction) -> float | Fraction:
    try:
        return float(value)
    except OverflowError:  # beyond all doubles
        return value
