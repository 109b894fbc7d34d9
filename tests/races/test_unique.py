"""Of submissions that share what must be unique, one is accepted, however many arrive at the same moment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import LiteralString

import pytest

from beacon.api import CROSS_REGION_JOBS, JOBS
from beacon.jobs import QUESTIONS, sign, wrap
from beacon.states import CROSS_REGION, STANDARD
from fixtures.races import Pair, at_once

NUMBER = 8
"""Requests at once: half of them to each process."""
PATHS = {STANDARD: JOBS, CROSS_REGION: CROSS_REGION_JOBS}


@dataclass(frozen=True)
class Case:
    """Submissions that share something: by which workflows, with what, and how all but one of them are answered."""

    workflows: tuple[str, ...]
    refused: tuple[int, str]
    tables: tuple[LiteralString, ...] = ("jobs",)
    same_id: bool = True
    key: bool = False
    nonce: bool = False


A, B = (STANDARD,), (CROSS_REGION,)
REPLAYED, REUSED = (200, ""), (422, "idempotency_key_reuse")
KEYS: tuple[LiteralString, ...] = ("idempotency_keys", "jobs")
CASES = {
    "id of A": Case(A, (409, "duplicate_job")),
    "id of B": Case(B, (409, "duplicate_job")),
    "id of both": Case(A + B, (409, "duplicate_job")),
    "key of A": Case(A, REPLAYED, KEYS, key=True),
    "key of B": Case(B, REPLAYED, KEYS, key=True),
    "key with other bodies": Case(B, REUSED, KEYS, same_id=False, key=True),
    "key of both": Case(A + B, REUSED, KEYS, same_id=False, key=True),
    "nonce of A": Case(A, (400, "replay_detected"), ("signature_nonces",), same_id=False, nonce=True),
    "nonce of both": Case(A + B, (400, "replay_detected"), ("signature_nonces",), same_id=False, nonce=True),
}


FULL = {"id of A", "key of A", "key with other bodies", "nonce of A"}
"""Cases that others stand for at a lower depth."""


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=name, marks=[pytest.mark.full] * (name in FULL)) for name, case in CASES.items()],
)
def test_one_of_many_at_once_is_accepted(pair: Pair, case: Case) -> None:
    shared = pair.scenario.new_id()
    calls, ids = [], []
    for number, workflow in zip(range(NUMBER), cycle(case.workflows), strict=False):
        spec = pair.scenario.spec(questions=QUESTIONS[:1])
        spec["id"] = shared if case.same_id else spec["id"]
        spec = sign(spec, nonce=shared) if case.nonce else spec
        body, headers = spec if workflow == STANDARD else wrap(spec), {"idempotency_key": shared} if case.key else {}
        calls.append(partial(pair.client(number).post, PATHS[workflow], body, **headers))
        ids.append(spec["id"])
    answers = at_once(pair.scenario, calls, *case.tables)

    refused = [answer for answer in answers if answer.status != 202]
    assert [(answer.status, answer.error_code) for answer in refused] == [case.refused] * (NUMBER - 1)
    job = pair.scenario.accepted(next(answer for answer in answers if answer.status == 202)).wait("completed")
    assert not [each for each in {*ids} - {job.id} if any(pair.scenario.rows(each).counts().values())]
