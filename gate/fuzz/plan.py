"""What ``contracts/fuzz.toml`` says: how many cases each operation gets, and which checks are left out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from gate.core.settings import ROOT, Settings

SEQUENCES_SHARE = 0.25
"""Share of a budget that goes to sequences."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The table, checked by its use: a member that is missing fails every run."""

    accepted_at_least: float
    depths: Mapping[str, Mapping[str, int]]
    submissions: frozenset[str]
    nothing_to_negate: frozenset[str]
    left_out: Mapping[str, str]

    def cases(self, depth: str, operation: str) -> int:
        """How many cases an operation gets at a depth."""
        return self.depths[depth]["submissions" if operation in self.submissions else "cases"]

    def sequences(self, depth: str) -> int:
        """How many sequences each of their two parts has at a depth."""
        return self.depths[depth]["sequences"]

    def seconds(self, settings: Settings, operation: str, operations: int) -> float:
        """Seconds that an operation goes on after its cases: its share of the budget, for all workers together."""
        total = self._budget(settings) * (1 - SEQUENCES_SHARE)
        weight = 4 if operation in self.submissions else 1
        return total * weight / (operations + 3 * len(self.submissions))

    def walk_seconds(self, settings: Settings) -> float:
        """Seconds that sequences go on after their number, for all workers together."""
        return self._budget(settings) * SEQUENCES_SHARE

    def _budget(self, settings: Settings) -> float:
        budget = self.depths[settings.depth]["budget"] if settings.budget is None else settings.budget
        return budget * settings.workers


@cache
def plan() -> Plan:
    """The plan of this repository."""
    table = tomllib.loads((ROOT / "contracts" / "fuzz.toml").read_text(encoding="utf-8"))
    return Plan(
        accepted_at_least=table["accepted_at_least"],
        depths=table["depths"],
        submissions=frozenset(table["submissions"]["operations"]),
        nothing_to_negate=frozenset(table["nothing_to_negate"]["operations"]),
        left_out=table["left_out"],
    )
