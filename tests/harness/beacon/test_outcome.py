"""The status in which a job ends follows from its successful regions."""

from __future__ import annotations

import pytest

from beacon.model.outcome import outcome


@pytest.mark.parametrize(
    ("successes", "regions", "least", "rate", "status"),
    [
        (0, 1, 1, 0.67, "failed"),
        (1, 1, 1, 1, "completed"),
        (1, 2, 2, 0.5, "failed"),
        (1, 2, 1, 0.5, "completed"),
        (1, 2, 1, 0.51, "partial"),
        (2, 3, 1, 0.67, "partial"),
        (2, 3, 1, 0.66, "completed"),
        (2, 3, 3, 0.1, "failed"),
    ],
)
def test_outcome_follows_the_published_table(
    successes: int, regions: int, least: int, rate: float, status: str
) -> None:
    assert outcome(successes, regions, least, rate) == status
