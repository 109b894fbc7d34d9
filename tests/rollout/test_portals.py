"""The runner goes first: the portals of before and of now work with it, and the portal can go back."""

from __future__ import annotations

import json

import pytest

from beacon import history
from beacon.api import CROSS_REGION_JOBS
from beacon.history import BEFORE, KINDS
from beacon.regions import REGIONS
from beacon.scenario import Scenario
from fixtures.commands import Command
from fixtures.deployed_portal import Portal
from fixtures.payloads import payload
from fixtures.systems import OwnRunner
from gate.core.waiting import wait

production = pytest.mark.criterion("rollout.production", "criterion.no-regression")
NUMBERS = pytest.mark.parametrize("number", [1, 2, 3], ids=["one region", "two regions", "three regions"])


def errors(scenario: Scenario) -> list[str]:
    """The lines of the runner's log that an operator would look into."""
    lines = [json.loads(line) for line in scenario.session.system.log() if line.startswith("{")]
    return [str(line) for line in lines if line.get("level") in {"error", "critical", "warning"}]


def finished(portal: Portal, job_id: str) -> tuple[str, int, int]:
    return wait("the job to end", lambda: portal.progress(job_id), until=lambda seen: seen[0] == "completed")


@production
@NUMBERS
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
def test_old_portal_works_as_it_did(scenario: Scenario, number: int, signed: bool) -> None:
    portal = Portal(scenario, current=False, signed=signed)
    job_id = portal.submit(REGIONS[:number])

    assert finished(portal, job_id) == ("completed", 2 * number, 2 * number)
    assert job_id in portal.listed()
    assert scenario.jobs[job_id].rows().counts()["cross_region_executions"] == 0


@production
def test_old_portal_keeps_asking_and_gets_the_reason(scenario: Scenario) -> None:
    portal = Portal(scenario, current=False)
    job_id = portal.submit(REGIONS[:2])
    finished(portal, job_id)

    assert portal.results(job_id) is None
    answer = scenario.client.analysis(job_id)
    assert answer.error_code == "standard_workflow"
    assert CROSS_REGION_JOBS in answer.json["error"]


@production
def test_polling_as_often_as_the_portal_does_is_not_limited(own_runner: OwnRunner) -> None:
    scenario = own_runner(RUNNER_RATE_LIMIT="2/minute")
    portal = Portal(scenario, current=False)
    job_id = portal.submit(REGIONS[:1])
    finished(portal, job_id)

    assert {portal.progress(job_id)[0] for _ in range(80)} == {"completed"}


@production
@NUMBERS
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
def test_current_portal_shows_the_analysis(scenario: Scenario, number: int, signed: bool) -> None:
    portal = Portal(scenario, current=True, signed=signed)
    job_id = portal.submit(REGIONS[:number])
    assert finished(portal, job_id) == ("completed", 6 * number, 6 * number)
    results = portal.results(job_id)

    assert (results is None) == (number == 1)
    if results:
        assert set(results["regions"]) == set(REGIONS[:number])
    else:
        assert scenario.client.analysis(job_id).error_code == "analysis_not_applicable"


@pytest.mark.criterion("rollout.verification")
def test_test_job_shows_its_analysis_and_the_log_no_error(started_runner: OwnRunner) -> None:
    scenario = started_runner()
    portal = Portal(scenario, current=True)
    job_id = portal.submit(REGIONS[:2], Idempotency_Key="beacon-5f3a9c")
    finished(portal, job_id)

    results = portal.results(job_id)
    assert results
    assert results["summary"]
    assert errors(scenario) == []
    assert 'status="500"' not in scenario.client.get("/metrics").body.decode()


@production
def test_runner_goes_first_over_the_jobs_that_are_there(
    own_runner: OwnRunner, migrate: Command, backfill: Command
) -> None:
    scenario = own_runner()
    scenario.record.alone = False  # the jobs do not come from requests
    url = scenario.database.url
    scenario.session.system.stop()
    assert migrate(url, "--target", str(BEFORE)).code == 0
    past = list(history.past_jobs(7, KINDS))
    history.insert(url, past)
    assert migrate(url).code == 0
    scenario.session.system.start()
    portal = Portal(scenario, current=False)

    assert [portal.progress(job.id) for job in past] == [(job.status, *[len(job.executions)] * 2) for job in past]
    assert [portal.results(job.id) for job in past] == [None] * len(past)
    assert backfill(url).code == 0
    assert [portal.results(job.id) is not None for job in past] == [job.analysable for job in past]
    assert errors(scenario) == []


@pytest.mark.criterion("rollout.rollback")
def test_portal_goes_back_and_forth_while_the_runner_stays(scenario: Scenario, backfill: Command) -> None:
    new, old = Portal(scenario, current=True), Portal(scenario, current=False)
    before = new.submit(REGIONS[:2])
    finished(new, before)
    results = new.results(before)
    meanwhile = old.submit(REGIONS[:2])
    assert finished(old, meanwhile) == ("completed", 4, 4)

    assert old.results(before) == results
    assert old.results(meanwhile) is None
    assert scenario.client.analysis(meanwhile).error_code == "standard_workflow"
    assert backfill(scenario.database.url, "--job", meanwhile).code == 0
    assert new.results(meanwhile)
    assert before in old.listed()


@pytest.mark.criterion("rollout.rollback")
def test_job_under_way_survives_the_way_back(scenario: Scenario) -> None:
    new, old = Portal(scenario, current=True), Portal(scenario, current=False)
    job_id = new.submit(REGIONS)
    finished(old, job_id)

    assert old.results(job_id)


@production
@pytest.mark.parametrize("name", ["fix_plan_standard", "fix_plan_cross_region"])
def test_requests_of_the_fix_plan_are_read_by_the_portal(scenario: Scenario, name: str) -> None:
    current = "cross" in name
    path = CROSS_REGION_JOBS if current else "/api/v1/jobs"
    job = scenario.accepted(scenario.client.post(path, payload(name, scenario.new_id())))
    portal = Portal(scenario, current=current)
    status, ended, expected = finished(portal, job.id)

    assert (status, ended) == ("completed", expected)
    assert (portal.results(job.id) is not None) == current
