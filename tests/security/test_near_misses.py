"""A signature that nearly fits is refused like any other, and one that fits is accepted however it is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from beacon.jobs import Spec, key, sign
from beacon.scenario import Scenario


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
