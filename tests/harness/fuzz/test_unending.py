"""Work without an end beside others is laid to the request whose text the rows name, once it had time to end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from gate.contract.document import Contract
from gate.core.effect import Effect
from gate.core.exchange import Exchange
from gate.core.record import Observations, Record
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.service import unending
from gate.fuzz.service.steps import Step
from gate.fuzz.service.trial import Trial
from gate.fuzz.service.unending import MOST_SUSPECTS, Unending

TEXT = "gate-1"


class Clock:
    """The time of a test."""

    now = 0.0

    def monotonic(self) -> float:
        """The time, in seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(unending, "time", clock)
    return clock


def trial(*, named: bool) -> Trial:
    """A service in which rows with the text of a request are still written, or none."""

    def judged(effect: Effect, oracles: Any) -> list[Any]:
        record, contract = Record("", effects=[effect]), Contract({"paths": {}})
        return [finding for each in oracles for finding in each.check(record, Observations(), contract)]

    watch = SimpleNamespace(snapshot=lambda: "1:1:", names_since=lambda _, texts: named and TEXT in texts)
    members = {"watch": watch, "texts": lambda _: {TEXT}, "growing": lambda _: {"events": 3}, "judged": judged}
    return cast("Trial", SimpleNamespace(**members))


def write(number: int = 1) -> tuple[Step, Effect]:
    request = GeneratedRequest("notes", "POST", "/notes", body={"text": TEXT}, has_body=True)
    return Step(number, request), Effect(Exchange("POST", "http://service/notes", 201), "POST /notes")


def later(look: Unending, service: Trial, clock: Clock) -> list[tuple[Any, Step, Effect]]:
    clock.now += 2 * unending.LATE_SECONDS
    return list(look.findings(service, []))


def test_rows_that_name_a_request_for_ever_are_a_finding_with_their_evidence(clock: Clock) -> None:
    look, service = Unending(), trial(named=True)
    assert list(look.findings(service, [write()])) == []
    assert later(look, service, clock) == []  # from here on no row may come
    ((finding, step, effect),) = later(look, service, clock)
    assert finding.cause == ("BG-QUIET-001", "POST /notes -> events")
    assert (step.number, effect.certain) == (1, unending.EVIDENCE)
    assert later(look, service, clock) == []


def test_service_that_has_ended_its_work_is_no_finding(clock: Clock) -> None:
    look, service = Unending(), trial(named=False)
    assert list(look.findings(service, [write()])) == []
    assert [later(look, service, clock) for _ in range(3)] == [[], [], []]


def test_few_of_many_writes_are_suspects(clock: Clock) -> None:
    look, service = Unending(), trial(named=True)
    list(look.findings(service, [write(number) for number in range(20)]))
    later(look, service, clock)
    assert len(later(look, service, clock)) == MOST_SUSPECTS
