"""Signatures are judged again by the request alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from beacon.api import CROSS_REGION_JOBS, JOBS
from beacon.jobs import Spec, canonical, key, sign, spec, wrap
from beacon.model.signatures import verdicts
from beacon.oracles.signatures import wrong_verdicts as check
from gate.core.exchange import Exchange
from gate.core.findings import Finding

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def signed(**metadata: Any) -> Spec:
    """A well signed spec; members of its metadata replaced, or None to leave them out, before it is signed."""
    sent = sign(spec("a"), nonce="n", timestamp=NOW.isoformat())
    sent["metadata"] = {name: value for name, value in {**sent["metadata"], **metadata}.items() if value is not None}
    return {**sent, "signature": base64.b64encode(key().sign(canonical(sent))).decode()}


def bare() -> Spec:
    sent = {name: value for name, value in signed().items() if name != "metadata"}
    return {**sent, "signature": base64.b64encode(key().sign(canonical(sent))).decode()}


def at(**offset: float) -> str:
    return (NOW + timedelta(**offset)).isoformat()


def without(name: str) -> Spec:
    return {member: value for member, value in signed().items() if member != name}


VERDICTS: dict[str, tuple[Spec, set[str]]] = {
    "good": (signed(), {"acceptance"}),
    "members that are not signed": ({**signed(), "id": "b", "created_at": "x"}, {"acceptance"}),
    "signature missing": (without("signature"), {"missing_field:signature"}),
    "public key empty": ({**signed(), "public_key": ""}, {"missing_field:public_key"}),
    "public key no base64": ({**signed(), "public_key": "!"}, {"invalid_encoding:public_key"}),
    "public key of small order": ({**signed(), "public_key": "AQ" + 41 * "A" + "="}, {"invalid_encoding:public_key"}),
    "signature too short": ({**signed(), "signature": "AAAA"}, {"invalid_encoding:signature"}),
    "integer beyond doubles": ({**signed(), "extra": 2**60}, {"canonicalization_error"}),
    "changed afterwards": ({**signed(), "questions": ["taiwan_status"]}, {"signature_mismatch"}),
    "null left out": ({**signed(), "extra": None}, {"signature_mismatch"}),
    "metadata missing": (bare(), {"missing_field:metadata"}),
    "timestamp missing": (signed(timestamp=None), {"missing_field:timestamp"}),
    "timestamp no text": (signed(timestamp=7), {"invalid_field:timestamp"}),
    "timestamp no time": (signed(timestamp="noon"), {"timestamp_invalid"}),
    "timestamp without zone": (signed(timestamp="2026-01-01T12:00:00"), {"timestamp_invalid"}),
    "too old": (signed(timestamp=at(minutes=-6)), {"timestamp_invalid"}),
    "too far ahead": (signed(timestamp=at(minutes=6)), {"timestamp_invalid"}),
    "at the limit": (signed(timestamp=at(minutes=5)), {"acceptance", "timestamp_invalid"}),
    "nonce missing": (signed(nonce=None), {"missing_field:nonce"}),
    "nonce no text": (signed(nonce=7), {"invalid_field:nonce"}),
    "nonce too long": (signed(nonce="n" * 256), {"invalid_field:nonce"}),
}


@pytest.mark.parametrize(("sent", "expected"), VERDICTS.values(), ids=VERDICTS)
def test_first_fault_in_the_published_order_decides_the_code(sent: Spec, expected: set[str]) -> None:
    assert verdicts(sent, NOW) == expected


def exchange(sent: Spec, status: int, code: str = "", path: str = JOBS) -> Exchange:
    body = sent if path == JOBS else wrap(sent)
    answer = {"error_code": code} if code else {"id": "a"}
    return Exchange(
        "POST",
        f"http://h{path}",
        status,
        request_body=json.dumps(body).encode(),
        headers={"date": format_datetime(NOW)},
        body=json.dumps(answer).encode(),
    )


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


@pytest.mark.parametrize("path", [JOBS, CROSS_REGION_JOBS])
@pytest.mark.parametrize(
    ("sent", "status", "code", "findings"),
    [
        (signed, 202, "", []),
        (signed, 400, "signature_mismatch", ["BG-SIGN-002"]),
        (bare, 202, "", ["BG-SIGN-001"]),
        (bare, 400, "missing_field:metadata", []),
        (bare, 400, "signature_mismatch", ["BG-SIGN-002"]),
        (bare, 400, "validation_error", []),
        (bare, 200, "", []),
        (signed, 400, "replay_detected", []),
        (lambda: spec("a"), 202, "", []),
        (lambda: spec("a"), 400, "missing_field:signature", []),
    ],
)
def test_answers_to_signatures_are_compared_only_where_the_signature_decided(
    path: str, sent: Callable[[], Spec], status: int, code: str, findings: list[str]
) -> None:
    """Only what was judged by its signature is compared, not a refused form, a replay, or an unsigned spec."""
    assert codes(check([exchange(sent(), status, code, path)])) == findings


def test_only_submissions_are_judged_by_signature() -> None:
    assert check([exchange(bare(), 202, path="/api/v1/jobs/a/cancel"), Exchange("POST", f"http://h{JOBS}", 400)]) == []
