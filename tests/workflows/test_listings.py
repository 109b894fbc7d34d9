"""Every endpoint that shows a row shows what is stored, and pages are complete and disjoint."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from beacon.api import CROSS_REGION_JOBS, EXECUTIONS, JOBS
from beacon.jobs import MODELS, QUESTIONS
from beacon.regions import REGIONS
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD

PLAIN = ("region", "provider_id", "status", "model_id", "question_id", "response_classification", "is_substantive")
COUNTS = ("is_content_refusal", "is_technical_error", "response_length", "retry_count", "max_retries")


@pytest.mark.smoke
def test_each_listing_of_executions_shows_the_stored_rows(scenario: Scenario, workflow: str) -> None:
    job = scenario.finished(workflow=workflow, models=MODELS[:2], questions=QUESTIONS[:2])
    stored = job.rows().executions

    listings: dict[str, list[dict[str, Any]]] = {
        "of the job": job.executions(),
        "with the job": job.view(include="executions").json["executions"],
        "filtered": list(reversed(scenario.client.get(EXECUTIONS, jobspec_id=job.id).json["executions"])),
        "one by one": [scenario.client.get(f"{EXECUTIONS}/{row['id']}/details").json for row in stored],
    }
    for name, listed in listings.items():
        assert [entry["id"] for entry in listed] == [row["id"] for row in stored], name
        for entry, row in zip(listed, stored, strict=True):
            assert {key: entry[key] for key in PLAIN + COUNTS} == {key: row[key] for key in PLAIN + COUNTS}, name
            assert (entry["job_id"], entry["output"]) == (job.id, row["output_data"]), name


def test_pages_of_a_jobs_executions_are_complete_and_disjoint(scenario: Scenario, workflow: str) -> None:
    job = scenario.finished(workflow=workflow, regions=REGIONS, questions=QUESTIONS[:3])

    pages = [job.view(include="executions", exec_limit=4, exec_offset=offset).json for offset in (0, 4, 8, 12)]
    assert {page["executions_total"] for page in pages} == {9}
    assert [len(page["executions"]) for page in pages] == [4, 4, 1, 0]
    assert [e["id"] for page in pages for e in page["executions"]] == [e["id"] for e in job.executions()]


def test_list_of_jobs_shows_each_job_with_its_workflow(scenario: Scenario) -> None:
    jobs = {workflow: scenario.finished(workflow=workflow) for workflow in (STANDARD, CROSS_REGION)}
    listed = {item["id"]: item for item in scenario.client.get(JOBS, limit=200).json["jobs"]}

    for workflow, job in jobs.items():
        item = listed[job.id]
        assert (item["status"], item["workflow"], item["benchmark_name"]) == ("completed", workflow, "bias-detection")


FILTERS: dict[str, tuple[dict[str, str], bool, bool]] = {
    "benchmark": ({"q": "AS-Detec"}, True, True),
    "impossible text": ({"q": "\0"}, False, False),
    "blank before": ({"q": " bias-detection"}, False, False),
    "description": ({"q": "same questions in"}, False, False),
    "question": ({"q": QUESTIONS[0]}, False, False),
    "workflow": ({"workflow": STANDARD}, True, False),
    "status": ({"status": "completed"}, True, True),
    "another status": ({"status": "cancelled"}, False, False),
    "days before": ({"to": "2001-01-01"}, False, False),
    "days to come": ({"from": "9999-12-31"}, False, False),
    "days of an end before its beginning": ({"from": "9999-12-31", "to": "2001-01-01"}, False, False),
    "two": ({"workflow": STANDARD, "status": "failed"}, False, False),
}
"""Query by name, and whether it lists a job of each workflow."""


def test_list_of_jobs_is_searched_and_filtered(scenario: Scenario) -> None:
    other, job = (scenario.finished(workflow=workflow) for workflow in (STANDARD, CROSS_REGION))
    matching = scenario.client.get(JOBS, q=job.id.upper()).json["jobs"]
    today = matching[0]["created_at"][:10]
    own = {"id in capitals": ({"q": job.id.upper()}, False, True), "day": ({"from": today, "to": today}, True, True)}
    for name, (query, *expected) in {**FILTERS, **own}.items():
        listed = {entry["id"] for entry in scenario.client.get(JOBS, limit=200, **query).json["jobs"]}
        assert [other.id in listed, job.id in listed] == expected, name


FILTERED: tuple[dict[str, str], ...] = (
    {"q": "bias"},
    {"q": "caf\u00e9"},
    {"workflow": STANDARD},
    {"workflow": CROSS_REGION},
    {"status": "completed"},
    {"status": "failed"},
    {"from": "2001-01-01"},
    {"from": "9999-12-31"},
    {"to": "9999-12-31"},
    {"to": "2001-01-01"},
)


def test_two_filters_list_the_jobs_that_both_hold_for(scenario: Scenario) -> None:
    """The oracles judge each filter by itself; a search has no regard to the case of A to Z alone."""
    specs = [scenario.spec() for _ in range(2)]
    specs[0]["benchmark"]["name"] = "CAF\u00c9-BIAS"
    own = {scenario.submit(spec, each).wait().id for spec, each in zip(specs, (STANDARD, CROSS_REGION), strict=True)}

    def listed(query: dict[str, str]) -> set[str]:
        return own & {entry["id"] for entry in scenario.client.get(JOBS, limit=200, **query).json["jobs"]}

    single = [(query, listed(query)) for query in FILTERED]
    for (first, listed_first), (other, listed_other) in combinations(single, 2):
        query = {**first, **other}
        assert first.keys() & other.keys() or listed(query) == listed_first & listed_other, query


def test_list_of_jobs_shows_what_each_is_about_and_its_risk(scenario: Scenario) -> None:
    job = scenario.finished(regions=REGIONS, models=MODELS[:2])
    listed = scenario.client.get(JOBS, q=job.id).json["jobs"]  # ids of other tests may begin with it
    entry = next(entry for entry in listed if entry["id"] == job.id)

    assert (entry["regions"], entry["models"]) == (sorted(REGIONS), sorted(MODELS[:2]))
    assert entry["risk_level"] == job.analysis().json["analysis"]["recommendation"]
    assert entry["created_at"] <= entry["started_at"] <= entry["completed_at"]


def test_list_of_jobs_is_paged_newest_first(scenario: Scenario) -> None:
    jobs = [scenario.finished() for _ in range(3)]
    whole, pages = (
        [scenario.client.get(JOBS, limit=size, offset=at).json for at in range(0, 30, size)] for size in (30, 10)
    )

    ours = [job.id for job in reversed(jobs)]  # others may submit to a runner that is not this run's own
    for answers in (whole, pages):
        listed = list(dict.fromkeys(entry["id"] for page in answers for entry in page["jobs"]))
        assert [job for job in listed if job in ours] == ours
    assert [(page["limit"], page["offset"]) for page in pages] == [(10, 0), (10, 10), (10, 20)]


def test_cross_region_run_is_shown_with_its_regions_and_analysis(scenario: Scenario) -> None:
    job = scenario.finished(regions=REGIONS)
    rows = job.rows()
    assert rows.run
    answer = scenario.client.get(f"{EXECUTIONS}/{rows.run['id']}/cross-region").json

    assert answer["cross_region_execution"]["jobspec_id"] == job.id
    assert [(r["region"], r["status"]) for r in answer["region_results"]] == [
        (r["region"], r["status"]) for r in rows.regions
    ]
    assert answer["analysis"] == job.analysis().json["analysis"]


def test_one_region_of_a_run_is_shown_with_its_executions(scenario: Scenario) -> None:
    job = scenario.finished(regions=["ASIA", "US"], questions=QUESTIONS[:2])
    run = job.rows().run
    assert run

    for name in ("ASIA", "APAC"):
        answer = scenario.client.get(f"{EXECUTIONS}/{run['id']}/regions/{name}").json
        assert answer["region_result"]["region"] == "ASIA"
        assert answer["executions"] == [e for e in job.executions() if e["region"] == "ASIA"]
    assert scenario.client.get(f"{EXECUTIONS}/{run['id']}/regions/EU").error_code == "region_result_not_found"
    assert scenario.client.get(f"{EXECUTIONS}/{run['id']}/regions/MARS").error_code == "invalid_parameter"


def test_list_of_runs_is_filtered_by_status(scenario: Scenario) -> None:
    job = scenario.finished()
    path = f"{EXECUTIONS}/cross-region"
    completed = scenario.client.get(path, status="completed", limit=200).json
    cancelled = scenario.client.get(path, status="cancelled", limit=200).json

    assert job.id in {run["jobspec_id"] for run in completed["cross_region_executions"]}
    assert {run["status"] for run in completed["cross_region_executions"]} == {"completed"}
    assert job.id not in {run["jobspec_id"] for run in cancelled["cross_region_executions"]}


RESERVED = CROSS_REGION_JOBS.rpartition("/")[2]
UNKNOWN = "00000000-0000-4000-8000-000000000000"
MISSING: dict[str, tuple[str, str]] = {
    "job": (f"{JOBS}/no-such-job", "job_not_found"),
    "job with a strange name": (f"{JOBS}/%00%2F..%2F", "job_not_found"),
    "executions of a job": (f"{JOBS}/no-such-job/executions/all", "job_not_found"),
    "analysis": ("/api/v2/jobs/no-such-job/bias-analysis", "job_not_found"),
    "executions of the id that no job can have": (f"{JOBS}/{RESERVED}/executions/all", "job_not_found"),
    "analysis of the id that no job can have": (f"/api/v2/jobs/{RESERVED}/bias-analysis", "job_not_found"),
    "execution": (f"{EXECUTIONS}/2147483647/details", "execution_not_found"),
    "run": (f"{EXECUTIONS}/{UNKNOWN}/cross-region", "cross_region_execution_not_found"),
    "region": (f"{EXECUTIONS}/{UNKNOWN}/regions/US", "cross_region_execution_not_found"),
    "diff": (f"{EXECUTIONS}/{UNKNOWN}/diff-analysis", "cross_region_execution_not_found"),
    "path": ("/api/v1/nowhere", "not_found"),
    "path with a slash at its end": (f"{JOBS}/", "not_found"),
}


@pytest.mark.criterion("automated.error-cases")
@pytest.mark.parametrize(("path", "code"), MISSING.values(), ids=MISSING)
def test_missing_id_is_answered_with_the_code_of_its_kind(scenario: Scenario, path: str, code: str) -> None:
    answer = scenario.client.get(path)
    assert (answer.status, answer.error_code) == (404, code)


def test_executions_of_an_unknown_job_are_an_empty_page(scenario: Scenario) -> None:
    answer = scenario.client.get(EXECUTIONS, jobspec_id="no-such-job")
    assert (answer.status, answer.json["executions"], answer.json["total"]) == (200, [], 0)


BAD_PARAMETERS = {
    "limit 0": (JOBS, {"limit": 0}),
    "limit above the most": (JOBS, {"limit": 201}),
    "limit no number": (JOBS, {"limit": "ten"}),
    "search for nothing": (JOBS, {"q": ""}),
    "status of no job": (JOBS, {"status": "pending"}),
    "workflow unknown": (JOBS, {"workflow": "both"}),
    "no date": (JOBS, {"from": "yesterday"}),
    "day of no calendar": (JOBS, {"to": "2025-02-30"}),
    "offset negative": (JOBS, {"offset": -1}),
    "offset huge": (EXECUTIONS, {"offset": 1 << 40}),
    "status unknown": (f"{EXECUTIONS}/cross-region", {"status": "done"}),
    "job filter that no job can have": (EXECUTIONS, {"jobspec_id": RESERVED}),
    "job filter with a space": (EXECUTIONS, {"jobspec_id": "a b"}),
    "job filter too long": (EXECUTIONS, {"jobspec_id": "x" * 101}),
    "include unknown": (f"{JOBS}/none", {"include": "everything"}),
    "execution id no number": (f"{EXECUTIONS}/abc/details", {}),
    "run id no uuid": (f"{EXECUTIONS}/abc/cross-region", {}),
}


@pytest.mark.parametrize(("path", "params"), BAD_PARAMETERS.values(), ids=BAD_PARAMETERS)
def test_bad_parameters_are_refused(scenario: Scenario, path: str, params: dict[str, str | int]) -> None:
    answer = scenario.client.get(path, **params)
    assert (answer.status, answer.error_code) == (400, "invalid_parameter")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_methods_that_a_path_does_not_have_are_refused_with_those_that_it_has(scenario: Scenario, method: str) -> None:
    answer = scenario.client.request(method, CROSS_REGION_JOBS)
    assert (answer.status, answer.error_code) == (405, "method_not_allowed")
    assert "POST" in answer.headers.get("allow", "")
