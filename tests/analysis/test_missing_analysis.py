"""Without an analysis, the response says which of the possible reasons it is."""

from __future__ import annotations

from itertools import product

import pytest

from beacon.decisions import analysis_answer, decide
from beacon.regions import REGIONS
from beacon.router import Hang, Status
from beacon.scenario import Job, Scenario
from beacon.states import CROSS_REGION, STANDARD

BOOM = Status(500, {"detail": "boom"})


@pytest.mark.smoke
@pytest.mark.criterion("note.better-messages", "automated.error-cases")
def test_standard_job_is_answered_with_the_way_to_an_analysis(scenario: Scenario) -> None:
    answer = scenario.finished(workflow=STANDARD).analysis()

    assert (answer.status, answer.error_code) == (404, "standard_workflow")
    assert "cross-region" in answer.json["error"]
    assert "backfill" in answer.json["error"]


@pytest.mark.smoke
@pytest.mark.criterion("note.analysis-pending", "automated.analysis-retrieval")
def test_running_job_has_its_analysis_pending_and_then_has_it(scenario: Scenario) -> None:
    spec = scenario.spec()
    scenario.router.on(Hang(), job=spec["id"])
    job = scenario.submit(spec)
    scenario.router.wait_for_calls(2, job=job.id)
    answer = job.analysis()

    assert (answer.status, answer.error_code) == (404, "analysis_pending")
    assert int(answer.headers.get("retry-after", 0)) >= 1
    scenario.router.release()
    assert job.wait("completed").analysis().status == 200


@pytest.mark.criterion("note.better-messages", "edge.single-region")
def test_single_region_job_says_that_an_analysis_does_not_apply(scenario: Scenario) -> None:
    answer = scenario.finished(regions=["US"]).analysis()

    assert (answer.status, answer.error_code) == (404, "analysis_not_applicable")
    assert answer.json["details"]["successful_regions"] == 1


@pytest.mark.criterion("note.better-messages")
def test_job_without_analysis_says_that_it_was_disabled(scenario: Scenario) -> None:
    job = scenario.submit(scenario.spec(), enable_analysis=False).wait("completed")

    assert job.analysis().error_code == "analysis_disabled"
    assert job.rows().analysis is None


@pytest.mark.criterion("note.better-messages", "edge.partial-failures")
def test_failed_job_gives_the_reason(scenario: Scenario) -> None:
    spec = scenario.spec()
    scenario.router.on(BOOM, job=spec["id"])
    answer = scenario.submit(spec).wait("failed").analysis()

    assert (answer.status, answer.error_code) == (404, "analysis_failed")
    assert (answer.json["details"]["status"], bool(answer.json["details"]["reason"])) == ("failed", True)


def test_cancelled_job_gives_the_reason(scenario: Scenario) -> None:
    spec = scenario.spec()
    scenario.router.on(Hang(), job=spec["id"])
    job = scenario.submit(spec)
    scenario.router.wait_for_calls(1, job=job.id)
    job.cancel()
    answer = job.wait("cancelled").analysis()

    assert (answer.error_code, answer.json["details"]["status"]) == ("analysis_failed", "cancelled")


@pytest.mark.smoke
@pytest.mark.criterion("note.better-messages")
def test_unknown_job_is_not_confused_with_a_pending_one(scenario: Scenario) -> None:
    answer = scenario.client.analysis(scenario.new_id())
    assert (answer.status, answer.error_code) == (404, "job_not_found")


def test_sample_request_without_enable_analysis_is_analysed(scenario: Scenario) -> None:
    spec = scenario.spec()
    job = scenario.submit(spec).wait("completed")

    assert job.rows().run["enable_analysis"] is True  # type: ignore[index]
    assert job.analysis().status == 200


def test_failed_job_with_two_successful_regions_is_still_analysed(scenario: Scenario) -> None:
    spec = scenario.spec(regions=["US", "EU", "ASIA"])
    scenario.router.on(BOOM, job=spec["id"], region="ASIA")
    job = scenario.submit(spec, min_regions=3).wait("failed")

    assert job.analysis().status == 200
    assert set(job.analysis().json["region_scores"]) == {"US", "EU"}


# regions that hang and that fail, of three; min_regions; whether it is cancelled; how the job stands then
STATES = {
    "completed": (0, 0, 1, False, "completed"),
    "partial": (0, 1, 1, False, "partial"),
    "partial with a single answer": (0, 2, 1, False, "partial"),
    "failed": (0, 3, 1, False, "failed"),
    "failed with two answers": (0, 1, 3, False, "failed"),
    "running": (3, 0, 1, False, "running"),
    "cancelled": (3, 0, 1, True, "cancelled"),
}


def in_state(scenario: Scenario, workflow: str, state: str, *, enabled: bool) -> tuple[Job, dict[str, str | int]]:
    """A job in a state, and the facts of its decision table."""
    hanging, failing, least, cancelled, status = STATES[state]
    limits = {"min_regions": least}
    spec = scenario.spec(regions=REGIONS, **(limits if workflow == STANDARD else {}))
    for region in REGIONS[: hanging + failing]:
        scenario.router.on(Hang() if hanging else BOOM, job=spec["id"], region=region)
    job = scenario.submit(spec, workflow, enable_analysis=enabled, **limits)
    if hanging:
        scenario.router.wait_for_calls(1, job=job.id)
    if cancelled:
        job.cancel()
    stored = enabled and workflow != STANDARD and hanging == 0 and failing < 2
    yes = {True: "yes", False: "no"}
    facts = {"run": yes[workflow != STANDARD], "analysis": yes[stored], "enabled": yes[enabled], "error": "no"}
    return job, {"status": status, **facts}


@pytest.mark.criterion("note.better-messages")
def test_answer_for_an_analysis_follows_from_the_state_of_the_job(scenario: Scenario) -> None:
    """Each state of a job in both workflows, with its analysis enabled and disabled, by the published table."""
    kinds = [(STANDARD, True), (CROSS_REGION, True), (CROSS_REGION, False)]
    jobs = [in_state(scenario, of, state, enabled=on) for (of, on), state in product(kinds, STATES)]
    for job, facts in jobs:
        answer = job.wait(str(facts["status"])).analysis()
        code = decide(analysis_answer()["answer"], facts)
        assert (answer.error_code or "200", answer.status) == (code, 200 if code == "200" else 404)
        assert ("retry-after" in answer.headers) == (code == "analysis_pending")
    scenario.router.release()
    for job, _ in jobs:
        job.wait()
