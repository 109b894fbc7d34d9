"""A signature that nearly fits is refused like any other, and one that fits is accepted however it is written."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc8785

from beacon.jobs import key, sign
from beacon.scenario import Scenario

Spec = dict[str, Any]
EXTRA: Spec = {
    "null": None,
    "text": "",
    "list": [],
    "object": {},
    "zero": 0,
    "\U0001f600": 1,
    "\ufb33": 2,
    "<&>": "\u00e9",
}


def plain(spec: Spec) -> Spec:
    """The members that a signature covers."""
    return {name: value for name, value in spec.items() if name not in {"signature", "public_key", "id", "created_at"}}


def sorted_json(value: Any, **options: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), **options).encode()


FORMS: dict[str, Callable[[Spec], bytes]] = {
    "with the id": lambda spec: rfc8785.dumps({**plain(spec), "id": spec["id"]}),
    "with created_at": lambda spec: rfc8785.dumps({**plain(spec), "created_at": spec["created_at"]}),
    "with the key": lambda spec: rfc8785.dumps({**plain(spec), "public_key": spec["public_key"]}),
    "without null": lambda spec: rfc8785.dumps({k: v for k, v in plain(spec).items() if v is not None}),
    "without empty values": lambda spec: rfc8785.dumps(
        {k: v for k, v in plain(spec).items() if v not in (None, "", [], {})}
    ),
    "without zero": lambda spec: rfc8785.dumps({k: v for k, v in plain(spec).items() if v}),
    "without metadata": lambda spec: rfc8785.dumps({k: v for k, v in plain(spec).items() if k != "metadata"}),
    "without unknown members": lambda spec: rfc8785.dumps({k: v for k, v in plain(spec).items() if k not in EXTRA}),
    "with defaults": lambda spec: rfc8785.dumps({**plain(spec), "version": "1.0", "jobspec_id": spec["id"]}),
    "sorted by code point": lambda spec: sorted_json(plain(spec), ensure_ascii=False),
    "in ASCII": lambda spec: sorted_json(plain(spec)),
    "as sent": lambda spec: json.dumps(plain(spec)).encode(),
    "wrapped": lambda spec: rfc8785.dumps({"job_spec": plain(spec)}),
    "as a text": lambda spec: rfc8785.dumps(rfc8785.dumps(plain(spec)).decode()),
    "nothing": lambda _: b"",
}


def test_signature_over_another_form_of_the_spec_is_refused(scenario: Scenario, workflow: str) -> None:
    spec = sign({**scenario.spec(), **EXTRA, "created_at": "2025-10-08T00:00:00Z"}, nonce=scenario.new_id())
    for name, form in FORMS.items():
        signature = base64.b64encode(key().sign(form(spec))).decode()
        answer = scenario.send({**spec, "signature": signature}, workflow)
        assert (answer.status, answer.error_code) == (400, "signature_mismatch"), name


def utc(offset: timedelta = timedelta(), form: str = "%Y-%m-%dT%H:%M:%S.%fZ") -> str:
    return (datetime.now(UTC) + offset).strftime(form)


@pytest.mark.parametrize("minutes", [-5.5, 5.5], ids=["past", "future"])
def test_timestamp_beyond_five_minutes_is_refused(scenario: Scenario, workflow: str, minutes: float) -> None:
    spec = sign(scenario.spec(), nonce=scenario.new_id(), timestamp=utc(timedelta(minutes=minutes)))
    answer = scenario.send(spec, workflow)
    assert (answer.status, answer.error_code) == (400, "timestamp_invalid")


def test_timestamp_may_have_every_form_of_rfc_3339(scenario: Scenario, workflow: str) -> None:
    kathmandu = timedelta(hours=5, minutes=45)
    for timestamp in (
        utc(timedelta(minutes=-4)),
        utc(timedelta(minutes=4)),
        utc(form="%Y-%m-%dt%H:%M:%Sz"),
        utc(form="%Y-%m-%dT%H:%M:%S.123456789Z"),
        utc(kathmandu, "%Y-%m-%dT%H:%M:%S+05:45"),
    ):
        scenario.submit(sign(scenario.spec(), nonce=scenario.new_id(), timestamp=timestamp), workflow)


def spelled(scenario: Scenario, member: str, change: Callable[[str], str]) -> Spec:
    """A signed spec with a member in another spelling of base64 that differs from the standard one."""
    while True:
        spec = sign(scenario.spec(), nonce=scenario.new_id(), private=key(7))
        if (other := change(spec[member])) != spec[member]:
            return {**spec, member: other}


SPELLINGS: dict[str, Callable[[str], str]] = {
    "of the URL-safe alphabet": lambda text: text.replace("+", "-").replace("/", "_"),
    "with a line feed": lambda text: f"{text[:20]}\n{text[20:]}",
    "with a line feed at its end": lambda text: f"{text}\n",
    "with a blank": lambda text: f" {text}",
    "without padding": lambda text: text.rstrip("="),
    "with more after its end": lambda text: f"{text}AAAA",
}


def test_signature_is_standard_base64(scenario: Scenario, workflow: str) -> None:
    for name, change in SPELLINGS.items():
        answer = scenario.send(spelled(scenario, "signature", change), workflow)
        assert (answer.status, answer.error_code) == (400, "invalid_encoding:signature"), name


def test_first_of_several_faults_is_named(scenario: Scenario, workflow: str) -> None:
    spec = sign(scenario.spec(), nonce=scenario.new_id())
    unfit = {**spec, "metadata": {}}
    for body, code in (
        ({**spec, "public_key": "!", "signature": "!"}, "invalid_encoding:public_key"),
        ({**unfit, "signature": "!"}, "invalid_encoding:signature"),
        (unfit, "signature_mismatch"),
        ({**unfit, "public_key": ""}, "missing_field:public_key"),
    ):
        assert scenario.send(body, workflow).error_code == code


def test_nonce_has_at_most_255_characters_and_belongs_to_its_key(scenario: Scenario, workflow: str) -> None:
    nonce = scenario.new_id().ljust(255, "\u00e9")
    for private in (key(), key(2)):
        scenario.submit(sign(scenario.spec(), nonce=nonce, private=private), workflow)
    answer = scenario.send(sign(scenario.spec(), nonce=f"{nonce}x"), workflow)
    assert (answer.status, answer.error_code) == (400, "invalid_field:nonce")
