"""The time of a run, divided among its operations."""

from __future__ import annotations

import time
from collections.abc import Sequence

from gate.contract.nodes import Operation
from gate.fuzz.service.naming import parameters

WEIGHTS = {"GET": 1, "HEAD": 1, "OPTIONS": 1, "DELETE": 2}
WRITING = 4
"""Weight of an operation that writes: most can go wrong there."""
VISIT_SHARE, EXPLORE_SHARE, CONFIRM_SHARE = 0.35, 0.6, 0.25
"""Share of the time for the visits before all else; share of an operation's time for exploring, the rest of which is
for confirming; time beyond the end in which findings are confirmed."""
LEAST_SECONDS = 0.3
"""Time of an operation by its weight, where confirmations took that of others."""
STARTS, KEPT_SHARE = 20, 0.25
"""Starts of fresh systems for which time is kept, and the most that this may take of the time to explore. The first
suspicion of an operation takes from it, the others wait for the end."""


class Shares:
    """Moments by which parts of a run have to end, as ``time.monotonic`` has them.

    Time that an operation leaves is that of the next ones. Of ``workers`` each has its part of the operations. With
    ``further`` random cases fill the time of each, else they end when those of the depth are sent.
    """

    def __init__(
        self, seconds: float, operations: Sequence[Operation], *, workers: int = 1, further: bool = False
    ) -> None:
        begun = time.monotonic()
        self._seconds = seconds
        self.further = further
        self.visits = begun + seconds * VISIT_SHARE
        self.end = begun + seconds
        self.confirmations = self.end + seconds * CONFIRM_SHARE
        self._left = sum(map(_weight, operations)) / max(1, workers)
        self._taken = 0.0

    def kept(self, start_seconds: float) -> float:
        """Seconds that are kept for confirmations; ``start_seconds`` is what a fresh system takes to start."""
        return max(0.0, min(STARTS * start_seconds, KEPT_SHARE * self._seconds) - self._taken)

    def take(self, seconds: float) -> None:
        """Take from the time that is kept."""
        self._taken += max(0.0, seconds)

    def of(self, operation: Operation, start_seconds: float = 0.0) -> tuple[float, float]:
        """The moments by which the exploration of the next operation has to end, and its confirmations.

        ``start_seconds`` is the time that a fresh system takes to start.
        """
        now, weight = time.monotonic(), _weight(operation)
        left = max(self._left, weight)
        self._left -= weight
        share = max(0.0, self.end - self.kept(start_seconds) - now) * weight / left
        least = weight * LEAST_SECONDS if now < self.confirmations else 0.0
        return now + max(share * EXPLORE_SHARE, least), now + max(share, least)


def visited(operations: Sequence[Operation], worker: int, workers: int) -> list[Operation]:
    """The operations that a worker visits: those that it will most likely judge, and the lists, which show ids.

    What its operations need of others is made once they need it.
    """
    return [
        each
        for index, each in enumerate(operations)
        if index % max(1, workers) == worker or (each.method == "GET" and not parameters(each.path))
    ]


def _weight(operation: Operation) -> int:
    return WEIGHTS.get(operation.method, WRITING)
