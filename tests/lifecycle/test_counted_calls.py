"""A call is counted before it is made, and what passes never fails a job."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest

from beacon.router import Hang
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD
from fixtures.relays import RelayedRunner
from fixtures.systems import OwnRunner
from gate.core.waiting import wait

DELAY_SECONDS = 0.1
RESTARTS = 4
"""More than `max_retries`."""
FAULTY: LiteralString = """
CREATE FUNCTION faulty() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a passing fault'; END $$;
CREATE TRIGGER faulty BEFORE UPDATE ON executions FOR EACH ROW WHEN (NEW.status = 'running') EXECUTE FUNCTION faulty()
"""
INTERRUPTED_BEFORE: LiteralString = """
SET LOCAL TIME ZONE 'UTC';
UPDATE executions SET retry_count = 1, max_retries = 1, last_retry_at = started_at,
    retry_history = jsonb_build_array(jsonb_build_object('at', started_at, 'reason', 'service_restart'))
"""
"""As if an earlier restart had used up the only retry."""
SOUND: LiteralString = "DROP TRIGGER faulty ON executions; DROP FUNCTION faulty()"


def given_back(scenario: Scenario) -> int:
    """How often the queue has been given its only job back."""
    return sum(row["attempts"] for row in scenario.database.query("SELECT attempts FROM pgqueuer"))


@pytest.mark.parametrize("workflow", [CROSS_REGION, pytest.param(STANDARD, marks=pytest.mark.full)])
def test_row_counts_a_call_before_the_router_has_it(relayed_runner: RelayedRunner, workflow: str) -> None:
    relayed = relayed_runner()
    scenario = relayed.scenario
    spec = scenario.spec()
    scenario.router.on(Hang(), job=spec["id"])
    relayed.relay.slow(DELAY_SECONDS)
    job = scenario.submit(spec, workflow)
    scenario.router.wait_for_calls(2, job=job.id)
    assert [row["status"] for row in job.rows().executions] == ["running"] * 2

    scenario.kill()
    with psycopg.connect(scenario.database.url) as connection:
        connection.execute(INTERRUPTED_BEFORE)
    relayed.relay.restore()
    scenario.router.reset(keep_log=True)
    scenario.session.system.start()
    assert [row["retry_count"] for row in job.wait("completed", kind="resume").rows().executions] == [2, 2]


@pytest.mark.full
def test_restarts_use_up_no_retries(own_runner: OwnRunner, workflow: str) -> None:
    scenario = own_runner()
    spec = scenario.spec()
    scenario.router.on(Hang(), job=spec["id"])
    job = scenario.submit(spec, workflow)
    scenario.record.interrupted = True
    for number in range(RESTARTS):
        scenario.router.wait_for_calls(2 * (number + 1), job=job.id)
        scenario.session.system.stop()
        scenario.session.system.start()
    scenario.router.wait_for_calls(2 * (RESTARTS + 1), job=job.id)
    scenario.router.release(job.id)

    assert [row["retry_count"] for row in job.wait("completed", kind="resume").rows().executions] == [RESTARTS] * 2


@pytest.mark.parametrize("workflow", [STANDARD, pytest.param(CROSS_REGION, marks=pytest.mark.full)])
def test_passing_fault_after_many_restarts_fails_no_job(own_runner: OwnRunner, workflow: str) -> None:
    scenario = own_runner()
    with psycopg.connect(scenario.database.url, autocommit=True) as connection:
        connection.execute(FAULTY)
        job = scenario.submit(scenario.spec(), workflow)
        wait("a fault", lambda: given_back(scenario), until=bool)
        connection.execute("UPDATE pgqueuer SET attempts = 9")
        wait("another fault", lambda: given_back(scenario), until=lambda number: number > 9, kind="resume")
        connection.execute(SOUND)
    job.wait("completed", kind="resume")
