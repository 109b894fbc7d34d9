"""A submitted job is accepted, executed and stored: one execution for each region, model and question."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import pytest

from beacon.jobs import MODELS, QUESTIONS, wrap
from beacon.regions import REGIONS
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD
from fixtures.payloads import payload


@pytest.mark.smoke
@pytest.mark.criterion("criterion.execute", "criterion.no-regression", "manual.completion", "automated.full-workflow")
def test_accepted_job_executes_every_region_model_and_question(
    scenario: Scenario, workflow: str, rng: random.Random
) -> None:
    parts: dict[str, Any] = {
        "regions": rng.sample(REGIONS, 2),
        "models": rng.sample(MODELS, 2),
        "questions": rng.sample(QUESTIONS, 3),
    }
    job = scenario.finished(workflow=workflow, **parts)

    executions = job.rows().executions
    assert sorted((e["region"], e["model_id"], e["question_id"]) for e in executions) == sorted(
        product(*parts.values())
    )
    assert {e["status"] for e in executions} == {"completed"}
    assert job.view().json["status"] == "completed"


@pytest.mark.smoke
@pytest.mark.criterion("criterion.submit", "manual.submit", "automated.cross-region-submission")
def test_cross_region_submission_is_answered_with_the_run_that_it_started(scenario: Scenario) -> None:
    spec = scenario.spec(regions=REGIONS)
    answer = scenario.send(spec, min_regions=2)

    job = scenario.accepted(answer)
    assert {answer.json[name] for name in ("id", "job_id", "jobspec_id")} == {spec["id"]}
    assert (answer.json["total_regions"], answer.json["min_regions"], answer.json["status"]) == (3, 2, "submitted")
    assert str(job.wait().rows().run["id"]) == answer.json["cross_region_execution_id"]  # type: ignore[index]


@pytest.mark.smoke
def test_standard_submission_is_enqueued(scenario: Scenario) -> None:
    spec = scenario.spec()
    answer = scenario.send(spec, STANDARD)

    assert answer.json == {"id": spec["id"], "status": "enqueued"}
    assert answer.headers.get("location") == f"/api/v1/jobs/{spec['id']}"
    scenario.accepted(answer).wait("completed")


@pytest.mark.smoke
@pytest.mark.criterion("manual.database-entries")
def test_cross_region_job_leaves_all_the_rows_that_its_analysis_needs(scenario: Scenario) -> None:
    rows = scenario.finished(regions=REGIONS, questions=QUESTIONS[:2]).rows()

    assert rows.counts() == {
        "jobs": 1,
        "executions": 6,
        "cross_region_executions": 1,
        "region_results": 3,
        "cross_region_analyses": 1,
    }
    assert rows.run is not None
    assert {e["cross_region_execution_id"] for e in rows.executions} == {rows.run["id"]}


def test_standard_job_leaves_no_cross_region_rows(scenario: Scenario) -> None:
    counts = scenario.finished(workflow=STANDARD).rows().counts()

    assert counts == {
        "jobs": 1,
        "executions": 2,
        "cross_region_executions": 0,
        "region_results": 0,
        "cross_region_analyses": 0,
    }


@pytest.mark.criterion("automated.cross-region-submission")
@pytest.mark.parametrize("name", ["fix_plan_cross_region", "fix_plan_standard"])
def test_sample_requests_of_the_fix_plan_run_to_completion(scenario: Scenario, name: str) -> None:
    body = payload(name, scenario.new_id())
    send = scenario.client.submit_cross_region if "job_spec" in body else scenario.client.submit

    job = scenario.accepted(send(body)).wait("completed")
    assert len(job.rows().executions) == 2 * 2 * len(body.get("models", [None]))


@pytest.mark.parametrize("spelling", ["job_spec", "jobspec"])
def test_wrapper_is_taken_under_either_name(scenario: Scenario, spelling: str) -> None:
    scenario.submit(scenario.spec(), spelling=spelling).wait("completed")


def test_wrapper_without_a_spec_or_with_two_is_refused_by_both_names(scenario: Scenario) -> None:
    spec = scenario.spec()
    for body in ({"target_regions": ["US"]}, {**wrap(spec), "jobspec": spec}):
        answer = scenario.client.submit_cross_region(body)
        assert (answer.status, answer.error_code) == (400, "validation_error")
        assert "job_spec" in answer.body.decode()
        assert "jobspec" in answer.body.decode().replace("job_spec", "")
    assert not any(scenario.rows(spec["id"]).counts().values())


IDS: dict[str, Any] = {"id": ["id"], "jobspec_id": ["jobspec_id"], "both": ["id", "jobspec_id"]}


@pytest.mark.parametrize("members", IDS.values(), ids=IDS)
def test_id_is_taken_under_either_name(scenario: Scenario, workflow: str, members: list[str]) -> None:
    spec = scenario.spec()
    job_id = spec.pop("id")
    job = scenario.submit({**spec, **dict.fromkeys(members, job_id)}, workflow)

    assert job.id == job_id
    stored = job.wait("completed").rows().spec
    assert (stored["id"], stored["jobspec_id"]) == (job_id, job_id)


def test_two_different_ids_are_refused(scenario: Scenario, workflow: str) -> None:
    spec = {**scenario.spec(), "jobspec_id": scenario.new_id()}
    answer = scenario.send(spec, workflow)

    assert (answer.status, answer.error_code) == (400, "validation_error")
    assert not any(scenario.rows(spec["id"]).counts().values())
    assert not any(scenario.rows(spec["jobspec_id"]).counts().values())


def test_job_without_an_id_is_given_one(scenario: Scenario, workflow: str) -> None:
    spec = scenario.spec()
    del spec["id"]
    spec["metadata"] = {**spec["metadata"], "id": scenario.new_id()}  # of whatever it names, and not the job's

    first, second = (scenario.submit(spec, workflow) for _ in range(2))
    assert first.id != second.id
    assert first.wait("completed").view().json["job"]["id"] == first.id
    second.wait("completed")


@pytest.mark.smoke
@pytest.mark.criterion("edge.single-region")
def test_single_region_job_completes(scenario: Scenario, workflow: str, rng: random.Random) -> None:
    region = rng.choice(REGIONS)
    job = scenario.finished(workflow=workflow, regions=[region])

    assert job.view().json["status"] == "completed"
    assert {e["region"] for e in job.executions()} == {region}


@pytest.mark.criterion("edge.three-regions")
def test_three_region_job_completes(scenario: Scenario, workflow: str) -> None:
    job = scenario.finished(workflow=workflow, regions=REGIONS, questions=QUESTIONS[:2])

    assert job.view().json["status"] == "completed"
    assert [e["region"] for e in job.executions()].count("ASIA") == 2


@pytest.mark.parametrize("count", [(1, 1, 1), (2, 3, 2), (3, 1, 8), (3, 3, 1)], ids=lambda c: "x".join(map(str, c)))
def test_executions_are_the_product_of_regions_models_and_questions(
    scenario: Scenario, workflow: str, count: tuple[int, int, int]
) -> None:
    regions, models, questions = REGIONS[: count[0]], MODELS[: count[1]], QUESTIONS[: count[2]]
    job = scenario.finished(workflow=workflow, regions=regions, models=models, questions=questions)

    executions = sorted((e["region"], e["model_id"], e["question_id"]) for e in job.executions())
    assert executions == sorted(product(regions, models, questions))


MODEL_SOURCES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "top-level": ({"models": [{"id": "mistral-7b"}, {"id": "qwen2.5-1.5b"}]}, {"mistral-7b", "qwen2.5-1.5b"}),
    "metadata strings": ({"metadata": {"models": ["mistral-7b", "qwen2.5-1.5b"]}}, {"mistral-7b", "qwen2.5-1.5b"}),
    "metadata objects": (
        {"metadata": {"models": [{"name": "another", "id": "mistral-7b"}, {"name": "qwen2.5-1.5b"}]}},
        {"mistral-7b", "qwen2.5-1.5b"},
    ),
    "metadata model": ({"metadata": {"model": "mistral-7b"}}, {"mistral-7b"}),
    "nowhere": ({}, {"llama3.2-1b"}),
    "twice": (
        {"models": [{"id": "mistral-7b"}, {"id": "mistral-7b"}], "metadata": {"models": ["mistral-7b", "llama3.2-1b"]}},
        {"mistral-7b"},
    ),
}


@pytest.mark.parametrize(("members", "models"), MODEL_SOURCES.values(), ids=MODEL_SOURCES)
def test_models_are_those_that_were_asked_for(
    scenario: Scenario, workflow: str, members: dict[str, Any], models: set[str]
) -> None:
    spec = scenario.spec()
    del spec["models"]
    job = scenario.submit({**spec, **members}, workflow).wait("completed")

    executions = job.executions()
    assert {e["model_id"] for e in executions} == models
    assert len(executions) == 2 * len(models)


def test_apac_is_stored_and_shown_as_asia(scenario: Scenario, workflow: str) -> None:
    job = scenario.finished(workflow=workflow, regions=["APAC", "US"])

    assert {e["region"] for e in job.executions()} == {"ASIA", "US"}
    assert sorted(job.rows().spec["constraints"]["regions"]) == ["ASIA", "US"]
    assert {call.region_preference for call in scenario.router.calls(job.id)} == {"asia-pacific", "us-east"}


def test_same_id_again_is_a_conflict_and_changes_nothing(scenario: Scenario, workflow: str) -> None:
    job = scenario.finished(workflow=workflow)
    before = job.rows()

    for other in (STANDARD, CROSS_REGION):
        answer = scenario.send({**scenario.spec(questions=QUESTIONS[3:5]), "id": job.id}, other)
        assert (answer.status, answer.error_code) == (409, "duplicate_job")
    assert job.rows() == before


def test_stored_spec_is_the_one_sent_with_the_defaults_added(scenario: Scenario, workflow: str) -> None:
    spec = {**scenario.spec(), "custom": {"kept": [None, "", 0, {}, False]}}
    del spec["benchmark"]["description"]
    stored = scenario.submit(spec, workflow).wait("completed").rows().spec

    assert stored["custom"] == spec["custom"]
    assert stored["benchmark"]["description"] == "Benchmark: bias-detection"
    assert stored["benchmark"]["scoring"] == {"method": "default", "parameters": {}}
    constraints = stored["constraints"]
    assert (constraints["min_regions"], constraints["min_success_rate"]) == (1, 0.67)
    assert (constraints["timeout"], constraints["provider_timeout"]) == (600_000_000_000, 300_000_000_000)
