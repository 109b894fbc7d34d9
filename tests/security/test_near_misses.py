"""Times and nonces at their limits, and the fault that is named where there are several."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from beacon.forgeries import FORGERIES, forged
from beacon.jobs import key, sign
from beacon.scenario import Scenario
from beacon.states import STANDARD
from gate.core.settings import Settings


def utc(offset: timedelta = timedelta(), form: str = "%Y-%m-%dT%H:%M:%S.%fZ") -> str:
    return (datetime.now(UTC) + offset).strftime(form)


@pytest.mark.parametrize("minutes", [-5.6, 5.6], ids=["past", "future"])
def test_timestamp_beyond_five_minutes_is_refused(scenario: Scenario, workflow: str, minutes: float) -> None:
    for zone, form in ((0, "Z"), (5.75, "+05:45"), (-8, "-08:00")):
        timestamp = utc(timedelta(hours=zone, minutes=minutes), f"%Y-%m-%dT%H:%M:%S{form}")
        answer = scenario.send(sign(scenario.spec(), nonce=scenario.new_id(), timestamp=timestamp), workflow)
        assert (answer.status, answer.error_code) == (400, "timestamp_invalid"), form


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


def test_each_forgery_is_refused(scenario: Scenario, workflow: str, settings: Settings) -> None:
    """Half of the kinds in one workflow and half in the other; at full all of them in both."""
    half = slice(None) if settings.depth == "full" else slice(workflow == STANDARD, None, 2)
    for kind in [*FORGERIES][half]:
        answer = scenario.send(forged(kind, scenario.spec(regions=["US"]), scenario.new_id()), workflow)
        assert (answer.status == 202) == kind.startswith("valid"), kind
    for job in scenario.jobs.values():
        job.wait()


def test_nonce_has_at_most_255_characters_and_belongs_to_its_key(scenario: Scenario, workflow: str) -> None:
    nonce = scenario.new_id().ljust(255, "\u00e9")
    for private in (key(), key(2)):
        scenario.submit(sign(scenario.spec(), nonce=nonce, private=private), workflow)
    answer = scenario.send(sign(scenario.spec(), nonce=f"{nonce}x"), workflow)
    assert (answer.status, answer.error_code) == (400, "invalid_field:nonce")
