"""Suspicions are confirmed by turns, so that none waits for all those of operations that were explored before."""

from __future__ import annotations

from typing import Any

import pytest

from gate.contract.document import Contract
from gate.core.effect import Effect
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.service.confirm import Candidate
from gate.fuzz.service.steps import History, Step
from gate.fuzz.service.turns import Suspicion, in_turn
from gate.oracles import created, failing, unchanged

PATHS: dict[str, Any] = {path: {"post": {"responses": {}}} for path in ("/early", "/late")}
EARLY, LATE = Contract({"openapi": "3.1.0", "paths": PATHS}).operations
STEP = Step(1, GeneratedRequest("notes", "POST", "/notes"))


def suspicion(place: str, code: str) -> Suspicion:
    operation, effect = (
        {"early": EARLY, "late": LATE}[place],
        Effect(Exchange("POST", "http://service/", 500), "POST /"),
    )
    return Suspicion(operation, [Candidate(Finding(code, f"{operation} {place}", "a", "b"), STEP, effect, History())])


def order(*suspicions: Suspicion) -> list[tuple[str, str]]:
    costs = {failing.FAILED: 0.0, created.DIFFERENT: 1.0, unchanged.REFUSED: 2.0}
    return [(each.operation.path, each.code) for each in in_turn(suspicions, lambda each: costs[each.code])]


def test_last_operation_has_its_turn_before_the_second_of_a_kind_at_the_first() -> None:
    many = [suspicion("early", failing.FAILED) for _ in range(3)]
    expected = [("/early", failing.FAILED), ("/late", failing.FAILED), ("/early", failing.FAILED)]
    assert order(*many, suspicion("late", failing.FAILED))[:3] == expected


def test_codes_alternate_and_what_costs_less_is_first() -> None:
    places = ("early", "late")
    dear = [suspicion(place, unchanged.REFUSED) for place in places]
    cheap = [suspicion(place, failing.FAILED) for place in places]
    assert [code for _, code in order(*dear, *cheap)] == [failing.FAILED, unchanged.REFUSED] * 2


@pytest.mark.parametrize("number", [0, 1, 5])
def test_none_is_lost(number: int) -> None:
    assert len(order(*[suspicion("early", created.DIFFERENT)] * number)) == number
