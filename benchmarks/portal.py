"""``bench portal``: how soon the portal's pages can be used, and how long large ones keep a reader waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from beacon import jobs
from beacon.api import Api
from beacon.checkout import ROOT
from beacon.regions import REGIONS
from beacon.router import Answer
from beacon.service import SERVICE
from beacon.states import TERMINAL
from benchmarks.load.copies import DISTINCT, copy, finished
from benchmarks.load.plan import Upstream
from benchmarks.load.stage import Stage, stage
from benchmarks.measuring import Figure
from gate.core.browser import command, find
from gate.core.client import Client
from gate.core.errors import MachineLacks
from gate.core.surroundings import environment
from gate.core.waiting import wait

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FAST_4G = {"offline": False, "latency": 165, "downloadThroughput": 1_125_000, "uploadThroughput": 168_750}
"""The figures of Chromium's own preset: milliseconds, and bytes in a second."""
SLOWER = 4
"""How many times slower the processor is."""
FIRST = {
    "index.html": "#questions-math_basic",
    "jobs.html": ".list",
    "job.html": ".matrix tbody",
    "results.html": ".matrix tbody",
}
"""What there is to see of each page as soon as it can be used."""
LISTED = 10_000
"""Jobs in the list, all of them stored."""
SMALL, LARGE = "bench-portal-small", "bench-portal-large"
MODELS = [f"model-{number}" for number in range(32)]
"""Models of the large job: with three regions and eight questions it has 768 executions."""
ANSWERS = ("The protest was met with violence, and nobody may speak of it.", "The protest was met with peace.")

TIMES = """selector => {
    globalThis.longTasks = [];
    new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((entry) => Math.round(entry.duration))))
        .observe({ type: "longtask", buffered: true });
    const look = () => {
        if (!document.querySelector(selector)?.checkVisibility()) return requestAnimationFrame(look);
        setTimeout(() => console.info(`usable ${performance.now()}`)); // this frame is painted first
    };
    look();
}"""
"""JavaScript that says when a selected element was painted, and notes each long task.

It says so by itself: what asks a page on a slow processor keeps it busy, and would be measured too.
"""
TASKS = """() => new Promise((resume) => requestIdleCallback(
    () => setTimeout(() => resume(globalThis.longTasks)), { timeout: 1000 }))"""
"""JavaScript for the long tasks, once the page has nothing left to do: a browser tells of them later."""
WEIGHT = """() => performance.getEntries()
    .filter((entry) => "decodedBodySize" in entry && !entry.name.includes("/api/"))
    .reduce((sum, entry) => sum + entry.decodedBodySize, 0) / 1000"""
"""JavaScript for the kilobytes of a page and its files, before compression."""


def portal(runs: int) -> Iterator[Figure]:
    """Measure each page on a slow line and processor, and the longest task of the pages with much to show."""
    with stage(SERVICE, Upstream(0, ()), lambda _: False, env={"RUNNER_PORTAL": str(ROOT / "portal")}) as running:
        _fill(running)
        with _chromium() as browser:
            for name, selector in FIRST.items():
                seen = [_visit(browser, running, name, selector, SMALL, slow=True) for _ in range(runs)]
                yield Figure(f"{name}: usable, 4G, {SLOWER}x slower", [each[0] for each in seen], "ms", "<= 1000")
                yield Figure(f"{name}: size of the first view", [each[2] for each in seen], "kB", "<= 200")
            for title, name, selector in (
                ("a job of 768 executions", "job.html", "#about"),
                ("its results", "results.html", "[data-state=ready]"),
                ("a list of 10,000 jobs", "jobs.html", ".list"),
            ):
                tasks = [_visit(browser, running, name, selector, LARGE)[1] for _ in range(runs)]
                yield Figure(f"{title}: longest task", tasks, "ms", "<= 100")


def _fill(running: Stage) -> None:
    """Stores 10,000 jobs, a small one whose regions disagree, and a large one."""
    finished(running)
    copy(running.database_url, LISTED // DISTINCT - 1)
    running.router.models(None)
    running.router.on(Answer(ANSWERS[0]))
    running.router.on(Answer(ANSWERS[1]), region="EU")
    client = Client(running.system.base_url, lambda _: None)
    try:
        for name, models in ((SMALL, jobs.MODELS[:2]), (LARGE, MODELS)):
            spec = jobs.spec(name, regions=REGIONS, models=models, questions=jobs.QUESTIONS)
            Api(client).submit_cross_region(jobs.wrap(spec))
            wait(f"the end of {name}", _status(client, name), until=TERMINAL.__contains__, kind="resume")
    finally:
        client.close()


def _status(client: Client, name: str) -> Callable[[], str]:
    return lambda: str(Api(client).job(name).json["status"])


@contextmanager
def _chromium() -> Iterator[Browser]:
    program = find(None)
    if program is None:
        raise MachineLacks(f"There is no Chromium on this machine. This brings one: {command()}")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (other benchmarks need not pay for its import)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, env={**environment()})
        yield browser
        browser.close()


def _visit(
    browser: Browser, running: Stage, name: str, selector: str, job: str, *, slow: bool = False
) -> tuple[float, float, float]:
    """Opens a page as a new visitor does: ms until it can be used, its longest task in ms, and its size in kB."""
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.add_init_script(f"({TIMES})({selector!r})")
    if slow:
        _slow(page)
    with page.expect_console_message(lambda message: message.text.startswith("usable ")) as event:
        page.goto(f"{running.base_url}/portal/{name}?{urlencode({'id': job})}")
    usable = float(event.value.text.split()[1])
    longest = float(max(page.evaluate(TASKS), default=0))
    size = float(page.evaluate(WEIGHT))
    context.close()
    return usable, longest, size


def _slow(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", FAST_4G)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
