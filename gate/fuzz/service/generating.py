"""Generated cases of an operation, as far as its time allows: they may take longer to generate than to send."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import count

from gate.contract.nodes import Operation
from gate.fuzz.cases import AFTER_CASES, AnyCase, Cases
from gate.fuzz.service.schemas import request_schema

AT_ONCE = 10
"""Further cases of an operation that are generated at once."""
GENERATING_SHARE = 0.5
"""Share of an operation's time in which its cases have to be generated."""
TOO_LONG, FORGETTING = 2.0, 0.8
"""Multiples of the last time that the cases of the next operation are expected to take: where those of one were not
there in time, and where they were left out."""


class Generator:
    """Generates cases, unless those of the last operation of its kind took too long for these to be there in time."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        self._seconds = defaultdict[bool, float](float)  # for the last operation, by whether it takes a body

    def cases(self, operation: Operation, number: int, until: float) -> Iterator[AnyCase]:
        """``number`` cases; ``until`` is a moment as ``time.monotonic`` has it."""
        body, begun = bool(request_schema(operation).value), time.monotonic()
        if begun + self._seconds[body] >= until:
            self._seconds[body] *= FORGETTING  # others may be simpler
            return
        cases: list[AnyCase] = []
        with self._cases.by(begun + (until - begun) * GENERATING_SHARE):
            cases += self._cases.take(operation.id, number)
        self._seconds[body] = (time.monotonic() - begun) * (1 if cases else TOO_LONG)
        yield from cases

    def further(self, operation: Operation, until: float) -> Iterator[AnyCase]:
        """Random cases as long as there is time."""
        for chunk in count(AFTER_CASES):
            cases: list[AnyCase] = []
            with self._cases.by(until):
                cases += self._cases.random(operation.id, chunk, AT_ONCE)
            if not cases:
                return
            yield from cases
