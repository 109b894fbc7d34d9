"""The final status of a job follows from the number of regions that succeeded."""

from __future__ import annotations

import time
from functools import partial
from itertools import pairwise

import pytest

from beacon.api import JOBS
from beacon.jobs import NANOSECONDS, QUESTIONS
from beacon.router import Answer, Hang, Status
from beacon.rows import JobRows
from beacon.scenario import Scenario
from fixtures.pairs import WORKFLOWS
from fixtures.systems import OwnRunner
from gate.core.record import Row
from gate.core.waiting import wait

LIMIT_SECONDS = 2
BOOM = Status(500, {"detail": "boom"})


@pytest.mark.criterion("edge.partial-failures")
def test_region_with_one_answer_is_a_success(scenario: Scenario) -> None:
    spec = scenario.spec(questions=QUESTIONS[:3])
    scenario.router.on(BOOM, job=spec["id"], region="EU", times=2)
    rows = scenario.submit(spec).wait("completed").rows()

    assert sorted(row["status"] for row in rows.executions) == ["completed"] * 4 + ["failed"] * 2
    assert {region["status"] for region in rows.regions} == {"success"}


@pytest.mark.smoke
@pytest.mark.criterion("edge.timeouts")
def test_region_that_does_not_answer_times_out_and_every_row_is_there(scenario: Scenario, workflow: str) -> None:
    spec = scenario.spec(questions=QUESTIONS[:3], provider_timeout=NANOSECONDS // 2)
    scenario.router.on(Hang(), job=spec["id"], region="EU")
    rows = scenario.submit(spec, workflow).wait("partial").rows()

    by_region = {r: sorted(e["status"] for e in rows.executions if e["region"] == r) for r in ("US", "EU")}
    assert by_region == {"US": ["completed"] * 3, "EU": ["timeout"] * 3}
    assert {e["output_data"]["error_code"] for e in rows.executions if e["region"] == "EU"} == {"ROUTER_TIMEOUT"}
    assert {r["region"]: r["status"] for r in rows.regions} in ({}, {"US": "success", "EU": "timeout"})


@pytest.mark.criterion("edge.timeouts")
def test_job_that_takes_too_long_ends_with_every_row_timed_out(scenario: Scenario, workflow: str) -> None:
    spec = scenario.spec(questions=QUESTIONS[:3], timeout=NANOSECONDS // 2)
    scenario.router.on(Hang(), job=spec["id"])
    rows = scenario.submit(spec, workflow).wait("failed").rows()

    assert {e["status"] for e in rows.executions} == {"timeout"}
    assert len(rows.executions) == 6


@pytest.mark.criterion("edge.timeouts")
def test_call_that_the_router_never_answers_times_out(own_runner: OwnRunner) -> None:
    """Neither job nor region have a limit that is near: it is that of a single call, or of the list of providers."""
    scenario = own_runner(RUNNER_ROUTER_TIMEOUT_SECONDS="0.5")
    specs = [scenario.spec(regions=["EU"]) for _ in WORKFLOWS]
    scenario.router.on(Hang())
    scenario.router.providers_raw(Hang(), job=specs[0]["id"])
    for job in [scenario.submit(spec, workflow) for spec, workflow in zip(specs, WORKFLOWS, strict=True)]:
        (row,) = job.wait("failed").rows().executions

        failure = row["output_data"]["failure"]
        assert (row["status"], failure["code"], failure["type"]) == ("timeout", "ROUTER_TIMEOUT", "timeout")
    assert 'beacon_router_call_duration_seconds_count{outcome="timeout"} 2.0' in scenario.client.get("/metrics").text


@pytest.mark.smoke
def test_cancelled_job_stops_asking_and_changes_no_more(scenario: Scenario, workflow: str) -> None:
    spec = scenario.spec(questions=QUESTIONS[:2])
    scenario.router.on(Hang(), job=spec["id"], region="EU")
    job = scenario.submit(spec, workflow)
    scenario.router.wait_for_calls(2, job=job.id, region="EU")
    answer = job.cancel()
    before = job.rows()
    wait("its calls given up", partial(scenario.router.waiting, job.id), until=lambda number: number == 0)
    scenario.router.release()

    assert answer.status == 200
    assert (answer.json["previous_status"], answer.json["new_status"]) == ("running", "cancelled")
    assert answer.json["executions_cancelled"] == [e["status"] for e in before.executions].count("cancelled") >= 2
    scenario.finished()  # the worker is alive, and the cancelled job stays as it was meanwhile
    assert job.rows() == before
    assert {row["status"] for row in before.executions} <= {"completed", "cancelled"}
    assert (before.job or {}).get("status") == "cancelled"


def test_region_that_ended_stays_as_it_is_while_another_goes_on(scenario: Scenario) -> None:
    spec = scenario.spec()
    scenario.router.on(Hang(), job=spec["id"], region="EU")
    job = scenario.submit(spec)
    ended = wait("US decided", job.rows, until=lambda rows: _region(rows, "US")["status"] == "success")
    scenario.client.get(JOBS)  # the oracles judge what it shows of a job that runs
    scenario.router.wait_for_calls(1, job=job.id, region="EU")
    scenario.router.release(job=job.id)

    assert _region(job.wait("completed").rows(), "US") == _region(ended, "US")


def _region(rows: JobRows, code: str) -> Row:
    return next(region for region in rows.regions if region["region"] == code)


@pytest.mark.parametrize("ending", ["completed", "failed", "cancelled"])
def test_cancelling_a_job_that_ended_changes_nothing(scenario: Scenario, workflow: str, ending: str) -> None:
    spec = scenario.spec()
    if ending != "completed":
        scenario.router.on(BOOM if ending == "failed" else Hang(), job=spec["id"])
    job = scenario.submit(spec, workflow)
    if ending == "cancelled":
        job.cancel()
    before = job.wait(ending).rows()
    answer = job.cancel()

    summary = {name: answer.json[name] for name in ("previous_status", "new_status", "executions_cancelled")}
    assert (answer.status, summary) == (
        200,
        {"previous_status": ending, "new_status": ending, "executions_cancelled": 0},
    )
    assert job.rows() == before


def test_cancelling_an_unknown_job_is_not_found(scenario: Scenario) -> None:
    answer = scenario.client.cancel(scenario.new_id())
    assert (answer.status, answer.error_code) == (404, "job_not_found")


def test_times_are_in_order_and_in_utc(scenario: Scenario, workflow: str) -> None:
    rows = scenario.finished(workflow=workflow, questions=QUESTIONS[:3]).rows()

    for row in rows.executions:
        assert row["created_at"] <= row["started_at"] <= row["completed_at"]
    assert len({row["started_at"] for row in rows.executions}) > 1
    if rows.run:
        assert rows.run["created_at"] <= rows.run["started_at"] <= rows.run["completed_at"]
        assert max(row["completed_at"] for row in rows.executions) <= rows.run["completed_at"]


def test_each_job_calls_as_soon_as_there_is_room_for_its_call(own_runner: OwnRunner) -> None:
    """A job that took room for more than its calls would keep others from theirs."""
    scenario = own_runner(RUNNER_EXECUTIONS_PARALLEL="3")
    specs = [scenario.spec(regions=["US"]) for _ in range(3)]
    for spec in specs:
        scenario.router.on(Hang(), job=spec["id"])
    jobs = [scenario.submit(spec) for spec in specs]
    scenario.router.wait_for_calls(3)
    scenario.router.release()

    for job in jobs:
        job.wait("completed")


def test_waiting_in_the_queue_is_not_charged_to_a_job(scenario: Scenario) -> None:
    blockers = [scenario.spec() for _ in range(10)]
    for spec in blockers:
        scenario.router.on(Hang(), job=spec["id"])
    held = [scenario.submit(spec) for spec in blockers]
    last, since = scenario.submit(scenario.spec(timeout=LIMIT_SECONDS * NANOSECONDS)), time.monotonic()
    wait("the time that it has", time.monotonic, until=lambda now: now > since + LIMIT_SECONDS)
    for job in held:
        job.cancel()

    last.wait("completed")


PICKED = "SELECT * FROM pgqueuer WHERE status = 'picked'"


def test_waiting_for_room_costs_no_time_and_takes_turns(own_runner: OwnRunner) -> None:
    """A region's time begins with its first call, and a job of many calls lets others in between."""
    scenario = own_runner(RUNNER_EXECUTIONS_PARALLEL="1")
    many = scenario.spec(regions=["US"], questions=QUESTIONS)
    other = scenario.spec(provider_timeout=2 * NANOSECONDS)
    scenario.router.on(Answer(latency=0.1), job=many["id"])
    scenario.router.on(Hang(), job=many["id"], times=1)
    scenario.router.on(Hang(), job=other["id"], region="US")
    jobs = [scenario.submit(spec) for spec in (many, other)]
    wait("both at work", partial(scenario.database.query, PICKED), until=lambda entries: len(entries) == 2)
    scenario.router.release(job=many["id"])

    rows = [job.wait("completed", "partial").rows() for job in jobs]
    assert {row["region"]: row["status"] for row in rows[1].executions} == {"US": "timeout", "EU": "completed"}
    assert scenario.router.calls()[-1].job == many["id"]


def test_room_for_one_call_goes_from_job_to_job(own_runner: OwnRunner) -> None:
    scenario = own_runner(RUNNER_EXECUTIONS_PARALLEL="1")
    scenario.router.on(Answer(latency=0.1))
    jobs = [scenario.submit(scenario.spec()) for _ in range(2)]
    for job in jobs:
        job.wait("completed")

    calls = [call for job in jobs for call in scenario.router.calls(job=job.id)]
    calls.sort(key=lambda call: call.at)
    assert all(call.at + (call.elapsed or 0) <= following.at for call, following in pairwise(calls))
