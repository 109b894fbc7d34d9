"""Relations between runs: what must not matter does not, and both workflows do the same work."""

from __future__ import annotations

import random
from typing import Any

import pytest

from beacon.jobs import MODELS, QUESTIONS
from beacon.regions import REGIONS
from beacon.router import Refusal, Status
from beacon.rows import JobRows
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD

OWN = ("id", "job_id", "created_at", "started_at", "completed_at", "cross_region_execution_id", "output_data")
"""Columns in which two runs of the same work may differ; of the output its text may not."""


def work(rows: JobRows) -> list[dict[str, Any]]:
    """The executions of a job without what belongs to this run of it alone, in an order of their own."""
    kept = [
        {**{name: value for name, value in row.items() if name not in OWN}, "output": row["output_data"]}
        for row in rows.executions
    ]
    return sorted(kept, key=lambda row: (row["region"], row["model_id"], row["question_id"]))


def stored(rows: JobRows) -> dict[str, Any]:
    """The stored spec without its id."""
    return {name: value for name, value in rows.spec.items() if name not in {"id", "jobspec_id"}}


@pytest.mark.criterion("criterion.no-regression")
@pytest.mark.parametrize("failing", [None, "EU"], ids=["all answer", "one region fails"])
def test_both_workflows_do_the_same_work(scenario: Scenario, rng: random.Random, failing: str | None) -> None:
    parts: dict[str, Any] = {"regions": REGIONS, "models": rng.sample(MODELS, 2), "questions": rng.sample(QUESTIONS, 2)}
    done = {}
    for workflow in (STANDARD, CROSS_REGION):
        spec = scenario.spec(**parts)
        if failing:
            scenario.router.on(Status(500, {"detail": "boom"}), job=spec["id"], region=failing)
        done[workflow] = scenario.submit(spec, workflow).wait().rows()

    standard, cross_region = done[STANDARD], done[CROSS_REGION]
    assert work(standard) == work(cross_region)
    assert stored(standard) == stored(cross_region)
    assert standard.job
    assert cross_region.job
    assert standard.job["status"] == cross_region.job["status"]


def test_order_of_regions_models_and_questions_does_not_matter(scenario: Scenario, rng: random.Random) -> None:
    results = []
    for shuffled in (False, True):
        parts = {"regions": list(REGIONS), "models": list(MODELS[:2]), "questions": list(QUESTIONS[3:6])}
        if shuffled:
            for values in parts.values():
                rng.shuffle(values)
        spec = scenario.spec(**parts)
        scenario.router.on(Refusal(), job=spec["id"], region="ASIA")
        job = scenario.submit(spec).wait("completed")
        body = job.analysis().json
        own = {"id", "cross_region_execution_id", "created_at", "updated_at"}
        analysis = {name: value for name, value in body["analysis"].items() if name not in own}
        results.append((work(job.rows()), analysis, body["region_scores"]))

    assert results[0] == results[1]


def test_another_region_changes_nothing_in_the_others(scenario: Scenario, workflow: str) -> None:
    two, three = (
        work(scenario.finished(workflow=workflow, regions=regions, questions=QUESTIONS[:2]).rows())
        for regions in (["US", "EU"], ["US", "EU", "ASIA"])
    )

    assert [row for row in three if row["region"] != "ASIA"] == two
