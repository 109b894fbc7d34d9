"""The result of exploring an operation of a service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from gate.contract.nodes import Operation
from gate.core.effect import Effect
from gate.fuzz.service.confirm import Candidate
from gate.fuzz.service.refusals import Refusals
from gate.fuzz.service.schemas import request_schema
from gate.fuzz.service.steps import Step
from gate.oracles import unchanged

BASES = 2
"""Accepted requests that others are made from."""


@dataclass
class Explored:
    """The result for one operation."""

    operation: Operation
    cases: int = 0
    further: int = 0  # of them, by the budget
    positive: int = 0
    accepted: int = 0
    refusals: Refusals = field(default_factory=Refusals)
    candidates: dict[tuple[str, str], list[Candidate]] = field(default_factory=lambda: defaultdict(list))
    bases: list[tuple[Step, Effect]] = field(default_factory=list)  # accepted requests
    spoiled: bool = False  # the system no longer answers, or never gets quiet
    writes: list[tuple[Step, Effect]] = field(default_factory=list)  # accepted requests that changed rows

    @property
    def enough(self) -> bool:
        """Return whether there is a request to make others from, in a small and in a whole form."""
        return len(self.bases) >= BASES if request_schema(self.operation).value else self.accepted > 0

    def values(self) -> Mapping[str, list[Any]]:
        """Values of members that were accepted."""
        values = defaultdict[str, list[Any]](list)
        bodies = (step.request.body for step, _ in self.bases)
        for name, value in chain.from_iterable(body.items() for body in bodies if isinstance(body, dict)):
            values[name].append(value)
        return values

    def forget(self, growing: Collection[str]) -> None:
        """Remove candidates of rows in tables that the service writes without an end."""
        for code, where in list(self.candidates):
            if code in {unchanged.REFUSED, unchanged.GET} and where.rpartition(" -> ")[2] in growing:
                del self.candidates[code, where]


@dataclass(frozen=True, slots=True)
class Difference:
    """An answer of an operation that is not what the document says, with the steps to it."""

    operation: str
    candidate: Candidate
    way: Sequence[Step]
    further: list[Candidate] = field(default_factory=list)  # of the operation, as many as count
