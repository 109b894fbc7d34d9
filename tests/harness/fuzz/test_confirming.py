"""A candidate of a service that starts slowly is tried on a system that others used, if that was left clean."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gate.core.effect import Effect, RowChange
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.service import confirm
from gate.fuzz.service.confirm import Candidate, Confirmer, Fresh
from gate.fuzz.service.steps import History, Step
from gate.oracles import created, unchanged

STEP = Step(1, GeneratedRequest("notes", "POST", "/notes"))
EFFECT = Effect(
    Exchange("POST", "http://service/notes", 201), "POST /notes", changes=[RowChange("notes", "1", None, {})]
)


class Systems:
    """Starts that took ``seconds``, on each of which the finding shows or not."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.started = 0

    def take(self) -> Any:
        """The next system."""
        self.started += 1
        session = SimpleNamespace(
            begin=lambda _: None, current=SimpleNamespace(test=""), close=lambda: None, dead=False
        )
        return SimpleNamespace(session=session)


def tried(
    monkeypatch: pytest.MonkeyPatch, code: str, systems: Systems, *, comes: bool, times: int = 1, status: int = 201
) -> list[bool]:
    """The outcomes of confirming a candidate several times, to which the service answers with a status."""
    finding = Finding(code, "POST /notes", "a", "b")
    effect = replace(EFFECT, exchange=replace(EFFECT.exchange, status=status))
    monkeypatch.setattr(confirm, "repeat", lambda *_, **__: ([finding] if comes else [], effect))
    confirmer, candidate = Confirmer(cast("Fresh", systems), ()), Candidate(finding, STEP, EFFECT, History())
    return [confirmer.confirm(candidate, [[STEP]]) is not None for _ in range(times)]


def test_change_that_does_not_come_again_costs_no_slow_start_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    systems = Systems(seconds=9)
    assert tried(monkeypatch, unchanged.REFUSED, systems, comes=False, times=3) == [False, False, False]
    assert systems.started == 1


@pytest.mark.parametrize("code", [created.DIFFERENT, created.TAKEN])
def test_no_candidate_that_does_not_come_again_costs_a_slow_start_of_its_own(
    monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    systems = Systems(seconds=9)
    assert tried(monkeypatch, code, systems, comes=False, times=3) == [False, False, False]
    assert systems.started == 1


def test_candidate_that_others_are_in_the_way_of_is_tried_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    systems = Systems(seconds=9)
    assert tried(monkeypatch, created.DIFFERENT, systems, comes=False, status=409) == [False]
    assert systems.started == 2


def test_finding_that_other_rows_may_show_needs_a_system_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    systems = Systems(seconds=9)
    assert tried(monkeypatch, created.TAKEN, systems, comes=True) == [True]
    assert systems.started == 2


def test_system_that_showed_a_finding_is_left_to_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    systems = Systems(seconds=9)
    assert tried(monkeypatch, created.DIFFERENT, systems, comes=True, times=2) == [True, True]
    assert systems.started == 2


@pytest.mark.parametrize("seconds", [0.5, 9.0])
def test_change_of_rows_is_shown_by_two_systems(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    systems = Systems(seconds)
    assert tried(monkeypatch, unchanged.REFUSED, systems, comes=True) == [True]
    assert systems.started == 2
