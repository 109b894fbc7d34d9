"""The order in which suspicions are confirmed: each kind has its turn, whatever operation was explored first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gate.contract.nodes import Operation
from gate.fuzz.service.confirm import Candidate


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The candidates of one cause that an operation showed, and the test that they belong to."""

    operation: Operation
    same: Sequence[Candidate]
    test: str = ""

    @property
    def code(self) -> str:
        """The code of its findings."""
        return self.same[0].finding.code


def in_turn(suspicions: Iterable[Suspicion], seconds: Callable[[Suspicion], float]) -> list[Suspicion]:
    """Suspicions by turns: the first of each code at each operation, then the second of each.

    Within a turn codes alternate, and those that take fewer ``seconds`` are first.
    """
    of_kind, of_code = Counter[tuple[str, str]](), Counter[tuple[int, str]]()
    ranked: list[tuple[tuple[int, int], Suspicion]] = []
    nearest = sorted(suspicions, key=lambda each: each.same[0].finding.nearness)
    for each in sorted(nearest, key=seconds):
        turn = of_kind[each.code, each.operation.id]
        ranked.append(((turn, of_code[turn, each.code]), each))
        of_kind[each.code, each.operation.id] += 1
        of_code[turn, each.code] += 1
    return [each for _, each in sorted(ranked, key=lambda entry: entry[0])]
