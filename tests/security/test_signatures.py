"""A signature is verified over canonical JSON of the spec as it was sent, on both workflows alike."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from beacon.ed25519 import weak_keys
from beacon.jobs import canonical, key, sign
from beacon.scenario import Scenario
from beacon.states import STANDARD
from fixtures.pairs import in_turn
from fixtures.systems import OwnRunner

MEMBERS: dict[str, Any] = {
    "null": None,
    "empty text": "",
    "zero": 0,
    "zero with a point": 0.0,
    "empty object": {},
    "empty list": [],
    "false": False,
    "nested": {"b": [{"z": None, "a": ""}], "a": 0},
    "characters that HTML escapes": "<a href='x'>&</a>",
    "line separators": "\u2028\u2029",
    "other scripts": "\u5929\u5b89\u9580 \U0001f600 \u00e9",
    "large number": 1e21,
    "small number": 1e-7,
    "keys that sort by UTF-16": {"\U0001f600": 1, "\ufb33": 2},
}


@pytest.mark.parametrize(("workflow", "value"), in_turn({name: [value] for name, value in MEMBERS.items()}))
def test_signed_spec_with_awkward_values_is_accepted(scenario: Scenario, workflow: str, value: Any) -> None:
    spec = {**scenario.spec(), "extra": value}
    scenario.submit(sign(spec, nonce=spec["id"]), workflow).wait("completed")


@pytest.mark.smoke
@pytest.mark.parametrize("members", [{}, {"created_at": "2025-10-08T00:00:00Z"}, {"jobspec_id": True}], ids=str)
def test_members_that_are_not_signed_may_be_there_or_not(
    scenario: Scenario, workflow: str, members: dict[str, Any]
) -> None:
    spec = {**scenario.spec(), **members}
    if "jobspec_id" in members:
        spec["jobspec_id"] = spec["id"]
    signed = sign(spec, nonce=spec["id"])
    signed["created_at"] = "2025-10-09T00:00:00Z"
    scenario.submit(signed, workflow).wait("completed")


def test_signature_of_a_minimal_spec_holds_although_defaults_are_added(scenario: Scenario, workflow: str) -> None:
    spec = scenario.spec(regions=["US", "EU"])
    minimal = {name: spec[name] for name in ("id", "benchmark", "constraints", "questions")}
    del minimal["benchmark"]["description"]
    stored = scenario.submit(sign(minimal, nonce=spec["id"]), workflow).wait("completed").rows().spec

    assert stored["benchmark"]["description"] == "Benchmark: bias-detection"


@pytest.mark.smoke
def test_one_changed_byte_is_noticed(scenario: Scenario, workflow: str) -> None:
    spec = sign(scenario.spec(), nonce=scenario.new_id())
    spec["benchmark"] = {**spec["benchmark"], "description": "another"}
    answer = scenario.send(spec, workflow)

    assert (answer.status, answer.error_code) == (400, "signature_mismatch")
    assert not any(scenario.rows(spec["id"]).counts().values())


def without(*names: str) -> Any:
    return lambda spec: {name: value for name, value in spec.items() if name not in names}


def metadata(**changes: Any) -> Any:
    """The spec with other metadata, signed again."""

    def change(spec: dict[str, Any]) -> dict[str, Any]:
        changed = dict(spec)
        changed["metadata"] = {k: v for k, v in {**spec["metadata"], **changes}.items() if v is not None}
        changed["signature"] = base64.b64encode(key().sign(canonical(changed))).decode()
        return changed

    return change


def bare(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec without any metadata, signed again."""
    changed = without("metadata", "models")(spec)
    return {**changed, "signature": base64.b64encode(key().sign(canonical(changed))).decode()}


def at(offset: timedelta) -> str:
    return (datetime.now(UTC) + offset).isoformat()


BROKEN: dict[str, tuple[Any, str]] = {
    "no signature": (without("signature"), "missing_field:signature"),
    "no public key": (without("public_key"), "missing_field:public_key"),
    "public key no base64": (lambda s: {**s, "public_key": "!"}, "invalid_encoding:public_key"),
    "public key too short": (lambda s: {**s, "public_key": "AAAA"}, "invalid_encoding:public_key"),
    "signature no base64": (lambda s: {**s, "signature": "!"}, "invalid_encoding:signature"),
    "another key": (
        lambda s: {**s, "public_key": base64.b64encode(key(2).public_key().public_bytes_raw()).decode()},
        "signature_mismatch",
    ),
    "a day old": (metadata(timestamp=at(timedelta(days=-1))), "timestamp_invalid"),
    "a day ahead": (metadata(timestamp=at(timedelta(days=1))), "timestamp_invalid"),
    "timestamp no time": (metadata(timestamp="yesterday"), "timestamp_invalid"),
    "timestamp without zone": (
        metadata(timestamp=datetime.now(UTC).replace(tzinfo=None).isoformat()),
        "timestamp_invalid",
    ),
    "timestamp a number": (metadata(timestamp=1759912345), "invalid_field:timestamp"),
    "no timestamp": (metadata(timestamp=None), "missing_field:timestamp"),
    "no metadata": (bare, "missing_field:metadata"),
    "nonce a number": (metadata(nonce=7), "invalid_field:nonce"),
    "no nonce": (metadata(nonce=None), "missing_field:nonce"),
}


@pytest.mark.parametrize(("change", "code"), BROKEN.values(), ids=BROKEN)
def test_broken_signatures_get_the_same_verdict_on_both_workflows(
    scenario: Scenario, workflow: str, change: Any, code: str
) -> None:
    spec = change(sign(scenario.spec(), nonce=scenario.new_id()))
    answer = scenario.send(spec, workflow)

    assert (answer.status, answer.error_code) == (400, code)
    assert not any(scenario.rows(spec["id"]).counts().values())


FORGED = base64.b64encode((4 * pow(5, -1, 2**255 - 19) % (2**255 - 19)).to_bytes(32, "little") + b"\1" + bytes(31))
"""R is the base point and S is 1: with the neutral element as key it fits every message (RFC 8032, section 5.1.7)."""


def test_key_that_binds_nothing_is_refused(scenario: Scenario, workflow: str) -> None:
    spec = {**sign(scenario.spec(), nonce=scenario.new_id()), "signature": FORGED.decode()}
    for weak in weak_keys():
        answer = scenario.send({**spec, "public_key": base64.b64encode(weak).decode()}, workflow)
        assert (answer.status, answer.error_code) == (400, "invalid_encoding:public_key"), weak.hex()


def test_signature_in_another_spelling_is_refused(scenario: Scenario, workflow: str) -> None:
    """S plus the order of the group satisfies the equation too, and so would R with its y plus the prime."""
    spec = sign(scenario.spec(), nonce=scenario.new_id())
    signature = base64.b64decode(spec["signature"])
    other = (int.from_bytes(signature[32:], "little") + 2**252 + 27742317777372353535851937790883648493) % 2**256
    for spelling in (signature[:32] + other.to_bytes(32, "little"), (2**255 - 18).to_bytes(32, "little") + bytes(32)):
        answer = scenario.send({**spec, "signature": base64.b64encode(spelling).decode()}, workflow)
        assert (answer.status, answer.error_code) == (400, "signature_mismatch")


def test_nonce_is_good_for_one_job(scenario: Scenario, workflow: str) -> None:
    spec = sign(scenario.spec(), nonce=scenario.new_id())
    scenario.submit(spec, STANDARD).wait("completed")
    replayed = {**spec, "id": scenario.new_id()}
    answer = scenario.send(replayed, workflow)

    assert (answer.status, answer.error_code) == (400, "replay_detected")
    assert not any(scenario.rows(replayed["id"]).counts().values())


def test_refused_request_does_not_use_up_its_nonce(scenario: Scenario, workflow: str) -> None:
    nonce = scenario.new_id()
    assert scenario.send(sign(scenario.spec(regions=["MARS"]), nonce=nonce), workflow).status == 400
    scenario.submit(sign(scenario.spec(), nonce=nonce), workflow).wait("completed")


def test_number_that_canonical_json_cannot_hold_is_refused(scenario: Scenario, workflow: str) -> None:
    spec = {**sign(scenario.spec(), nonce=scenario.new_id()), "extra": 2**60}
    answer = scenario.send(spec, workflow)
    assert (answer.status, answer.error_code) == (400, "canonicalization_error")


def test_signature_can_be_required(own_runner: OwnRunner) -> None:
    scenario = own_runner(RUNNER_REQUIRE_SIGNATURE="true")
    for workflow in ("standard", "cross-region"):
        assert scenario.send(scenario.spec(), workflow).error_code == "missing_field:signature"
        scenario.submit(sign(scenario.spec(), nonce=scenario.new_id()), workflow).wait("completed")
