"""Shards of a run: disjoint parts of its tests, one for each of several machines, balanced by time."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from gate.core.errors import UsageError

MOST = 1000
"""Shards of a run."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard of a run, as the option says it: ``2/4`` is the second of four."""

    index: int
    number: int

    def __str__(self) -> str:
        return f"{self.index}/{self.number}"

    @classmethod
    def of(cls, text: str) -> Shard:
        """The shard of a text; UsageError where it is none."""
        match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text)
        shard = cls(int(match[1]), int(match[2])) if match else cls(0, 0)
        if not 1 <= shard.index <= shard.number <= MOST:
            raise UsageError(f"is {text!r}.", f"Expected I/N, as 2/4 for the second of four; N is at most {MOST}.")
        return shard

    def part(self, groups: Collection[Collection[str]], seconds: Callable[[str], float]) -> frozenset[str]:
        """The tests of this shard, of all in ``groups``.

        Each test in turn, the longest first, goes to the shard with the least to do. Every machine comes to the same
        parts, and those of a group do not depend on the groups after it.
        """
        loads, chosen = [0.0] * self.number, set[str]()
        for group in groups:
            for test in sorted(set(group), key=lambda test: (-seconds(test), test)):
                place = loads.index(min(loads))
                loads[place] += seconds(test)
                if place == self.index - 1:
                    chosen.add(test)
        return frozenset(chosen)
