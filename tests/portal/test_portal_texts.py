"""Texts of models and of people are shown as text, and a page loads nothing but the portal's own files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from beacon.contract import published
from beacon.router import Answer, Unsuccessful
from beacon.scenario import Job, Scenario
from fixtures.portal.visit import PAGES, Visit

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src http: https:; base-uri 'none'; form-action 'none'"
)
NAMED = re.compile(
    r'<(?:link rel="(?:preload" as="style|modulepreload)" href|script(?: type="module" blocking="render")? src)="(.+?)"'
)
IMPORTED = re.compile(r'^import .+ from "\./(.+?)"', re.MULTILINE)
AT_ONCE = 6
"""Files that a browser asks a server for at a time."""
LAST = "js/first.js"
"""The file that the browser's parser waits for: what is named after it comes after what the first view needs."""
INLINE = re.compile(r"<style|<script(?![^>]* src=)|\s(?:style|on\w+)=|[\"']javascript:", re.IGNORECASE)

HOSTILE = {
    "markup": "<img src=//elsewhere.test/x onerror=alert(1)><script>alert(2)</script><b>bold</b> **bold** </p></main>",
    "entities": "&lt;b&gt;&amp;&#x202e; &nbsp;",
    "a direction that is overridden": "\u202eelbadaer\u202c \u2067\u2066never closed",
    "control characters": "\x01\x07\x08\x0b\x0c\x1b[31mred\x1b[0m\x7f\x85\u2028\u2029\ufeff",
    "a line of a megabyte": "a" * 1_000_000,
    "marks on marks": "Z" + "\u0301" * 300,
    "a formula": '=HYPERLINK("//elsewhere.test";"x")',
    "an address": "javascript:alert(3) https://elsewhere.test/ data:text/html,<script>alert(4)</script>",
}
LONG, BRIEF = 20_000, 2_000
"""Characters of an answer that are shown at first, and of an error."""
UNTOUCHED = "//main//*[contains(@class, 'answer')]//*[not(self::mark)]"
"""Elements that an answer must not become."""


@pytest.mark.smoke
@pytest.mark.parametrize("page", sorted(PAGES.glob("*.html")), ids=lambda page: page.stem)
def test_policy_allows_own_files_alone_and_no_page_needs_more(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert f'http-equiv="Content-Security-Policy" content="{POLICY}"' in text
    assert INLINE.findall(text) == []


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.html")), ids=lambda page: page.stem)
def test_page_names_each_file_that_it_waits_for_and_they_come_at_once(page: Path) -> None:
    named = NAMED.findall(page.read_text(encoding="utf-8"))
    texts = [(PAGES / name).read_text(encoding="utf-8") for name in named]
    assert named.index(LAST) < AT_ONCE
    assert {f"js/{name}" for text in texts for name in IMPORTED.findall(text)} <= {*named}


@pytest.mark.smoke
def test_portal_and_contract_have_the_words_of_the_glossary() -> None:
    glossary, portal = ((ROOT / name).read_text(encoding="utf-8") for name in ("docs/glossary.md", "portal/js/page.js"))
    rows = re.findall(r"^\| `(.+?)` \| (.+) \|$", glossary, re.MULTILINE)
    meanings = portal.partition("MEANINGS = {")[2].partition("\n};")[0]
    assert re.findall(r'^    "?([\w ]+?)"?: "(.+)",$', meanings, re.MULTILINE) == rows

    schemas = published().document["components"]["schemas"]
    for status in ("JobStatus", "ExecutionStatus"):
        described = re.findall(r"`(\w+)`: (.+)", schemas[status]["description"])
        assert [code for code, _ in described] == schemas[status]["enum"]
        assert set(described) <= set(rows)


@pytest.mark.smoke
def test_documented_platform_features_are_those_of_the_portal() -> None:
    table = (ROOT / "docs/portal.md").read_text(encoding="utf-8").partition("## Browsers")[2].partition("\n## ")[0]
    features = re.findall(r"^\| `(.+?)(?:\(\))?`", table, re.MULTILINE)
    sources = [file.read_text(encoding="utf-8") for file in PAGES.rglob("*") if file.suffix in {".js", ".css"}]
    assert features
    assert [feature for feature in features if not any(feature in source for source in sources)] == []


def hostile(scenario: Scenario) -> tuple[Job, str]:
    """A job with a hostile name that each model answers with another hostile text, and the name."""
    spec = scenario.spec(regions=["US"], models=[f"model-{number}" for number in range(len(HOSTILE))])
    name = HOSTILE["markup"] + HOSTILE["a direction that is overridden"]
    spec["benchmark"]["name"] = name
    scenario.router.models(None)
    for model, text in zip(spec["models"], HOSTILE.values(), strict=True):
        scenario.router.on(Answer(text), job=spec["id"], model=model["id"])
    return scenario.submit(spec).wait("completed"), name


def test_hostile_answers_and_names_stay_text(portal: Visit, scenario: Scenario) -> None:
    job, name = hostile(scenario)
    page = portal.results(job.id)
    page.locator("#matrix").wait_for()
    for row in job.executions():
        answer = page.locator(f"[data-model={row['model_id']}] .answer")
        assert answer.text_content() == row["output"]["response"][:LONG]
    assert page.locator(f"xpath={UNTOUCHED}").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page = portal.list_jobs(q=job.id)
    listed = page.locator(".list tr", has=page.get_by_role("link", name=job.id, exact=True))
    assert listed.locator("small").text_content() == name
    assert page.locator(".list img, .list b").count() == 0


@pytest.mark.full
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_errors_and_differences_stay_text(portal: Visit, scenario: Scenario, name: str) -> None:
    spec = scenario.spec(regions=["US", "EU", "ASIA"])
    scenario.router.on(Answer(HOSTILE[name]), job=spec["id"])
    scenario.router.on(Answer(f"{HOSTILE[name]} and more words"), job=spec["id"], region="EU")
    scenario.router.on(Unsuccessful(HOSTILE[name]), job=spec["id"], region="ASIA")
    job = scenario.submit(spec, min_success_rate=0.5).wait("completed")
    page = portal.results(job.id)
    page.locator("[aria-labelledby=failures]").wait_for()
    (failed,) = (row["output"]["error"] for row in job.executions() if row["status"] == "failed")

    assert failed[:BRIEF] in (page.locator("[aria-labelledby=failures]").text_content() or "")
    assert page.locator("xpath=//main//img | //main//script | //main//b").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
