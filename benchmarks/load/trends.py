"""Trends of quantities over time: the Mann-Kendall test, and the rise between two stretches."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from beacon.load_codes import LEAK
from benchmarks.load.watch import Sample
from gate.core.findings import Finding

LIKELY = 0.01
"""Probability below which a trend is none by chance."""
POINTS = 200
"""Most values of a test: neighbours are put together, since they depend on each other."""
LEAKING: Mapping[str, str] = {
    "connections": "connections to Postgres",
    "descriptors": "file descriptors of the runner",
    "queue": "entries of the queue",
    "table": "size of the queue's table, kB",
    "series": "series of the metrics",
}


@dataclass(frozen=True, slots=True)
class Trend:
    """A quantity over time.

    Attributes:
        name: of the quantity.
        early: median of the first fifth.
        late: median of the last fifth.
        chance: probability of such a rise without a trend.

    """

    name: str
    early: float
    late: float
    chance: float

    @property
    def rise(self) -> float:
        """The rise as a share of the early value."""
        return (self.late - self.early) / max(1.0, abs(self.early))

    def __str__(self) -> str:
        return f"{self.name}: {self.early:.4g} to {self.late:.4g} ({self.rise:+.1%}, p = {self.chance:.2g})"


def mann_kendall(values: Sequence[float]) -> float:
    """The probability of values that rise like these without a trend, one-sided (Mann 1945, Kendall 1975).

    The variance is corrected for ties. 1 for fewer than four values.
    """
    number = len(values)
    if number < 4:
        return 1.0
    score = sum(
        (later > earlier) - (later < earlier) for place, earlier in enumerate(values) for later in values[place + 1 :]
    )
    ties = sum(times * (times - 1) * (2 * times + 5) for times in Counter(values).values())
    variance = (number * (number - 1) * (2 * number + 5) - ties) / 18
    if variance <= 0:
        return 1.0
    deviation = (score - (score > 0) + (score < 0)) / math.sqrt(variance)
    return 0.5 * math.erfc(deviation / math.sqrt(2))


def trend(name: str, values: Sequence[float]) -> Trend:
    """The trend of values that were taken at equal distances."""
    width = max(1, math.ceil(len(values) / POINTS))
    medians = [statistics.median(values[place : place + width]) for place in range(0, len(values), width)]
    fifth = max(1, len(values) // 5)
    return Trend(name, statistics.median(values[:fifth]), statistics.median(values[-fifth:]), mann_kendall(medians))


def trends(samples: Sequence[Sample], names: Sequence[str]) -> list[Trend]:
    """The trend of each quantity that was seen."""
    by_name = {name: [value for each in samples if (value := getattr(each, name)) is not None] for name in names}
    return [trend(name, values) for name, values in by_name.items() if len(values) >= 4]


def leaks(samples: Sequence[Sample], least_rise: float, least: float) -> Iterator[Finding]:
    """A finding for each quantity that rises by more than a share and a number, not by chance."""
    names = [name for name in LEAKING if name != "queue"]  # it rises where the load is more than the runner can do
    for each in trends(samples, names):
        if each.chance < LIKELY and each.rise > least_rise and each.late - each.early > least:
            expected = "no rise while the load stays the same"
            yield Finding(LEAK, LEAKING[each.name], expected, str(each))
