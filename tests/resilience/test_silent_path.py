"""A path to the database that goes silent costs seconds, not the minutes that the kernel waits for."""

from __future__ import annotations

import time

import pytest

from beacon.router import Hang
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD
from fixtures.relays import RelayedRunner
from gate.core.exchange import Exchange
from gate.core.waiting import wait

READY_SECONDS = 1.0
REFUSED_SECONDS = 5.0
BUSY_SECONDS = 1.0
"""What a busy machine adds."""


def readiness(scenario: Scenario) -> int:
    """The status of the readiness, which answers within its time whatever it says."""
    started = time.monotonic()
    status = scenario.client.get("/health/ready").status
    assert time.monotonic() - started < READY_SECONDS + BUSY_SECONDS
    return status


def submitted(scenario: Scenario, workflow: str) -> Exchange:
    """The answer to a submission, which comes within its time whatever it says."""
    started = time.monotonic()
    answer = scenario.send(scenario.spec(), workflow)
    assert time.monotonic() - started < REFUSED_SECONDS + BUSY_SECONDS
    return answer


@pytest.mark.full
def test_connections_that_go_silent_are_replaced_within_seconds(relayed_runner: RelayedRunner, workflow: str) -> None:
    relayed = relayed_runner()
    scenario = relayed.scenario
    spec = scenario.spec(regions=["US", "EU"])
    scenario.router.on(Hang(), job=spec["id"])
    job = scenario.submit(spec, workflow)
    scenario.router.wait_for_calls(2, job=job.id)
    relayed.relay.silence()
    scenario.router.release(job.id)

    assert submitted(scenario, workflow).status in {202, 503}
    assert readiness(scenario) == 200
    assert submitted(scenario, workflow).status == 202
    job.wait("completed", kind="resume")


@pytest.mark.parametrize("workflow", [CROSS_REGION, pytest.param(STANDARD, marks=pytest.mark.full)])
def test_silent_database_is_said_to_be_away_within_seconds(relayed_runner: RelayedRunner, workflow: str) -> None:
    relayed = relayed_runner()
    scenario = relayed.scenario
    relayed.relay.silence(new=True)
    assert readiness(scenario) == 503
    answer = submitted(scenario, workflow)
    assert (answer.status, answer.error_code) == (503, "persistence_unavailable")

    relayed.relay.restore()
    wait("readiness", lambda: readiness(scenario), until=lambda status: status == 200, kind="ready")
    scenario.finished(workflow=workflow)
