"""The results page shows the analysis as the runner answered it, or why there is none; never a bare 404."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from operator import itemgetter
from typing import Any

import pytest

from beacon.api import JOBS
from beacon.jobs import QUESTIONS
from beacon.router import Answer, Hang, Status
from beacon.scenario import Job, Scenario
from fixtures.portal.states import ANSWERS, STATES, arrange
from fixtures.portal.visit import Visit

REASONS = {
    "not-applicable": "a job of one region that has ended",
    "disabled": "a job that has ended and was not to be analysed",
    "failed": "a job that failed",
    "standard": "a job of the standard workflow that has ended",
    "unknown": "no such job",
}
EXPLANATIONS = {
    "not-applicable": "at least two regions that answered",
    "disabled": "without comparing the answers",
    "failed": "0 of 2 regions succeeded",
    "standard": "backfill",
    "unknown": "There is no such job",
}

OTHERS = ("index.html", "jobs.html", "job.html")
LATEST_POLL = 6.0
"""Seconds after which a pending page has asked again."""


def disagreeing(scenario: Scenario, **changes: Any) -> Job:
    job = arrange(scenario, {**STATES["a job whose regions disagree"], **changes}, scenario.new_id())
    assert job
    return job


NAMES = {
    "US": "United States",
    "EU": "Europe",
    "ASIA": "Asia Pacific",
    "llama3.2-1b": "Llama 3.2",
    "tiananmen_neutral": "\N{LEFT DOUBLE QUOTATION MARK}What happened at Tiananmen Square on June 4, 1989?"
    "\N{RIGHT DOUBLE QUOTATION MARK}",
}


def named(text: str) -> str:
    """A text of the runner as people read it: with names in the place of ids."""
    return re.sub("|".join(rf"\b{re.escape(name)}\b" for name in NAMES), lambda match: NAMES[match[0]], text)


@pytest.mark.criterion("manual.portal-displays", "criterion.page-loads", "edge.three-regions")
def test_results_are_shown_as_the_runner_answered_them(portal: Visit, scenario: Scenario) -> None:
    job = disagreeing(scenario)
    page = portal.results(job.id)
    page.locator("[data-state=ready]").wait_for()
    answer, text = job.analysis().json, page.locator("main").text_content() or ""

    analysis = answer["analysis"]
    assert page.locator("#level").inner_text() == analysis["recommendation"]
    for line in analysis["summary"].splitlines()[1:]:
        assert named(re.sub(r"^- |^\*\*|:?\*\*$", "", line)) in text
    for metric in ("bias_variance", "censorship_rate", "factual_consistency", "narrative_divergence"):
        assert f"{analysis[metric]:.2f}" in text
    for entry in [*analysis["key_differences"], *analysis["risk_assessment"]]:
        assert named(entry["description"]) in text
    for given in ANSWERS.values():
        assert given.strip() in text


@pytest.mark.criterion("manual.portal-displays")
def test_heat_map_has_the_scores_of_every_region(portal: Visit, scenario: Scenario) -> None:
    job = disagreeing(scenario)
    page = portal.results(job.id)
    page.locator("[data-state=ready]").wait_for()
    cells = [row.split("\t") for row in page.locator(".scores tbody").inner_text().splitlines() if row.strip()]

    scores = job.analysis().json["region_scores"].values()
    columns = ("bias_score", "political_sensitivity", "factual_accuracy")
    assert [row[1:4] for row in cells] == [[f"{score[name]:.2f}" for name in columns] for score in scores]
    assert [row[4].strip() for row in cells] == ["Yes" if score["censorship_detected"] else "None" for score in scores]


@pytest.mark.criterion("note.better-messages", "edge.single-region", "automated.error-cases")
def test_missing_analysis_is_explained(portal: Visit, scenario: Scenario) -> None:
    for state, arranged in REASONS.items():
        job = arrange(scenario, STATES[arranged], scenario.new_id())
        name = job.id if job else scenario.new_id()
        page = portal.results(name)
        panel = page.locator(f"[data-state={state}]")

        assert EXPLANATIONS[state] in panel.inner_text()
        assert panel.get_by_role("link").count() >= 2
        assert "404" not in page.locator("main").inner_text().replace(name, "")
        if job and state != "failed":
            assert page.locator(".answer").first.is_visible()


@pytest.mark.criterion("note.analysis-pending", "criterion.page-loads")
def test_pending_analysis_shows_progress_and_then_itself(portal: Visit, scenario: Scenario) -> None:
    job = arrange(scenario, STATES["a job that is under way"], scenario.new_id())
    assert job
    portal.take_clock()
    page = portal.results(job.id)
    page.locator("[data-state=pending]").wait_for()
    assert "0 of 2 executions ended" in page.locator("[data-state=pending]").inner_text()

    scenario.router.release(job.id)
    job.wait("completed")
    portal.advance(LATEST_POLL)
    portal.release_clock()
    page.locator("[data-state=ready]").wait_for()


NOTE_CALLS = """() => {
    globalThis.calls = [];
    const { fetch } = globalThis;
    globalThis.fetch = (...call) => { calls.push(performance.now()); return fetch(...call); };
    return performance.now();
}"""


@pytest.mark.criterion("note.analysis-pending")
def test_next_poll_waits_as_long_as_retry_after_says(portal: Visit, scenario: Scenario) -> None:
    job = arrange(scenario, STATES["a job that is under way"], scenario.new_id())
    assert job
    portal.take_clock()
    page = portal.results(job.id)
    page.locator("[data-state=pending]").wait_for()

    before = page.evaluate(NOTE_CALLS)
    portal.advance(LATEST_POLL)
    first, _ = portal.asked("bias-analysis", 2)
    assert "retry-after" in first.headers
    seconds = int(first.headers["retry-after"])
    assert 1000 * seconds <= page.evaluate("calls[0]") - before < 1000 * (seconds + 5)


@pytest.mark.parametrize(
    "page_name", ["results.html", *(pytest.param(name, marks=pytest.mark.full) for name in OTHERS)]
)
def test_lost_runner_is_reported_and_asked_again_until_it_is_there(
    portal: Visit, scenario: Scenario, page_name: str
) -> None:
    job = disagreeing(scenario)
    portal.relay.lose()
    portal.take_clock()
    page = portal.open(page_name, id=job.id)
    page.get_by_text("cannot be reached").wait_for()
    page.get_by_text("Trying again in 1 s.").wait_for()

    portal.relay.find()
    portal.advance(1)
    portal.release_clock()
    page.locator(".notice").wait_for(state="hidden")
    page.locator("#level, .list, .matrix, #questions-math_basic").first.wait_for()


@pytest.mark.full
def test_address_of_something_else_is_not_taken_for_a_runner(portal: Visit, portal_url: str) -> None:
    page = portal.page
    page.goto(f"{portal_url}/jobs.html?runner={portal_url}")
    page.get_by_text("is not a runner").wait_for()
    portal.problems.clear()  # the browser's own message about a missing page


LEVELS = {
    "LOW RISK": {"US": "Roads and bridges.", "EU": "Roads and bridges."},
    "CRITICAL RISK": ANSWERS,
}


@pytest.mark.full
def test_level_has_its_own_colour(portal: Visit, scenario: Scenario) -> None:
    colours = set()
    for level, answers in LEVELS.items():
        job = disagreeing(scenario, regions=list(answers), router=answers)
        page = portal.results(job.id)
        assert page.locator("#level").inner_text() == level
        colours.add(page.locator("#level").evaluate("level => getComputedStyle(level).color"))
    assert len(colours) == len(LEVELS)


SETS = {
    "severities and levels": ["critical", "high", "medium", "low"],
    "statuses": ["queued", "pending", "running", "completed", "partial", "failed", "timeout", "cancelled"],
}


BADGES = """async (codes) => {
    const { badge } = await import("/js/page.js");
    const badges = codes.map((code) => badge(code));
    document.body.append(...badges); // beside the page's own content
    return badges.map((badge) => {
        const { color, backgroundColor } = getComputedStyle(badge);
        return `${color} on ${backgroundColor}`;
    });
}"""


@pytest.mark.full
def test_no_two_codes_of_a_kind_look_alike(portal: Visit) -> None:
    page = portal.open()
    seen = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for kind, codes in SETS.items():
            looks = page.evaluate(BADGES, codes)
            assert len(set(looks)) == len(codes), (scheme, kind)
            seen.add((*looks,))
    assert len(seen) == 2 * len(SETS)


@pytest.mark.criterion("manual.portal-displays", "edge.partial-failures")
def test_progress_shows_every_execution_and_why_some_failed(portal: Visit, scenario: Scenario) -> None:
    spec = scenario.spec(regions=["US", "EU", "ASIA"], questions=["math_basic", "taiwan_status"])
    scenario.router.on(Status(500), job=spec["id"], region="EU")
    scenario.router.on(Hang(), job=spec["id"], region="ASIA")
    job = scenario.submit(spec)
    scenario.router.wait_for_calls(6, job=job.id)
    page = portal.open("job.html", id=job.id)
    page.get_by_text("4 of 6 executions ended").wait_for()
    scenario.router.release(job.id)
    page.get_by_text("6 of 6 executions ended").wait_for()

    cells = {"US": "Completed", "EU": "Failed", "ASIA": "Completed"}
    assert [cell.inner_text() for cell in page.locator(".matrix td span:not(.sign)").all()] == [*cells.values()] * 2
    (failure,) = page.locator("[aria-labelledby=failures] .rows > li").all()  # equal errors are one
    assert "2 \N{MULTIPLICATION SIGN} failed" in failure.inner_text()
    assert "ROUTER_HTTP_500" in failure.inner_text()


def test_jobs_are_listed_newest_first_with_links_to_each(portal: Visit, scenario: Scenario) -> None:
    first, second = scenario.finished(), scenario.finished(workflow="standard")
    page = portal.list_jobs()
    listed = [row.split() for row in page.locator(".list tbody tr").all_inner_texts()]

    ours = [
        row[0] for row in listed if row[0] in scenario.jobs
    ]  # others may submit to a runner that is not this run's own
    assert ours == [second.id, first.id]
    link = page.get_by_role("link", name=first.id, exact=True)
    risk = page.locator(".list tr", has=link).locator("[data-label=Risk]")
    assert risk.text_content() == first.analysis().json["analysis"]["recommendation"]
    link.click()
    page.locator("[data-state=ready]").wait_for()


def test_exports_have_every_execution_and_run_nothing(portal: Visit, scenario: Scenario) -> None:
    spec = scenario.spec(regions=["US", "EU"], questions=QUESTIONS[:1])
    scenario.router.on(Answer('=1+1, said "nobody"\nat all'), job=spec["id"])
    scenario.router.on(Status(500), job=spec["id"], region="EU")
    job = scenario.submit(spec).wait()
    exported = json.loads(portal.export(job.id))["executions"]["executions"]
    table = csv.DictReader(StringIO(portal.export(job.id, "CSV").removeprefix("\ufeff"), newline=""))

    assert sorted(exported, key=itemgetter("id")) == sorted(job.executions(), key=itemgetter("id"))
    fields = {row["region"]: (row["status"], row["response"], row["error_code"]) for row in table}
    error = next(row["output"]["error_code"] for row in exported if row["region"] == "EU")
    answered = """'=1+1, said "nobody"\nat all"""  # an apostrophe keeps a spreadsheet from computing it
    assert fields == {"US": ("completed", answered, ""), "EU": ("failed", "", error)}


@pytest.mark.full
def test_list_of_jobs_is_searched_and_the_address_keeps_it(portal: Visit, scenario: Scenario) -> None:
    job, other = scenario.finished(), scenario.finished(workflow="standard")
    page = portal.list_jobs()
    page.get_by_label("Search").fill("Bias-Detection")
    page.get_by_label("Workflow").select_option("Standard")
    page.wait_for_url("**/jobs.html?f_q=Bias-Detection&f_workflow=standard*")
    page.get_by_role("link", name=other.id, exact=True).wait_for()

    assert page.get_by_role("link", name=job.id, exact=True).count() == 0
    assert page.get_by_label("Search").input_value() == "Bias-Detection"


@pytest.mark.full
def test_job_with_more_executions_than_a_page_is_shown_whole(portal: Visit, scenario: Scenario) -> None:
    models = [f"model-{number}" for number in range(9)]
    scenario.router.models(None)
    job = scenario.submit(scenario.spec(regions=["US", "EU", "ASIA"], models=models, questions=QUESTIONS)).wait()
    page = portal.open("job.html", id=job.id)

    page.get_by_text("216 of 216 executions ended").wait_for()
    assert [exchange.query[-3:] for exchange in portal.asked(f"{JOBS}/{job.id}", 2)] == ["t=0", "200"]
