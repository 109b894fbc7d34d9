"""Every accepted job is finished, whatever happens to the service in between."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import urlsplit

import psycopg
import pytest

from beacon.jobs import NANOSECONDS, QUESTIONS
from beacon.router import Hang
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD
from fixtures.systems import OwnRunner
from gate.core.waiting import wait

UNDECIDE = (
    "UPDATE region_results SET status = 'running', provider_id = NULL, completed_at = NULL, duration_ms = NULL,"
    " execution_output = NULL, scoring = NULL, metadata = NULL WHERE status = 'success'"
)


@pytest.mark.criterion("criterion.no-regression")
@pytest.mark.parametrize("workflow", [CROSS_REGION, pytest.param(STANDARD, marks=pytest.mark.full)])
def test_job_of_a_killed_service_is_finished_after_restart(own_runner: OwnRunner, workflow: str) -> None:
    scenario = own_runner()
    spec = scenario.spec(questions=QUESTIONS[:3])
    scenario.router.on(Hang(), job=spec["id"], region="EU")
    job = scenario.submit(spec, workflow)
    scenario.router.wait_for_calls(3, job=job.id, region="EU")
    wait("US finished", job.rows, until=lambda rows: sum(e["status"] == "completed" for e in rows.executions) == 3)
    wait("EU begun", job.rows, until=lambda rows: sum(e["status"] == "running" for e in rows.executions) == 3)
    finished = {e["id"]: e for e in job.rows().executions if e["status"] == "completed"}
    scenario.kill()
    scenario.router.reset(keep_log=True)
    scenario.session.system.start()

    rows = job.wait("completed", kind="resume").rows()
    assert {e["id"]: e for e in rows.executions if e["id"] in finished} == finished
    again = [e for e in rows.executions if e["id"] not in finished]
    assert [(e["status"], e["retry_count"]) for e in again] == [("completed", 1)] * 3


def test_region_whose_result_a_kill_cut_off_is_decided_after_restart(own_runner: OwnRunner) -> None:
    """Between the last answer of a region and the row with its result there is a moment, too short to be hit."""
    scenario = own_runner()
    spec = scenario.spec()
    scenario.router.on(Hang(), job=spec["id"], region="EU")
    job = scenario.submit(spec)
    wait("US decided", job.rows, until=lambda rows: {r["region"]: r["status"] for r in rows.regions}["US"] == "success")
    scenario.router.wait_for_calls(1, job=job.id, region="EU")
    scenario.kill()
    with psycopg.connect(scenario.database.url) as connection:
        assert connection.execute(UNDECIDE).rowcount == 1
    scenario.router.reset(keep_log=True)
    scenario.session.system.start()

    rows = job.wait("completed", kind="resume").rows()
    assert {region["status"] for region in rows.regions} == {"success"}


def test_time_of_a_job_goes_on_while_no_runner_is_there(own_runner: OwnRunner) -> None:
    """When the runner comes back, none is left: no call is made again."""
    scenario = own_runner()
    spec = scenario.spec(timeout=NANOSECONDS)
    scenario.router.on(Hang(), job=spec["id"])
    job = scenario.submit(spec)
    calls = scenario.router.wait_for_calls(2, job=job.id)
    scenario.kill()
    wait("the end of its time", time.monotonic, until=lambda now: now > calls[0].at + 1)
    scenario.session.system.start()

    rows = job.wait("failed", kind="resume").rows()
    assert [(row["status"], row["retry_count"]) for row in rows.executions] == [("timeout", 0)] * 2


@pytest.mark.parametrize("workflow", [STANDARD, pytest.param(CROSS_REGION, marks=pytest.mark.full)])
def test_accepted_job_survives_a_kill_before_it_ran(own_runner: OwnRunner, workflow: str) -> None:
    scenario = own_runner()
    spec = scenario.spec()
    scenario.router.on(Hang(), job=spec["id"])
    job = scenario.submit(spec, workflow)
    scenario.kill()
    scenario.router.reset(keep_log=True)
    scenario.session.system.start()

    rows = job.wait("completed", kind="resume").rows()
    assert len(rows.executions) == 2


def serves(scenario: Scenario) -> bool:
    """Return whether the runner takes connections."""
    address = urlsplit(scenario.session.system.base_url)
    try:
        socket.create_connection((address.hostname or "", address.port or 0)).close()
    except ConnectionRefusedError:
        return False
    return True


def test_runner_that_stops_begins_no_further_call(own_runner: OwnRunner) -> None:
    scenario = own_runner(RUNNER_EXECUTIONS_PARALLEL="1")
    spec = scenario.spec()
    scenario.router.on(Hang(), job=spec["id"])
    job = scenario.submit(spec)
    scenario.router.wait_for_calls(1, job=job.id)
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(scenario.session.system.stop)
        wait("its end", partial(serves, scenario), until=lambda listening: not listening)
        scenario.router.release(job.id)
        stopping.result()
    calls = scenario.router.calls(job.id)
    scenario.session.system.start()

    assert len(calls) == 1
    rows = job.wait("completed", kind="resume").rows()
    assert [row["retry_count"] for row in rows.executions] == [0, 0]


def test_graceful_stop_loses_nothing(own_runner: OwnRunner) -> None:
    scenario = own_runner()
    jobs = [scenario.submit(scenario.spec(questions=QUESTIONS)) for _ in range(5)]
    scenario.session.system.stop()
    scenario.session.system.start()

    for job in jobs:
        rows = job.wait("completed", kind="resume").rows()
        assert {e["status"] for e in rows.executions} == {"completed"}
