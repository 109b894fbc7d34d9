"""Every page of the portal is light, steady, quick and accessible."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from beacon.jobs import QUESTIONS
from beacon.router import Hang, Status
from beacon.router.serving import Serving
from beacon.scenario import Scenario
from fixtures.portal.plugin import Visitor
from fixtures.portal.states import STATES, arrange
from fixtures.portal.visit import PAGES, Visit

WEIGHT = 200_000
"""Limit in bytes of a page and all that it loads."""
USABLE = 300
"""Limit in milliseconds from the last byte of the data to a usable page."""
DATA = """Math.max(...performance.getEntriesByType("resource")
    .filter((entry) => entry.name.includes("/api/")).map((entry) => entry.responseEnd))"""
"""JavaScript for the time at which the page had its data."""
READS = """() => {
    const [page] = performance.getEntriesByType("navigation");
    const reads = performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/api/"));
    return reads.map((entry) => [entry.name, entry.startTime < page.domInteractive]);
}"""
"""JavaScript for the reads of the page, and whether each began before the modules run, which browsers do then."""
LOOKS = [
    pytest.param({"dark": True, "phone": True}, id="dark phone"),
    pytest.param({}, id="light", marks=pytest.mark.full),
    pytest.param({"dark": True}, id="dark", marks=pytest.mark.full),
    pytest.param({"phone": True}, id="phone", marks=pytest.mark.full),
]
"""Appearances of the portal; at ci the one with the least room and the least light."""


def pages(portal: Visit, scenario: Scenario, **changes: Any) -> Iterator[str]:
    """Open every page with content, one after the other."""
    job = arrange(scenario, {**STATES["a job whose regions disagree"], **changes}, scenario.new_id())
    assert job
    for name, selector in {
        "index.html": "#questions-math_basic",
        "jobs.html": ".list",
        "job.html": ".matrix",
        "results.html": "[data-state=ready]",
    }.items():
        portal.open(name, id=job.id).locator(selector).wait_for()
        yield name


def violations(portal: Visit) -> list[str]:
    """Violations of accessibility rules on the page, found by axe."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 (other workers need not load it)

    rules: list[dict[str, Any]] = Axe().run(portal.page).response["violations"]
    return [f"{rule['id']}: {rule['help']} ({node['html'][:200]})" for rule in rules for node in rule["nodes"]]


@pytest.mark.criterion("manual.portal-displays")
@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_accessible_and_light_and_nothing_on_it_moves_or_is_cut_off(
    visitor: Visitor, scenario: Scenario, look: dict[str, bool]
) -> None:
    portal = visitor(scenario, **look)
    for name in pages(portal, scenario):
        assert (name, portal.shifts()) == (name, [])
        assert 0 < portal.weight() <= WEIGHT
        assert portal.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert (name, violations(portal)) == (name, [])


def test_reads_of_a_page_begin_before_its_modules_run_and_are_sent_once(portal: Visit, scenario: Scenario) -> None:
    for name in pages(portal, scenario):
        reads = portal.page.evaluate(READS)
        assert reads, name
        assert all(early for _, early in reads), (name, reads)
        assert len({read for read, _ in reads}) == len(reads), (name, reads)


@pytest.mark.full
def test_every_page_fits_every_width_and_is_accessible_in_forced_colours(portal: Visit, scenario: Scenario) -> None:
    scenario.router.models(None)
    for name in pages(portal, scenario, models=[f"model-{number}" for number in range(4)], questions=list(QUESTIONS)):
        for width in (320, 640, 1024, 1920):
            portal.page.set_viewport_size({"width": width, "height": 900})
            assert portal.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)
        portal.page.emulate_media(forced_colors="active")
        assert (name, violations(portal)) == (name, [])
        portal.page.emulate_media(forced_colors="none", color_scheme="dark")
        assert (name, violations(portal)) == (name, [])
        portal.page.emulate_media(color_scheme="light")


@pytest.mark.full
def test_dates_are_written_as_the_reader_is_used_to(portal: Visit, scenario: Scenario) -> None:
    job = scenario.finished()
    browser = portal.page.context.browser
    assert browser
    written = {}
    for locale in ("de-DE", "en-US"):
        with browser.new_context(locale=locale, timezone_id="UTC") as context:
            page = context.new_page()
            page.goto(portal.results(job.id).url)
            written[locale] = page.locator("main time").first.inner_text()
    assert re.fullmatch(r"\d{2}\.\d{2}\.\d{4}, \d{2}:\d{2}", written["de-DE"])
    assert re.fullmatch(r"[A-Z][a-z]{2} \d{1,2}, \d{4}, .*(AM|PM)", written["en-US"])


def fail(portal: Visit, scenario: Scenario) -> None:
    """Open the results of a job that failed."""
    job = arrange(scenario, STATES["a job that failed"], scenario.new_id())
    portal.results(job.id if job else "").locator("[data-state=failed]").wait_for()


def wait(portal: Visit, scenario: Scenario) -> None:
    """Open the results of a job that is under way."""
    job = arrange(scenario, STATES["a job that is under way"], scenario.new_id())
    portal.results(job.id if job else "").locator("[data-state=pending]").wait_for()


def lose(portal: Visit, scenario: Scenario) -> None:
    """Open a page without its runner."""
    portal.relay.lose()
    portal.results(scenario.new_id()).get_by_text("cannot be reached").wait_for()


def dialog(portal: Visit, _: Scenario) -> None:
    """Open the dialog with an invalid address."""
    page = portal.open("jobs.html")
    page.get_by_role("button", name="Settings").click()
    page.locator("#runner-address").fill("nowhere")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("as http://host:port").wait_for()


def refuse(portal: Visit, _: Scenario) -> None:
    """Submit an incomplete form."""
    portal.choose([])
    portal.send()
    portal.page.get_by_text("Choose at least one").wait_for()


SITUATIONS = (fail, wait, dialog, refuse, lose)
"""What the pages show beside their content; without its runner nothing else can be shown, so that comes last."""


@pytest.mark.full
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_situation_is_accessible(visitor: Visitor, scenario: Scenario, dark: bool) -> None:
    portal = visitor(scenario, dark=dark)
    for situation in SITUATIONS:
        situation(portal, scenario)
        assert (situation.__name__, violations(portal)) == (situation.__name__, [])


@pytest.fixture
def slow_line() -> Iterator[str]:
    """The address of a server that sends pages tag by tag, with time for a frame between two tags."""

    async def page(request: Request) -> StreamingResponse:
        text = (PAGES / f"{request.path_params['name']}.html").read_text(encoding="utf-8")

        async def pieces() -> AsyncIterator[str]:
            head, body = re.split("(?=<body>)", text)
            for piece in (head, *re.split("(?<=>)", body)):
                yield piece
                await asyncio.sleep(0.02)  # the line is slow

        return StreamingResponse(pieces(), media_type="text/html")

    routes = [Route("/{name}.html", page), Mount("/", StaticFiles(directory=PAGES))]
    serving = Serving(Starlette(routes=routes), "127.0.0.1")
    yield f"http://127.0.0.1:{serving.port}"
    serving.stop()


@pytest.mark.full
@pytest.mark.parametrize("name", ["index.html", "jobs.html", "job.html", "results.html"])
def test_page_does_not_move_while_it_arrives(portal: Visit, slow_line: str, name: str) -> None:
    portal.page.goto(f"{slow_line}/{name}?runner={portal.relay.url}")

    assert portal.shifts() == []


@pytest.mark.full
def test_progress_moves_nothing_while_it_grows(portal: Visit, scenario: Scenario) -> None:
    spec = scenario.spec(regions=["US", "EU", "ASIA"])
    scenario.router.on(Hang(), job=spec["id"])
    scenario.router.on(Status(500), job=spec["id"], region="US")
    job = scenario.submit(spec)
    scenario.router.wait_for_calls(3, job=job.id)
    page = portal.open("job.html", id=job.id)
    page.get_by_text("1 of 3 executions ended").wait_for()
    scenario.router.release(job.id)
    page.get_by_role("link", name="See the results").wait_for()

    assert portal.shifts() == []


def test_results_are_usable_soon_after_their_data(visitor: Visitor, scenario: Scenario) -> None:
    state = {**STATES["a job whose regions disagree"], "models": ["llama3.2-1b", "mistral-7b"]}
    job = arrange(scenario, {**state, "questions": ["tiananmen_neutral", "taiwan_status"]}, scenario.new_id())
    assert job
    portal = visitor(scenario, watched=False)

    def duration() -> float:
        page = portal.results(job.id)
        ready = page.wait_for_function("() => globalThis.__gateShown.ready").json_value()
        return float(ready - page.evaluate(DATA)) / portal.crowding()

    # Other load of the machine only adds to it, so one quick load shows the time that the page needs.
    assert any(0 <= duration() <= USABLE for _ in range(5))


STEPS = (
    ("#regions-EU", "Space", "#send"),
    ("#send", "Enter", "a:has-text('See the results')"),
    (".next a", "Enter", "[data-state=ready]"),
    ("#summary > summary", "Enter", ".summary"),
)
"""A control, the key that uses it, and what is there afterwards."""


@pytest.mark.full
@pytest.mark.criterion("criterion.submit", "manual.portal-displays")
def test_keyboard_alone_leads_from_submission_to_the_results(portal: Visit) -> None:
    page = portal.open()
    page.locator("#questions-math_basic").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for selector, key, then in STEPS:
        portal.tab_to(selector)
        page.keyboard.press(key)
        page.locator(then).first.wait_for()

    assert page.locator(".summary").is_visible()
    assert portal.sent()[0].sent["target_regions"] == ["US", "ASIA"]


@pytest.mark.full
def test_chosen_appearance_is_kept(portal: Visit) -> None:
    page = portal.open("jobs.html")
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Dark").check()
    page.get_by_role("button", name="Save").click()
    page.locator(":root[data-theme=dark]").wait_for()
    portal.open("index.html")

    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
