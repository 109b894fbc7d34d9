"""Means and rounding that come out the same for every order of the input and on every machine."""

from __future__ import annotations

import math
from collections.abc import Collection
from decimal import ROUND_HALF_UP, Decimal

SETTLED_PLACES = 12


def mean(values: Collection[float]) -> float:
    """Arithmetic mean by an exact sum, so that the order of ``values`` does not matter; they must not be empty."""
    return math.fsum(values) / len(values)


def population_deviation(values: Collection[float]) -> float:
    """Population standard deviation; ``values`` must not be empty."""
    centre = mean(values)
    return math.sqrt(mean([(value - centre) ** 2 for value in values]))


def settled(value: float) -> float:
    """``value`` without the dust of binary fractions: comparisons with a threshold mean the decimal number.

    Three similarities of 0.3 have the mean 0.3 and not 0.29999999999999993, which would be below 0.3.
    """
    return round(value, SETTLED_PLACES)


def half_up(value: float, places: int) -> Decimal:
    """``value`` rounded half up (away from zero) to ``places`` decimal places.

    It is settled first: 0.85 x 0.123 is 0.10455 to a reader and rounds to 0.1046, although the nearest binary fraction
    lies a little below the tie.
    """
    decimal = Decimal(value).quantize(Decimal(1).scaleb(-SETTLED_PLACES))
    return decimal.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
