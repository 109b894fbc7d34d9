"""A job of the standard workflow, after a backfill, has the analysis that it would have had as a cross-region job."""

from __future__ import annotations

import random
from typing import Any

import pytest

from beacon.jobs import MODELS, QUESTIONS
from beacon.regions import REGIONS
from beacon.router import Answer, Behaviour, Hang, Refusal, Status
from beacon.scenario import Job, Scenario
from beacon.states import CROSS_REGION, STANDARD
from fixtures.commands import Command
from gate.core.record import Row

OWN = frozenset({"id", "job_id", "cross_region_execution_id", "jobspec_id"})
TIMES = frozenset({"created_at", "updated_at", "started_at", "completed_at", "duration_ms"})
UNKNOWN = frozenset({"provider_info"})
"""Details of the router's provider listing, which are stored nowhere else."""

LOADED = "Democracy and freedom were a great success. According to research the protest was peaceful. " * 3


def without_own(row: Row | None) -> dict[str, Any]:
    return {name: value for name, value in (row or {}).items() if name not in OWN | TIMES | UNKNOWN}


def outcome(job: Job) -> dict[str, Any]:
    """The response and the stored rows of a job, without ids and times."""
    body, rows = job.analysis().json, job.rows()
    return {
        "error_code": body.get("error_code"),
        "analysis": without_own(body.get("analysis")),
        "region_scores": body.get("region_scores"),
        "job_metadata": body.get("job_metadata"),
        "run": without_own(rows.run),
        "regions": [without_own(row) for row in rows.regions],
        "stored": without_own(rows.analysis),
    }


@pytest.mark.criterion("criterion.backfill")
@pytest.mark.parametrize(
    ("behaviour", "where"),
    [
        (Answer(), {}),
        (Answer(LOADED), {"region": "US"}),
        (Refusal(), {"region": "ASIA"}),
        (Status(500, {"detail": "boom"}), {"region": "EU"}),
        pytest.param(Status(503, {"detail": "No healthy providers"}), {"model": MODELS[0]}, marks=pytest.mark.full),
        pytest.param(Status(500, {"detail": "boom"}), {}, marks=pytest.mark.full),
    ],
    ids=["all answer", "one is loaded", "one refuses", "one region fails", "one model fails", "all fail"],
)
def test_backfilled_job_has_the_analysis_of_a_cross_region_job(
    scenario: Scenario, backfill: Command, rng: random.Random, behaviour: Behaviour, where: dict[str, Any]
) -> None:
    parts: dict[str, Any] = {"regions": REGIONS, "models": rng.sample(MODELS, 2), "questions": rng.sample(QUESTIONS, 2)}
    jobs = {}
    for workflow in (STANDARD, CROSS_REGION):
        spec = scenario.spec(**parts)
        scenario.router.on(behaviour, job=spec["id"], **where)
        jobs[workflow] = scenario.submit(spec, workflow).wait()
    ended = backfill(scenario.database.url, "--job", jobs[STANDARD].id, "--json")

    assert (ended.code, ended.summary["written"]) == (0, 1)
    assert outcome(jobs[STANDARD]) == outcome(jobs[CROSS_REGION])


@pytest.mark.criterion("criterion.backfill")
def test_job_that_runs_is_left_alone(scenario: Scenario, backfill: Command) -> None:
    spec = scenario.spec()
    scenario.router.on(Hang(), job=spec["id"], region="EU")
    job = scenario.submit(spec, STANDARD)
    scenario.router.wait_for_calls(1, job=job.id, region="EU")
    ended = backfill(scenario.database.url, "--job", job.id, "--json")

    assert ended.summary["reasons"] == [{"job_id": job.id, "reason": "it has not ended: its status is running"}]
    assert job.rows().run is None
    scenario.router.release(job.id)
    job.wait("completed")
