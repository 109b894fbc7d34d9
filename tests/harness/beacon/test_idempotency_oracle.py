"""Requests that share an Idempotency-Key are answered as one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beacon.api import CROSS_REGION_JOBS, JOBS
from beacon.oracles.idempotency import wrong_answers as check
from gate.core.exchange import Exchange

ANSWER = {"id": "a", "status": "enqueued"}
REPLAY = {**ANSWER, "idempotent": True}


def sent(status: int, answer: Any, body: Any = 1, path: str = JOBS, key: str | None = "k") -> Exchange:
    headers = {} if key is None else {"idempotency-key": key}
    given = json.dumps({"x": body}).encode()
    return Exchange("POST", f"http://h{path}", status, headers, given, body=json.dumps(answer).encode())


FIRST = sent(202, ANSWER)
REUSE = {"error_code": "idempotency_key_reuse"}
SOUND = {
    "replayed": sent(200, REPLAY),
    "another body": sent(422, REUSE, body=2),
    "another type that Python calls equal": sent(422, REUSE, body=True),
    "the same number in another notation": sent(200, REPLAY, body=1.0),
    "another path": sent(422, REUSE, path=CROSS_REGION_JOBS),
    "another body that is wrong in itself": sent(400, {"error_code": "validation_error"}, body=2),
    "another key": sent(202, {"id": "b"}, key="other"),
    "no key": sent(202, {"id": "b"}, key=None),
    "limited for the moment": sent(429, {"error_code": "rate_limit_exceeded"}),
    "unusable key": sent(400, {"error_code": "invalid_parameter"}, key=""),
    "unusable key at another path": sent(200, {}, path=f"{JOBS}/a/cancel", key=""),
}
FAULTS = {
    "second job": (sent(202, {"id": "b", "status": "enqueued"}), "the same request"),
    "conflict": (sent(409, {"error_code": "duplicate_job"}), "the same request"),
    "another answer": (sent(200, {**REPLAY, "id": "b"}), "the same request"),
    "answer of another request": (sent(200, REPLAY, body=2), "another request"),
    "answer of a body that Python calls equal": (sent(200, REPLAY, body=True), "another request"),
    "second job of another request": (sent(202, {"id": "b"}, body=2), "another request"),
    "job of the other workflow": (sent(202, {"id": "b"}, path=CROSS_REGION_JOBS), "another request"),
    "unusable key": (sent(202, {"id": "b"}, key=""), "cannot be one"),
    "key that is too long": (sent(202, {"id": "b"}, key="k" * 256), "cannot be one"),
    "key beyond ASCII": (sent(202, {"id": "b"}, key="caf\u00e9"), "cannot be one"),
}


@pytest.mark.parametrize("other", SOUND.values(), ids=SOUND)
def test_answers_that_keep_to_the_key_are_no_finding(other: Exchange) -> None:
    """Nothing is found, whichever of the requests was answered first."""
    assert check([FIRST, other]) == check([other, FIRST]) == []


@pytest.mark.parametrize(("other", "where"), FAULTS.values(), ids=FAULTS)
def test_answer_that_does_not_keep_to_the_key_is_one_finding_at_its_operation(other: Exchange, where: str) -> None:
    findings = check([FIRST, other])
    assert [finding.code for finding in findings] == ["BG-IDEM-001"]
    assert findings[0].where.startswith(f"POST {other.path}, ")
    assert where in findings[0].where


def test_refused_request_does_not_take_its_key() -> None:
    refused = sent(400, {"error_code": "validation_error"})
    assert check([refused, refused]) == []
