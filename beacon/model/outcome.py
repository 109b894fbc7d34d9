"""The status in which a job ends."""

from __future__ import annotations

from fractions import Fraction


def outcome(successes: int, regions: int, min_regions: int, min_success_rate: float) -> str:
    """The status of a job that was not cancelled, by its successful regions (table of section "Life-cycle")."""
    if successes < min_regions:
        return "failed"
    return "completed" if Fraction(successes, regions) >= Fraction(str(min_success_rate)) else "partial"
