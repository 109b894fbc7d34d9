"""Suspicions for which an operation's time does not last wait for the end of the run, and none is lost."""

from __future__ import annotations

import time
from dataclasses import replace
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gate.contract.document import Contract
from gate.core.effect import Effect, RowChange
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.rerun import RunOptions
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.service.confirm import Candidate
from gate.fuzz.service.deciding import LATE_AFTER, NO_TIME, NOT_CERTAIN, Decider
from gate.fuzz.service.steps import History, Step
from gate.fuzz.service.turns import Suspicion
from gate.oracles import created, unchanged
from gate.verdict.events import CandidateReported

(OPERATION,) = Contract({"openapi": "3.1.0", "paths": {"/notes": {"post": {"responses": {}}}}}).operations
STEP = Step(1, GeneratedRequest("notes", "POST", "/notes"))
EFFECT = Effect(
    Exchange("POST", "http://service/notes", 400), "POST /notes", changes=[RowChange("events", "1", None, {})]
)


def suspicions(code: str, number: int, table: str = "") -> list[Suspicion]:
    findings = [Finding(code, f"POST /notes {each} -> {table or each}", "a", "b") for each in range(number)]
    return [Suspicion(OPERATION, [Candidate(finding, STEP, EFFECT, History())]) for finding in findings]


def decider(tried: list[str]) -> Decider:
    """A decider of a service on which nothing comes again, and a start takes five seconds."""

    def confirm(candidate: Candidate, _: Any) -> None:
        tried.append(candidate.finding.where)

    confirmer: Any = SimpleNamespace(confirm=confirm, seconds=lambda _: 5.0)
    watch: Any = SimpleNamespace(late=set())
    return Decider(confirmer, lambda: watch, (), seed=0, directory=Path(), options=RunOptions(program="gate judge"))


def reasons(entries: Any) -> list[str]:
    return [entry.reason for entry in entries if isinstance(entry, CandidateReported)]


def test_suspicion_for_which_there_is_no_time_waits_and_is_tried_at_the_end() -> None:
    tried: list[str] = []
    deciding = decider(tried)
    assert list(deciding.decide(suspicions(created.DIFFERENT, 2), time.monotonic() + 1, lambda _: None)) == []
    assert (len(deciding.waiting), tried) == (2, [])
    waiting, deciding.waiting = deciding.waiting, []
    assert reasons(deciding.decide(waiting, inf, lambda _: None)) == [NOT_CERTAIN] * 2
    assert (deciding.waiting, len(tried)) == ([], 2)


def test_finding_of_the_end_belongs_to_the_test_of_its_operation() -> None:
    deciding = decider([])
    waiting = [replace(each, test="test of notes") for each in suspicions(created.DIFFERENT, 2)]
    assert list(deciding.decide(waiting, time.monotonic(), lambda _: None)) == []
    deciding.test = "another test"
    (first, second) = deciding.untried()
    assert first.evidence.test == second.evidence.test == "test of notes"


def test_first_suspicion_takes_from_the_time_that_is_kept() -> None:
    tried: list[str] = []
    deciding, three = decider(tried), suspicions(created.DIFFERENT, 3)
    assert reasons(deciding.decide(three, time.monotonic() + 1, lambda _: None, spare=9.0)) == [NOT_CERTAIN]
    assert (len(tried), len(deciding.waiting)) == (1, 2)


def test_suspicion_that_is_never_tried_is_a_candidate() -> None:
    deciding = decider([])
    assert list(deciding.decide(suspicions(created.DIFFERENT, 2), time.monotonic(), lambda _: None)) == []
    assert reasons(deciding.untried()) == [NO_TIME] * 2


def test_change_that_is_known_to_be_late_is_tried_no_more() -> None:
    tried: list[str] = []
    entries = list(decider(tried).decide(suspicions(unchanged.REFUSED, 9, "events"), inf, lambda _: None))
    assert len(tried) == LATE_AFTER
    assert len(entries) == 1
