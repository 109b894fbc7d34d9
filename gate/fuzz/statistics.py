"""Statistics of the requests that fuzzing sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from gate.verdict.events import FuzzResult

Progress = Callable[[Callable[[], str]], None]
"""Receives a function that formats a line of progress, and calls it when a line is due."""


@dataclass(slots=True)
class FuzzStatistics:
    """Numbers of requests and seconds so far, for one operation or one part of the sequences."""

    operation: str
    cases: int = 0
    positive: int = 0
    accepted: int = 0  # positive cases that were answered with 2xx
    seconds: float = 0.0
    oracle_seconds: float = 0.0
    digest: str = ""  # of the depth's cases in their order
    further: int = 0  # cases that the budget added

    def result(self) -> FuzzResult:
        """The result for the journal, with times rounded to milliseconds."""
        members = {**asdict(self), "seconds": round(self.seconds, 3), "oracle_seconds": round(self.oracle_seconds, 3)}
        return FuzzResult(**members)

    def __str__(self) -> str:
        return str(self.result())
