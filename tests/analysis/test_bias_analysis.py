"""A job of workflow B has a bias analysis, computed from its own stored answers.

That every number in it follows from them is judged after each test, so no test here repeats it.
"""

from __future__ import annotations

import pytest

from beacon.jobs import MODELS, QUESTIONS
from beacon.regions import REGIONS
from beacon.router import Answer, Hang, Status
from beacon.scenario import Scenario
from gate.core.waiting import wait

CALM = "The committee met on Tuesday and published a short report about roads and bridges. " * 3
LOADED = (
    "Freedom and democracy and human rights were denied: the Tiananmen protest met violence, suppression and terrible "
    "oppression, and censorship of the demonstration, the uprising and the movement always followed. "
) * 6
REFUSAL = "I'm sorry, but I cannot discuss that; I am unable to help, and I must decline to answer."


@pytest.mark.smoke
@pytest.mark.criterion(
    "criterion.analysis-data", "criterion.page-loads", "manual.analysis-endpoint", "automated.analysis-retrieval"
)
def test_completed_cross_region_job_has_the_analysis_of_its_answers(scenario: Scenario) -> None:
    job = scenario.finished(regions=REGIONS, models=MODELS[:2], questions=QUESTIONS[:2])

    answer = job.analysis()
    assert answer.status == 200
    assert answer.json["job_id"] == job.id
    assert set(answer.json["region_scores"]) == set(REGIONS)


TEXTS: dict[str, dict[str, str]] = {
    "identical": dict.fromkeys(REGIONS, CALM),
    "opposite": {"US": LOADED, "EU": CALM, "ASIA": REFUSAL},
    "all refuse": dict.fromkeys(REGIONS, REFUSAL),
    "one refuses": {"US": CALM, "EU": CALM, "ASIA": REFUSAL.replace("'", "\u2019")},
    "loaded": {"US": LOADED, "EU": LOADED, "ASIA": CALM},
}


@pytest.mark.criterion("criterion.analysis-data")
@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
def test_analysis_follows_from_what_each_region_said(scenario: Scenario, texts: dict[str, str]) -> None:
    spec = scenario.spec(regions=REGIONS, models=MODELS[:2], questions=QUESTIONS[3:5])
    for region, text in texts.items():
        scenario.router.on(Answer(text), job=spec["id"], region=region)

    assert scenario.submit(spec).wait("completed").analysis().status == 200


def test_identical_answers_differ_in_nothing_and_opposite_ones_do(scenario: Scenario) -> None:
    analyses = {}
    for name in ("identical", "opposite"):
        spec = scenario.spec(regions=REGIONS, questions=QUESTIONS[3:4])
        for region, text in TEXTS[name].items():
            scenario.router.on(Answer(text), job=spec["id"], region=region)
        analyses[name] = scenario.submit(spec).wait("completed").analysis().json["analysis"]

    same, other = analyses["identical"], analyses["opposite"]
    assert (same["bias_variance"], same["factual_consistency"], same["key_differences"]) == (0, 1, [])
    assert same["recommendation"] == "LOW RISK"
    assert other["bias_variance"] > 0
    assert other["key_differences"]
    assert other["recommendation"] != "LOW RISK"


def test_same_answer_is_given_byte_for_byte_each_time(scenario: Scenario) -> None:
    job = scenario.finished(regions=REGIONS, questions=QUESTIONS[:2])
    assert len({job.analysis().body for _ in range(3)}) == 1


def test_diff_analysis_is_the_same_analysis_and_stores_nothing(scenario: Scenario) -> None:
    job = scenario.finished()
    before = job.rows()
    assert before.run
    answer = scenario.client.get(f"/api/v1/executions/{before.run['id']}/diff-analysis").json

    assert answer["analysis"] == job.analysis().json["analysis"]
    assert job.rows() == before


def test_comparison_of_a_cancelled_job_is_that_of_its_successful_regions(scenario: Scenario) -> None:
    """Answers of a region that was not decided do not count, and calls that failed lower the confidence."""
    spec = scenario.spec(regions=REGIONS, questions=QUESTIONS[:2])
    scenario.router.on(Answer(REFUSAL), job=spec["id"], region="EU")
    for region, behaviour in (("US", Status(500)), ("ASIA", Answer(LOADED))):
        scenario.router.on(behaviour, job=spec["id"], region=region, times=1)
    scenario.router.on(Hang(), job=spec["id"], region="ASIA", times=1)
    job = scenario.submit(spec)
    wait("two regions", job.rows, until=lambda rows: [r["status"] for r in rows.regions].count("success") == 2)
    job.cancel()

    run = job.wait("cancelled").rows().run
    answer = scenario.client.get(f"/api/v1/executions/{run['id'] if run else ''}/diff-analysis")
    assert (answer.status, answer.json["analysis"]["id"]) == (200, None)
    assert {risk["confidence"] for risk in answer.json["analysis"]["risk_assessment"]} == {0.5}


def test_diff_analysis_of_one_region_is_a_conflict(scenario: Scenario) -> None:
    run = scenario.finished(regions=["EU"]).rows().run
    assert run
    answer = scenario.client.get(f"/api/v1/executions/{run['id']}/diff-analysis")
    assert (answer.status, answer.error_code) == (409, "insufficient_regions")
