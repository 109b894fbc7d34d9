"""The model predicts the answer of each request from the contract and from the exchanges before it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from beacon.api import CROSS_REGION_JOBS, EXECUTIONS, JOBS
from beacon.jobs import Spec, sign, spec, wrap
from beacon.model.submissions import models, parsed
from beacon.oracles.model import ORACLE, predictions
from beacon.pack import pack
from gate.core.exchange import Exchange
from gate.core.record import Observations, Record

REQUIRED = {"400 missing_field:signature"}
"""The answer to an unsigned JobSpec where the runner requires signatures."""
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CLOCK = {"date": format_datetime(NOW)}
RUN = "0b8f6a4e-2c1d-4e3f-9a5b-6c7d8e9f0a1b"
ACCEPTED: Spec = {"id": "a", "cross_region_execution_id": RUN}


def post(body: Any, status: int = 202, answer: Any = None, path: str = JOBS, **headers: str) -> Exchange:
    sent = {"content-type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    returned = json.dumps({"id": body["id"]} if answer is None and isinstance(body, dict) else answer).encode()
    return Exchange("POST", f"http://h{path}", status, sent, content, CLOCK, returned)


def get(target: str, status: int = 200, body: Any = None) -> Exchange:
    return Exchange("GET", f"http://h{target}", status, body=json.dumps(body).encode())


def predicted(*exchanges: Exchange) -> set[str] | None:
    """The answers that the last of these exchanges may have, on a system of the run's own."""
    record = Record("", list(exchanges), alone=True)
    *_, (_, prediction, _) = predictions(record, Observations(), pack().contract)
    return None if prediction.answers is None else set(prediction.answers)


def signed(name: str = "a", nonce: str = "n", minutes: int = 0) -> Spec:
    return sign(spec(name), nonce=nonce, timestamp=(NOW - timedelta(minutes=minutes)).isoformat())


BAD = {**spec("a"), "runs": 0}
FORMS: dict[str, tuple[Exchange, set[str]]] = {
    "key before content type": (post(b"x", content_type="text/plain", idempotency_key=""), {"400 invalid_parameter"}),
    "content type before size": (post(b"x" * (2 << 20), content_type="text/plain"), {"415 unsupported_media_type"}),
    "size before JSON": (post(b"x" * (2 << 20)), {"413 payload_too_large"}),
    "nothing": (post(b" \n"), {"400 invalid_body"}),
    "a list": (post(b"[]"), {"400 invalid_json"}),
    "JSON before form": (post(b'{"runs": 0, "runs": 0}'), {"400 invalid_json"}),
    "form before signature": (post({**signed(), "runs": 0}), {"400 validation_error"}),
    "two ids": (post({**spec("a"), "jobspec_id": "b"}), {"400 validation_error"}),
    "U+0000": (post({**spec("a"), "x": ["\0"]}), {"400 validation_error"}),
    "lone surrogate": (post(b'{"x": "\\ud800"}'), {"400 validation_error"}),
    "more regions needed than targeted": (
        post(wrap(spec("a", min_regions=2), target_regions=["US"]), answer={}, path=CROSS_REGION_JOBS),
        {"400 validation_error"},
    ),
    "public key empty": (post({**signed(), "public_key": ""}), {"400 missing_field:public_key"}),
    "unsigned": (post(spec("a")), {"202"}),
    "signed": (post(signed()), {"202"}),
    "stale": (post(signed(minutes=6)), {"400 timestamp_invalid"}),
}


@pytest.mark.parametrize(("exchange", "expected"), FORMS.values(), ids=FORMS)
def test_first_fault_of_a_submission_decides(exchange: Exchange, expected: set[str]) -> None:
    assert (predicted(exchange) or set()) - REQUIRED == expected


FIRST = post(signed(), idempotency_key="k")
AFTER: dict[str, tuple[Exchange, set[str]]] = {
    "same key and body": (post(signed(), idempotency_key="k"), {"200"}),
    "same key, other body": (post(signed(nonce="m"), idempotency_key="k"), {"422 idempotency_key_reuse"}),
    "same key, bad form": (post(BAD, idempotency_key="k"), {"400 validation_error"}),
    "same key, stale signature": (post(signed(minutes=9), idempotency_key="k"), {"422 idempotency_key_reuse"}),
    "same id": (post(signed(nonce="m")), {"409 duplicate_job"}),
    "same id and nonce": (post(signed()), {"409 duplicate_job"}),
    "same nonce": (post(signed("b")), {"400 replay_detected"}),
    "another job": (post(signed("b", "m")), {"202"}),
}


@pytest.mark.parametrize(("exchange", "expected"), AFTER.values(), ids=AFTER)
def test_accepted_job_decides_what_follows(exchange: Exchange, expected: set[str]) -> None:
    assert predicted(FIRST, exchange) == expected


READ: dict[str, tuple[str, set[str] | None]] = {
    "job": (f"{JOBS}/a", {"200"}),
    "parameter before existence": (f"{JOBS}/b?exec_limit=0", {"400 invalid_parameter"}),
    "parameter twice": (f"{JOBS}?limit=1&limit=1", {"400 invalid_parameter"}),
    "unknown parameter": (f"{JOBS}?limits=0", {"200"}),
    "integer with a sign": (f"{JOBS}?offset=%2B1", {"400 invalid_parameter"}),
    "integer with a leading zero": (f"{JOBS}?limit=01", {"400 invalid_parameter"}),
    "unknown job": (f"{JOBS}/b", {"404 job_not_found"}),
    "impossible job": (f"{JOBS}/%20", {"404 job_not_found"}),
    "filter of an impossible job": (f"{EXECUTIONS}?jobspec_id=%20", {"400 invalid_parameter"}),
    "run": (f"{EXECUTIONS}/{RUN}/cross-region", {"200"}),
    "region": (f"{EXECUTIONS}/{RUN}/regions/US", {"200"}),
    "region that was not targeted": (f"{EXECUTIONS}/{RUN}/regions/APAC", {"404 region_result_not_found"}),
    "region that is none": (f"{EXECUTIONS}/{RUN}/regions/us", {"400 invalid_parameter"}),
    "method of another path": (CROSS_REGION_JOBS, {"405 method_not_allowed"}),
    "no path": ("/api/v1/job", {"404 not_found"}),
    "page of the portal": ("/portal/", None),
}


@pytest.mark.parametrize(("target", "expected"), READ.values(), ids=READ)
def test_reading_is_predicted(target: str, expected: set[str] | None) -> None:
    accepted = post(wrap(spec("a")), answer=ACCEPTED, path=CROSS_REGION_JOBS)
    assert predicted(accepted, get(target)) == expected


def test_answer_about_an_analysis_that_was_final_stays() -> None:
    path = "/api/v2/jobs/a/bias-analysis"
    failed = get(path, 404, {"error_code": "analysis_failed"})
    assert predicted(post(wrap(spec("a")), answer=ACCEPTED, path=CROSS_REGION_JOBS), failed, get(path)) == {
        "404 analysis_failed"
    }


def test_other_answer_than_the_predicted_is_a_finding() -> None:
    record = Record("", [FIRST, post(signed(nonce="m"), 202)], alone=True)
    findings = ORACLE.check(record, Observations(), pack().contract)
    (finding,) = [each for each in findings if each.code == "BG-MODEL-001"]
    assert (finding.expected, finding.got) == ("409 duplicate_job", "202")


def test_of_submissions_at_the_same_time_one_creates_the_job() -> None:
    """The others are refused, although they may have begun, or been answered, before it."""
    at = {"began": 1.0, "elapsed": 1.0}
    first, second = (Exchange(**{**vars(post(spec("a"), status)), **at}) for status in (409, 202))
    record = Record("", [first, second], alone=True)
    answers = [prediction.answers for _, prediction, _ in predictions(record, Observations(), pack().contract)]
    assert answers == [frozenset({"409 duplicate_job"}), frozenset({"202"})]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"models": [{"id": "x"}, {"id": "x"}], "metadata": {"model": "y"}}, ["x"]),
        ({"models": [], "metadata": {"models": ["y", {"id": "z"}, {"name": "y"}]}}, ["y", "z"]),
        ({"metadata": {"models": [], "model": "z"}}, ["z"]),
        ({}, ["llama3.2-1b"]),
    ],
)
def test_models_are_the_first_that_are_named(members: Spec, expected: list[str]) -> None:
    assert models(members) == expected


@pytest.mark.parametrize("text", [b"\xef\xbb\xbf{}", b"[NaN]", b"[1e999]", b"[" * 101 + b"]" * 101, b'"\xff"'])
def test_what_is_no_strict_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parsed(text)


def test_a_hundred_levels_are_json() -> None:
    assert parsed(b"[" * 100 + b"]" * 100)
