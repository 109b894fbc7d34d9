"""More than the runner can do is refused at once, with the reason and when to come again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from beacon.jobs import wrap
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD
from fixtures.past import writing
from fixtures.systems import OwnRunner
from gate.core.exchange import Exchange

SLOW_INSERTS = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END; $$;
CREATE TRIGGER slow BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION slow();
"""
FAST_INSERTS = "DROP FUNCTION slow() CASCADE"
AT_ONCE = 24
"""Submissions of which a slow database with two connections takes no more than ten within a second."""
FAR_TOO_MANY = 160
WAIT_SECONDS = 1.0
BUSY_SECONDS = 2.0
"""What a busy machine adds."""


@contextmanager
def slow_inserts(scenario: Scenario) -> Iterator[None]:
    """Let each job that is stored take a while, which the database answers after."""
    with writing(scenario.database) as connection:
        connection.execute(SLOW_INSERTS)
    yield
    with writing(scenario.database) as connection:
        connection.execute(FAST_INSERTS)


def submitted(scenario: Scenario, workflow: str, number: int) -> Sequence[tuple[Exchange, float]]:
    """Submissions that are sent at once, each with its seconds."""
    specs = [scenario.spec(regions=["US"]) for _ in range(number)]

    def send(position: int) -> tuple[Exchange, float]:
        started, spec, client = time.monotonic(), specs[position], scenario.client
        answer = client.submit(spec) if workflow == STANDARD else client.submit_cross_region(wrap(spec))
        return answer, time.monotonic() - started

    scenario.client.get("/metrics")
    with ThreadPoolExecutor(number + 1) as pool:
        answers = pool.map(send, range(number))
        metrics = pool.submit(scenario.client.get, "/metrics").result()
        assert "beacon_database_up 1.0" in metrics.text, "a database that is busy is not away"
        return list(answers)


@pytest.mark.parametrize("workflow", [STANDARD, pytest.param(CROSS_REGION, marks=pytest.mark.full)])
def test_submissions_that_wait_for_others_in_vain_are_refused_as_overload(own_runner: OwnRunner, workflow: str) -> None:
    scenario = own_runner(RUNNER_DATABASE_POOL="2", RUNNER_RATE_LIMIT="")
    with slow_inserts(scenario):
        answers = submitted(scenario, workflow, AT_ONCE)
    refused = [answer for answer, _ in answers if answer.status != 202]
    assert 0 < len(refused) < AT_ONCE
    assert {(answer.status, answer.error_code) for answer in refused} == {(503, "overloaded")}
    assert all(int(answer.headers.get("retry-after", 0)) > 0 and "database" not in answer.text for answer in refused)
    assert max(seconds for _, seconds in answers) < 2 * WAIT_SECONDS + BUSY_SECONDS
    for answer, _ in answers:
        if answer.status == 202:
            scenario.accepted(answer).wait("completed")


@pytest.mark.full
def test_submissions_beyond_what_may_wait_are_refused_at_once(own_runner: OwnRunner, workflow: str) -> None:
    scenario = own_runner(RUNNER_DATABASE_POOL="2", RUNNER_RATE_LIMIT="")
    with slow_inserts(scenario):
        answers = submitted(scenario, workflow, FAR_TOO_MANY)
        assert scenario.client.get("/health/ready").status == 200
    assert {answer.error_code for answer, _ in answers if answer.status != 202} == {"overloaded"}
