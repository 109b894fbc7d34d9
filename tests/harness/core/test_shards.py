"""The shards of a run are disjoint and complete, take about the same time, and are the same on every machine."""

from __future__ import annotations

import random

import pytest

from beacon.checkout import ROOT
from beacon.pack import SUITE
from gate.core.errors import UsageError
from gate.core.shards import Shard
from gate.verdict import inventory, times
from gate.verdict.inventory import Scope

SECONDS = times.load(ROOT / SUITE.times).of


@pytest.mark.parametrize("depth", ["smoke", "ci", "full"])
@pytest.mark.parametrize("number", [1, 2, 4, 7, 20])
def test_each_test_is_in_one_shard_and_none_takes_much_longer(depth: str, number: int) -> None:
    """No shard takes longer than another by more than the test that takes longest, and one second."""
    expected = inventory.load(ROOT / SUITE.inventory).expected(Scope(depth))
    parts = [Shard(index, number).part([expected], SECONDS) for index in range(1, number + 1)]
    assert sorted(test for part in parts for test in part) == sorted(expected)
    loads = [sum(map(SECONDS, part)) for part in parts]
    assert max(loads) <= max(min(loads) + 1, *map(SECONDS, expected))


def test_parts_follow_from_the_tests_alone() -> None:
    """Neither from their order, nor for a group from what comes after it."""
    tests = [f"t::{number}" for number in range(50)]
    shuffled = random.Random(0).sample(tests, len(tests))
    shard = Shard(2, 3)
    part = shard.part([tests], SECONDS)
    assert shard.part([shuffled, ["u::1", "u::2", "u::3"]], SECONDS) - {"u::1", "u::2", "u::3"} == part


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "1/0", "-1/4", "a/b", "1/1001", "1/4/2", "1.0/4"])
def test_text_that_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"Expected|is ''"):
        Shard.of(text)
    assert str(Shard.of("3/20")) == "3/20"
