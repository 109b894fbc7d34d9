"""Two events in the life of a job at the same moment have their effect one after the other, or only the first has."""

from __future__ import annotations

from functools import partial
from typing import LiteralString

import pytest

from beacon.api import CROSS_REGION_JOBS, job_at
from beacon.jobs import wrap
from beacon.router import Hang
from beacon.scenario import Job, Scenario
from beacon.states import CROSS_REGION, STANDARD
from fixtures.commands import Command, result_of
from fixtures.races import ROOM, Pair, Rush, held, nobody_listening
from gate.core.client import Client
from gate.core.exchange import Exchange
from gate.core.waiting import wait

JOB: LiteralString = "SELECT FROM jobs WHERE jobspec_id = %s FOR UPDATE"
EXECUTIONS: LiteralString = (
    "SELECT FROM executions e JOIN jobs j ON j.id = e.job_id WHERE j.jobspec_id = %s FOR UPDATE OF e"
)
ENDED = ("completed", "completed", 0)
"""The answer to the cancellation of a job that has completed: statuses before and after, and executions cancelled."""


def hanging(scenario: Scenario, workflow: str, *regions: str) -> Job:
    """A job of one execution, or of one in each region, whose calls the router has and does not answer."""
    spec = scenario.spec(regions=regions or ["EU"])
    scenario.router.on(Hang(), job=spec["id"])
    job = scenario.submit(spec, workflow)
    wait("its call", job.rows, until=lambda rows: {row["status"] for row in rows.executions} == {"running"})
    return job


def cancelling(pair: Pair, job: Job, number: int = 1) -> Rush:
    """Cancellations of a job that are sent now."""
    return Rush([partial(pair.client(each).cancel, job.id) for each in range(number)])


def outcome(answer: Exchange) -> tuple[str, str, int]:
    """The statuses before and after a cancellation, and the executions that it ended."""
    body = answer.json
    return body["previous_status"], body["new_status"], body["executions_cancelled"]


@pytest.mark.parametrize("workflow", [CROSS_REGION, pytest.param(STANDARD, marks=pytest.mark.full)])
def test_one_of_many_cancellations_ends_the_job(pair: Pair, workflow: str) -> None:
    job = hanging(pair.scenario, workflow)
    with held(pair.scenario, JOB, job.id) as lock:
        rush = cancelling(pair, job, 6)
        lock.wait_for_all(rush)
        lock.release()
        answers = sorted(map(outcome, rush.answers()))

    assert answers == [("cancelled", "cancelled", 0)] * 5 + [("running", "cancelled", 1)]


def cancelled_before_the_answer(pair: Pair, job: Job, rows: LiteralString) -> Exchange:
    """Cancel a job of which a worker that does not hear of it stores an answer next, once it gets the rows."""
    with held(pair.scenario, rows, job.id) as lock, nobody_listening(pair.scenario):
        rush = cancelling(pair, job)
        lock.wait_for(1)
        pair.scenario.router.release(job.id)
        lock.wait_for(2)
        lock.release()
        (answer,) = rush.answers()
    return answer


def test_cancellation_before_the_end_wins(pair: Pair, workflow: str) -> None:
    """The worker is about to end the job when the cancellation, of which it does not hear, gets its row first."""
    job = hanging(pair.scenario, workflow)
    answer = cancelled_before_the_answer(pair, job, JOB)
    assert outcome(answer) == ("running", "cancelled", 0)
    rows = job.wait("cancelled").rows()
    assert [row["status"] for row in rows.executions] == ["completed"]


@pytest.mark.parametrize("workflow", [STANDARD, pytest.param(CROSS_REGION, marks=pytest.mark.full)])
def test_end_before_the_cancellation_wins(pair: Pair, workflow: str) -> None:
    job = hanging(pair.scenario, workflow)
    with held(pair.scenario, JOB, job.id) as lock:
        pair.scenario.router.release(job.id)
        lock.wait_for(1)
        rush = cancelling(pair, job)
        lock.wait_for(2)
        lock.release()
        (answer,) = rush.answers()

    assert outcome(answer) == ENDED
    job.wait("completed")


@pytest.mark.parametrize("workflow", [STANDARD, pytest.param(CROSS_REGION, marks=pytest.mark.full)])
def test_answer_after_the_cancellation_is_dropped(pair: Pair, workflow: str) -> None:
    """The answer is about to be stored when the cancellation gets the execution's row first."""
    job = hanging(pair.scenario, workflow)
    answer = cancelled_before_the_answer(pair, job, EXECUTIONS)
    assert outcome(answer) == ("running", "cancelled", 1)
    (row,) = job.wait("cancelled").rows().executions
    assert (row["status"], row["output_data"]) == ("cancelled", None)


@pytest.mark.parametrize("workflow", [CROSS_REGION, pytest.param(STANDARD, marks=pytest.mark.full)])
def test_cancellation_before_the_start_wins(pair: Pair, workflow: str) -> None:
    """A worker is about to begin the job when the cancellation gets its row first; the router is not called."""
    scenario = pair.scenario
    blockers = [hanging(scenario, workflow) for _ in range(ROOM)]
    job = scenario.submit(scenario.spec(), workflow)
    with held(scenario, JOB, job.id) as lock, nobody_listening(pair.scenario):
        rush = cancelling(pair, job)
        lock.wait_for(1)
        scenario.router.release()
        lock.wait_for(2)
        lock.release()
        (answer,) = rush.answers()

    assert outcome(answer) == ("queued", "cancelled", 2)
    assert [blocker.wait("completed").id for blocker in blockers] == [blocker.id for blocker in blockers]
    assert job.wait("cancelled").rows().executions
    assert not scenario.router.calls(job.id)


def test_cancellation_during_a_submission_finds_the_job_or_does_not(pair: Pair) -> None:
    """It has to be unknown until its submission has been committed; its key is answered all the same."""
    scenario = pair.scenario
    spec = scenario.spec()
    submit = partial(pair.client(0).post, CROSS_REGION_JOBS, wrap(spec), idempotency_key=spec["id"])
    with held(scenario, "LOCK TABLE region_results IN SHARE MODE") as lock:
        rush = Rush([submit])
        lock.wait_for_all(rush)
        early = pair.client(1).cancel(spec["id"])
        lock.release()
        (answer,) = rush.answers()

    assert (early.status, early.error_code) == (404, "job_not_found")
    scenario.accepted(answer).wait("completed")
    assert submit().json == {**answer.json, "idempotent": True}


@pytest.mark.full
def test_job_that_is_about_to_end_is_left_to_a_later_backfill(pair: Pair, backfill: Command) -> None:
    scenario = pair.scenario
    job = hanging(scenario, STANDARD, "EU", "US")
    with held(scenario, JOB, job.id) as lock:
        scenario.router.release(job.id)
        lock.wait_for(1)
        during = backfill(scenario.database.url, "--job", job.id, "--json").summary
        lock.release()
    job.wait("completed")
    both = [backfill.start(scenario.database.url, "--job", job.id, "--json") for _ in range(2)]

    assert during["reasons"] == [{"job_id": job.id, "reason": "it has not ended: its status is running"}]
    summaries = [result_of(process).summary for process in both]
    assert sorted(summary["written"] for summary in summaries) == [0, 1]
    assert job.rows().run is not None


@pytest.mark.parametrize("workflow", [STANDARD, pytest.param(CROSS_REGION, marks=pytest.mark.full)])
def test_removed_job_is_gone_and_hinders_no_other(pair: Pair, workflow: str) -> None:
    """An operator deletes a job that runs; its late answer is dropped."""
    scenario = pair.scenario
    job = hanging(scenario, workflow)
    with held(scenario, "DELETE FROM jobs WHERE jobspec_id = %s", job.id) as lock:
        scenario.router.release(job.id)
        lock.wait_for(1)
        lock.release()
    scenario.record.resources.pop(job.id)  # its rows are gone with good reason

    unrecorded = Client(scenario.session.system.base_url, lambda _: None)
    assert (unrecorded.get(job_at(job.id)).status, any(job.rows().counts().values())) == (404, False)
    unrecorded.close()
    scenario.finished(workflow=workflow)
    (row,) = scenario.database.query("SELECT count(*) AS entries FROM pgqueuer")
    assert row["entries"] == 0
