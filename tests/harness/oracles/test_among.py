"""An oracle that looks at a part of a record or of its observations misses its violation in one of two places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from beacon.pack import pack
from gate.oracles.among import among
from gate.oracles.registry import Oracle

PARTS: dict[str, Callable[[Sequence[Any]], Sequence[Any]]] = {
    "every second": lambda given: given[::2],
    "the first": lambda given: given[:1],
    "the last": lambda given: given[-1:],
    "half": lambda given: given[: len(given) // 2],
}
CONTRACT = pack().contract
BY_NAME = {oracle.name: oracle for oracle in pack().oracles}


def codes(oracle: Oracle, part: Callable[[Sequence[Any]], Sequence[Any]] = lambda given: given) -> list[set[str]]:
    """The codes of the findings on a violation in each of its places, where the oracle looks at a part alone."""
    seen = []
    for record, observations in islice(among(oracle, *oracle.violation(CONTRACT), CONTRACT), 2):
        resources = dict(part([*observations.resources.items()]))
        seen_of_it = replace(record, exchanges=list(part(record.exchanges))), replace(observations, resources=resources)
        findings = oracle.check(*seen_of_it, CONTRACT)
        seen.append({finding.code for finding in findings})
    return seen


@pytest.mark.parametrize("oracle", BY_NAME.values(), ids=BY_NAME)
def test_violation_is_found_in_every_place(oracle: Oracle) -> None:
    alone = {finding.code for finding in oracle.check(*oracle.violation(CONTRACT), CONTRACT)}
    assert all(alone <= among for among in codes(oracle))


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("name", ["contract", "health", "idempotency", "reveal", "signatures", "stored", "analysis"])
def test_oracle_that_looks_at_a_part_misses_one(name: str, part: Callable[[Sequence[Any]], Sequence[Any]]) -> None:
    assert not all(codes(BY_NAME[name], part))
