"""The reference runner serves the portal by itself, which is no promise of any other runner."""

from __future__ import annotations

from fixtures.portal import Visitor
from fixtures.systems import OwnRunner
from gate.errors import NotAvailable
from gate.options import RUNNER_COMMAND, Settings
from gate.target.choose import resolved


def test_runner_serves_the_portal_itself(own_runner: OwnRunner, visitor: Visitor, settings: Settings) -> None:
    if (resolved(settings).target, settings.runner_command) != ("embedded", RUNNER_COMMAND):
        raise NotAvailable("this check starts the reference runner on the portal's files")
    portal = visitor(own_runner(RUNNER_PORTAL="portal"))
    page = portal.page
    page.goto(f"{portal.relay.url}/portal")
    page.locator("#questions-math_basic").wait_for()
    page.locator("#send").click()
    page.get_by_role("link", name="See the results").click()
    page.locator("[data-state=ready]").wait_for()

    assert portal.sent()[0].status == 202
