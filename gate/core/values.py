"""Comparison of values: JSON as it was read, and values as Python and Postgres hold them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID


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


def equal(shown: Any, stored: Any, *, as_doubles: bool = False) -> bool:
    """Whether JSON shows a stored value, type for type, times and UUIDs as text; a number may be written in any way.

    ``as_doubles`` also takes numbers for equal that a double cannot tell apart, as they are to many readers of JSON.
    """
    match stored:
        case datetime():
            return time(shown) == stored
        case UUID():
            return bool(shown == str(stored))
        case dict():
            return (
                isinstance(shown, dict)
                and shown.keys() == stored.keys()
                and all(equal(shown[name], value, as_doubles=as_doubles) for name, value in stored.items())
            )
        case list():
            return (
                isinstance(shown, list)
                and len(shown) == len(stored)
                and all(equal(*pair, as_doubles=as_doubles) for pair in zip(shown, stored, strict=True))
            )
    one, other = number(shown), number(stored)
    if one is None or other is None:
        return type(shown) is type(stored) and bool(shown == stored)
    return one == other or (as_doubles and _double(one) == _double(other))


def _double(value: Fraction) -> float | Fraction:
    try:
        return float(value)
    except OverflowError:  # beyond all doubles
        return value
