"""A minimal violation among what is right: an oracle that looks at a part of what it is given misses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import cycle

from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.record import Observation, Observations, Record
from gate.oracles.registry import Oracle

BESIDE = Exchange("HEAD", "http://canary/", 200)
"""An exchange that most oracles have nothing to say about."""
PLACES = ((1, 2), (2, 1))
"""Numbers of what is right before and after the violation: it is neither first nor last, and once in each half."""


def among(
    oracle: Oracle, record: Record, observations: Observations, contract: Contract
) -> Iterator[tuple[Record, Observations]]:
    """Yields a violation in another place each time, as far as the oracle is silent about what stands beside it."""
    quiet = not any(oracle.check(Record("", exchanges=[BESIDE]), Observations(), contract))
    alone = not any(oracle.check(Record(""), _with({}, 1, 0), contract))
    for before, after in cycle(PLACES):
        exchanges, seen = record.exchanges, observations
        if exchanges and quiet:
            exchanges = [*[BESIDE] * before, *exchanges, *[BESIDE] * after]
        if observations.resources and alone:
            seen = replace(observations, resources=_with(observations.resources, before, after).resources)
        yield replace(record, exchanges=exchanges), seen


def _with(resources: Mapping[str, Observation], before: int, after: int) -> Observations:
    """Observations of resources with empty ones before and after them."""
    empty = [(f"beside-{number}", Observation(f"beside-{number}")) for number in range(before + after)]
    return Observations(resources=dict([*empty[:before], *resources.items(), *empty[before:]]))
