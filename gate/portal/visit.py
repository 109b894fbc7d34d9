"""One person at the portal: a browser of its own, what it showed, and what went over the wire."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from gate.exchange import Exchange
from gate.jobs import MODELS, QUESTIONS, REGIONS
from gate.options import ROOT
from gate.portal.relay import Relay
from gate.router.serving import Serving
from gate.scenario import Scenario
from gate.waiting import deadline, wait

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

PAGES = ROOT / "portal"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
SHOWN = ".matrix, [data-state=unknown]"
BOXES = "wanted => Object.keys(wanted).filter((id) => document.getElementById(id).checked !== wanted[id])"
"""Which of some boxes are not as wanted, in JavaScript."""
READ = "location.protocol.startsWith('http') && sessionStorage.getItem('gate:read') || '[]'"
"""What the pages of this tab have read so far, in JavaScript; watch.js keeps it."""
WATCH, LOOKS = ((Path(__file__).parent / name).read_text(encoding="utf-8") for name in ("watch.js", "looks.js"))


class _Files(StaticFiles):
    """Files that a browser need not ask for again with each page."""

    def file_response(self, *arguments: Any, **named: Any) -> Response:
        """The file, which stays as it is for as long as any test takes."""
        response = super().file_response(*arguments, **named)
        response.headers["Cache-Control"] = "max-age=600"
        return response


def served(directory: Path = PAGES) -> Serving:
    """A static server of the portal's pages; whoever started it stops it."""
    return Serving(Starlette(routes=[Mount("/", _Files(directory=directory, html=True))]), "127.0.0.1")


@dataclass
class Call:
    """One call of the portal: its exchange, and the members and headers of the answer that it read."""

    exchange: Exchange
    reads: set[str] = field(default_factory=set)


class Visit:
    """A browser context on the portal, whose calls go through a relay into one scenario.

    ``url`` is where the pages are served. Without ``watched`` the portal is as quick as it is for people, and what it
    reads is not known.
    """

    def __init__(
        self,
        browser: Browser,
        url: str,
        scenario: Scenario,
        *,
        dark: bool = False,
        phone: bool = False,
        watched: bool = True,
    ) -> None:
        self.scenario = scenario
        self.relay = Relay(scenario.client)
        self.problems: list[str] = []
        self._url = url
        self._first = len(scenario.exchanges)
        self._reads: dict[str, set[str]] = {}
        self._context = browser.new_context(
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type] # a TypedDict of exactly these members
            has_touch=phone,
            is_mobile=phone,
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        self._context.set_default_timeout(1000 * deadline("terminal"))
        self._context.add_init_script(LOOKS)
        if watched:
            self._context.add_init_script(WATCH)
        self._context.on("console", self._console)
        self._context.on("requestfailed", lambda _: self._unanswered())
        self._context.on("weberror", lambda error: self.problems.append(f"uncaught: {error.error}"))
        self.page: Page = self._context.new_page()
        self.closed = False
        self._taken = 0

    def _unanswered(self) -> None:
        """Where a call was not let through, nothing that follows from its answer is waited for."""
        if self.relay.unavailable is not None:
            self.page.close()

    def open(self, name: str = "index.html", **query: str) -> Page:
        """Opens a page of the portal, told which runner to talk to."""
        self.page.goto(f"{self._url}/{name}?{urlencode({**query, 'runner': self.relay.url})}")
        return self.page

    def results(self, job: str) -> Page:
        """Opens the results of a job."""
        return self.open("results.html", id=job)

    def look_at(self, job: str) -> None:
        """Opens every page that shows the job, and waits until it is shown or said why not."""
        for name, shown in (("results.html", "[data-state]:not([data-state=loading])"), ("job.html", SHOWN)):
            self.open(name, id=job).locator(shown).wait_for()

    def list_jobs(self) -> Page:
        """Opens the list of jobs, and waits until it is shown."""
        page = self.open("jobs.html")
        page.locator(".list, [data-state=empty]").wait_for()
        return page

    def choose(self, regions: Sequence[str], **settings: str) -> Page:
        """Opens the page for submissions and chooses some regions, two questions and one model."""
        page = self.open(**settings)
        wanted = {f"regions-{region}": region in regions for region in REGIONS}
        wanted |= {f"models-{model}": model == MODELS[0] for model in MODELS}
        wanted |= {f"questions-{question}": question in QUESTIONS[3:5] for question in QUESTIONS}
        page.locator(f"#questions-{QUESTIONS[-1]}").wait_for(state="attached")
        # As a person would, who leaves alone what is right already.
        for box in page.evaluate(BOXES, wanted):
            page.locator(f'[id="{box}"]').set_checked(wanted[box])
        return page

    def submit(self, regions: Sequence[str] = ("US", "EU"), **settings: str) -> str:
        """Submits a job and says its id; ``settings`` go into the address, as a person may write them."""
        page = self.choose(regions, **settings)
        self.send()
        page.wait_for_url("**/job.html?*")
        return page.locator("#job-id").inner_text()

    def send(self) -> None:
        """Presses the button."""
        self.page.locator("#send").click()

    def take(self) -> list[Call]:
        """Leaves the page, and gives the calls since the last time."""
        self.collect()
        self.page.goto("about:blank")
        self.relay.settle()
        found = self.calls()[self._taken :]
        self._taken += len(found)
        return found

    def calls(self) -> list[Call]:
        """What the portal called so far, in order."""
        sent = [one for one in self.scenario.exchanges[self._first :] if self._is_ours(one)]
        return [Call(one, set(self._reads.get(one.request_id, ()))) for one in sent]

    def collect(self) -> None:
        """Takes down what the pages have read so far, also pages that were left since; ``calls`` then tells it.

        It is asked for, not sent as it happens: an event of a page that is being left may never arrive.
        """
        if self.page.is_closed():
            return
        # Unlike evaluate, it outlasts a navigation that happens meanwhile.
        for request, path in json.loads(self.page.wait_for_function(READ).json_value()):
            self._reads.setdefault(request, set()).add(path)

    def sent(self, method: str = "POST") -> list[Exchange]:
        """The exchanges of one method so far."""
        return [call.exchange for call in self.calls() if call.exchange.method == method]

    def asked(self, path: str, number: int = 1) -> list[Exchange]:
        """The exchanges whose path has this part, as soon as there are so many."""
        return wait(
            f"{number} calls of {path}",
            lambda: [call.exchange for call in self.calls() if path in call.exchange.path],
            until=lambda exchanges: len(exchanges) >= number,
            show=len,
        )

    def tab_to(self, selector: str, most: int = 60) -> None:
        """Presses the tabulator until the focus is there; AssertionError where it never gets there."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"the tabulator does not get to {selector} within {most} steps")

    def weight(self) -> int:
        """Bytes of the page and of everything that it loaded from where it is served, before any compression."""
        found: int = self.page.evaluate(
            "performance.getEntries().filter((one) => 'decodedBodySize' in one && one.name.startsWith(location.origin))"
            ".reduce((sum, one) => sum + one.decodedBodySize, 0)"
        )
        return found

    def crowding(self) -> float:
        """How many times longer the page takes for its work now than it would with a processor of its own."""
        session = self._context.new_cdp_session(self.page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        def worked() -> float:
            found = session.send("Performance.getMetrics")["metrics"]
            return float(next(one["value"] for one in found if one["name"] == "TaskDuration"))

        before = worked()
        self.page.evaluate("() => { const end = performance.now() + 100; while (performance.now() < end); }")
        return max(1.0, 0.1 / max(worked() - before, 0.001))

    def shifts(self) -> list[dict[str, Any]]:
        """Every movement of the page's layout that nobody asked for."""
        found: list[dict[str, Any]] = self.page.evaluate("globalThis.__gateShifts")
        return found

    def close(self) -> None:
        """Leaves; afterwards nothing more is sent."""
        if not self.closed:
            self.closed = True
            self._context.close()
            self.relay.settle()
            self.relay.close()

    def _is_ours(self, exchange: Exchange) -> bool:
        return "sec-fetch-mode" in exchange.request_headers or "origin" in exchange.request_headers

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        # The browser itself logs every response of 400 and above; whether one may come is what the exchanges tell.
        if message.text.startswith("Failed to load resource") and message.location["url"].startswith(self.relay.url):
            return
        self.problems.append(f"{message.type}: {message.text} ({message.location['url']})")
