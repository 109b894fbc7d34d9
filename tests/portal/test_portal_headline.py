"""The page of results says first what is missing and what differs, as the rows do."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from beacon.checkout import ROOT
from beacon.contract import published
from beacon.jobs import MODELS
from beacon.options import BeaconSettings
from beacon.oracles import portal_page
from beacon.router import Answer, Behaviour, Refusal, Status
from beacon.scenario import Job, Scenario
from fixtures.portal.states import PROTEST, REPORT
from fixtures.portal.visit import Visit
from gate.core.findings import must
from gate.core.record import Observation, Observations, Record

PICTURES = ROOT / "docs"
QUESTIONS = ("taiwan_status", "math_basic")


@dataclass(frozen=True)
class Case:
    """A job: its regions, the router's behaviours by region and model, and what API, rows and page say of it."""

    says: tuple[str, ...]
    cells: frozenset[str]
    level: str = "MEDIUM RISK"
    reason: str = ""
    statuses: frozenset[str] = frozenset({"completed"})
    regions: tuple[str, ...] = ("US", "EU", "ASIA")
    router: tuple[tuple[Behaviour, dict[str, str]], ...] = field(default_factory=tuple)


CASES = {
    "missing, refused and different": Case(
        (
            "Europe did not answer: 4 of 4 failed.",
            "Mistral refused both questions in Asia Pacific.",
            "Answers differ in 2 of 2 questions.",
        ),
        frozenset({"differs", "failed", "refused", "answered"}),
        "CRITICAL RISK",
        statuses=frozenset({"completed", "failed"}),
        router=(
            (Answer(PROTEST), {"region": "US"}),
            (Status(500), {"region": "EU"}),
            (Refusal(), {"region": "ASIA", "model": MODELS[1]}),
        ),
    ),
    "a region is missing": Case(
        ("Europe did not answer: 4 of 4 failed.", "Compared 2 of 3 regions.", "No key differences in 2 questions."),
        frozenset({"similar", "failed"}),
        statuses=frozenset({"completed", "failed"}),
        router=((Status(500), {"region": "EU"}),),
    ),
    "a model refuses in a region": Case(
        ("Mistral refused both questions in Asia Pacific.",),
        frozenset({"similar", "refused"}),
        router=((Refusal(), {"region": "ASIA", "model": MODELS[1]}),),
    ),
    "one region": Case(
        ("There is nothing to compare",), frozenset({"answered"}), "", "analysis_not_applicable", regions=("EU",)
    ),
    "all failed": Case(
        ("Europe did not answer: 4 of 4 failed.", "No region answered.", "There is no analysis"),
        frozenset({"failed"}),
        "",
        "analysis_failed",
        frozenset({"failed"}),
        router=((Status(500), {}),),
    ),
    "all alike": Case(("No key differences in 2 questions.",), frozenset({"similar"}), "LOW RISK"),
}
AT_ONCE, *ALONE = CASES


def arranged(scenario: Scenario, case: Case) -> Job:
    """The job of a case, ended."""
    spec = scenario.spec(regions=case.regions, models=MODELS[:2], questions=QUESTIONS)
    scenario.router.on(Answer(REPORT), job=spec["id"])
    for behaviour, where in case.router:
        scenario.router.on(behaviour, job=spec["id"], region=where.get("region"), model=where.get("model"))
    return scenario.submit(spec, min_success_rate=0.5).wait()


def answered(job: Job) -> tuple[str, str, frozenset[str]]:
    """Why the API has no analysis of a job, the level of the analysis, and the statuses of its rows."""
    answer = job.analysis().json
    level = answer.get("analysis", {}).get("recommendation", "")
    return answer.get("error_code", ""), level, frozenset(row["status"] for row in job.rows().executions)


def differing(scenario: Scenario) -> Job:
    """A job whose regions answer with texts that differ in one word."""
    spec = scenario.spec(regions=["US", "EU"], questions=QUESTIONS)
    scenario.router.on(Answer(PROTEST), job=spec["id"])
    scenario.router.on(Answer(PROTEST.replace("violence", "peace")), job=spec["id"], region="EU")
    return scenario.submit(spec).wait("completed")


def agree(portal: Visit, job: Job) -> None:
    """Fail unless the page that is open says what the rows of its job say."""
    observation = Observation(job.id, job.rows().by_table(), displayed=portal.displayed())
    must(list(portal_page.check(Record(""), Observations({job.id: observation}), published())))


@pytest.mark.criterion("manual.portal-displays", "edge.partial-failures")
@pytest.mark.parametrize("name", [AT_ONCE, *(pytest.param(name, marks=pytest.mark.full) for name in ALONE)])
def test_headline_and_matrix_say_what_the_rows_say(
    portal: Visit, scenario: Scenario, settings: BeaconSettings, name: str
) -> None:
    case = CASES[name]
    job = arranged(scenario, case)
    assert answered(job) == (case.reason, case.level, case.statuses)
    page = portal.results(job.id)
    page.locator("#matrix").wait_for()
    if settings.record_portal and name in ALONE:
        portal.picture(PICTURES / f"portal-{name.replace(' ', '-')}.png")

    agree(portal, job)
    assert portal.displayed()["level"] == case.level
    assert set(portal.displayed()["cells"].values()) >= case.cells
    text = page.locator("main").inner_text()
    assert [sentence for sentence in case.says if sentence not in text] == []


@pytest.mark.full
def test_link_leads_to_an_answer_and_to_the_region_with_which_it_is_compared(portal: Visit, scenario: Scenario) -> None:
    job = differing(scenario)
    page = portal.results(job.id)
    place = page.locator("details[data-question=math_basic] [data-model]")
    page.locator("[data-cell][data-question=math_basic]").get_by_role("button", name="Europe").click()
    place.locator("select").select_option("EU")
    place.locator("[data-region=US]").get_by_role("button", name="Copy link").click()
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    place.locator("mark").wait_for()

    assert place.locator("select").input_value() == "EU"
    assert place.locator("[data-region=US] mark").all_inner_texts() == ["violence"]
    assert page.evaluate("document.activeElement.dataset.region") == "US"


def test_cell_opens_the_answers_with_the_words_marked_that_differ(portal: Visit, scenario: Scenario) -> None:
    job = differing(scenario)
    page = portal.results(job.id)
    page.locator("[data-cell][data-question=math_basic]").get_by_role("button", name="Europe").click()

    answers = page.locator("details[data-question=math_basic]")
    assert answers.locator("mark").all_inner_texts() == ["peace"]
    assert page.evaluate("document.activeElement.dataset.region") == "EU"
    assert page.url.endswith(f"#question=math_basic&model={MODELS[0]}&region=EU")
    agree(portal, job)
