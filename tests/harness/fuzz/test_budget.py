"""The cases that a budget adds are counted apart from those of the depth, which it does not change."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gate.fuzz.campaign import Campaign
from gate.fuzz.cases import Cases
from gate.fuzz.sequences import SequenceRun
from gate.fuzz.statistics import FuzzStatistics

NUMBER = 4
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {"description": "answered"}}}}},
}


class Silent:
    """A probe to which a service without a fault answers."""

    rules: Any = SimpleNamespace(
        sequence=lambda seed, part, turn: [{"do": f"{seed} {part} {turn}"}] * 2,
        plan=SimpleNamespace(accepted_at_least=0.0),
    )

    def send(self, *_: object) -> Any:
        """A sent request without a finding."""
        return SimpleNamespace(exchange=SimpleNamespace(status=200), judging=0.0, resource=None, findings=())

    def settle(self) -> list[Any]:
        """No finding."""
        return []

    def perform(self, _: object) -> list[Any]:
        """No finding."""
        return []


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by a second whenever somebody looks at it."""
    for module in ("campaign", "cases", "sequences"):
        monkeypatch.setattr(f"gate.fuzz.{module}.time", SimpleNamespace(perf_counter=count().__next__))


def fuzzed(seconds: float, directory: Path) -> list[FuzzStatistics]:
    """The statistics of an operation and of sequences; of four cases each without ``seconds``."""
    probe: Any = Silent()
    campaign = Campaign(probe, Cases(DOCUMENT, 1), "a", directory)
    sequences = SequenceRun(probe, 1, "first", directory)
    for part in (campaign, sequences):
        part.run(NUMBER, seconds)
    return [campaign.statistics, sequences.statistics]


def test_budget_adds_cases_and_changes_none(tmp_path: Path) -> None:
    without, longer = fuzzed(0, tmp_path), fuzzed(60, tmp_path)
    assert [each.further for each in without] == [0, 0]
    assert [each.cases for each in without] == [NUMBER, 2 * NUMBER]
    for fixed, extended in zip(without, longer, strict=True):
        assert extended.further > 0
        assert (extended.cases - extended.further, extended.digest) == (fixed.cases, fixed.digest)
        assert f"({extended.further} of them by the budget)" in str(extended)
