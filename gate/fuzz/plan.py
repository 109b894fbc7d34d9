"""The plan of fuzzing: numbers of cases at each depth, and the checks that are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gate.core.documents import load_toml
from gate.core.errors import DocumentError
from gate.core.settings import DEPTHS, Settings

SEQUENCES_SHARE = 0.25
"""Share of a budget that goes to sequences."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a pack."""

    accepted_at_least: float
    depths: Mapping[str, Mapping[str, int]]
    submissions: Sequence[str]
    nothing_to_negate: Sequence[str]
    left_out: Mapping[str, str]  # reason by built-in check

    @classmethod
    def load(cls, path: Path) -> Plan:
        """The plan in a TOML file; raises DocumentError."""
        plan = load_toml(path, cls, "the plan of fuzzing")
        if not all(
            {"cases", "submissions", "sequences", "budget"} <= plan.depths.get(name, {}).keys() for name in DEPTHS
        ):
            raise DocumentError(path, None, "[depths.smoke], [depths.ci] and [depths.full], each with all four numbers")
        return plan

    def cases(self, depth: str, operation: str) -> int:
        """Number of cases of an operation at a depth."""
        return self.depths[depth]["submissions" if operation in self.submissions else "cases"]

    def sequences(self, depth: str) -> int:
        """Number of sequences in each part at a depth."""
        return self.depths[depth]["sequences"]

    def seconds(self, settings: Settings, operation: str, operations: int) -> float:
        """Seconds for random cases of one of ``operations`` operations, as its share of the workers' budgets."""
        weight = 4 if operation in self.submissions else 1
        shares = operations + 3 * len(self.submissions)
        return self._budget(settings) * (1 - SEQUENCES_SHARE) * weight / shares

    def sequence_seconds(self, settings: Settings) -> float:
        """Seconds for further sequences, of the workers' budgets together."""
        return self._budget(settings) * SEQUENCES_SHARE

    def _budget(self, settings: Settings) -> float:
        budget = self.depths[settings.depth]["budget"] if settings.budget is None else settings.budget
        return budget * settings.workers
