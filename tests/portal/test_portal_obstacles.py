"""Obstacles are named in one sentence; no button stays dead, and no choice is lost."""

from __future__ import annotations

from mimetypes import guess_type
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from fixtures.portal.visit import PAGES, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Route

INSECURE = "http://portal.test"
"""A host that is no localhost, so that the browser offers no cryptography there."""


def test_page_that_cannot_sign_says_so_before_the_form_is_filled_in(portal: Visit) -> None:
    def serve(route: Route) -> None:
        file = PAGES / urlsplit(route.request.url).path[1:]
        route.fulfill(body=file.read_bytes(), content_type=guess_type(file)[0] or "")

    page = portal.page
    page.route(f"{INSECURE}/**", serve)
    page.goto(f"{INSECURE}/index.html?runner={portal.relay.url}")
    page.get_by_text("browsers sign only on https pages and on localhost").wait_for()

    assert page.locator("#send").is_disabled()
    assert page.locator("#send").inner_text() == "Sign and submit"
    portal.problems.clear()  # the browser's own words about a page that is not secure


@pytest.mark.full
def test_button_works_again_whatever_was_thrown(portal: Visit) -> None:
    page = portal.choose(["US"])
    page.evaluate("() => { crypto.subtle.digest = () => Promise.reject(new Error('the disk is full')) }")
    portal.send()
    page.get_by_text("The job was not submitted: the disk is full").wait_for()

    assert page.locator("#send").is_enabled()
    assert page.locator("#send").inner_text() == "Sign and submit"
    assert not portal.sent()


@pytest.mark.full
def test_choice_outlives_a_reload_and_a_way_back(portal: Visit) -> None:
    page = portal.choose(["ASIA"])
    page.goto(page.url.replace("index.html", "jobs.html"))
    page.go_back()
    page.locator("#questions-math_basic").wait_for()
    page.reload()
    page.locator("#questions-math_basic").wait_for()

    assert page.locator("#product").inner_text().startswith("1 region \N{MULTIPLICATION SIGN} 1 model")
    assert page.locator("#regions-ASIA").is_checked()


@pytest.mark.full
def test_questions_that_are_not_there_are_not_missing_from_the_choice(portal: Visit) -> None:
    portal.relay.lose()
    page = portal.open()
    page.get_by_text("cannot be reached").wait_for()
    portal.send()

    page.get_by_text("The questions have not been loaded yet").wait_for()
    portal.problems.clear()  # the browser's own message about the runner


@pytest.mark.full
def test_link_changes_a_setting_for_its_tab_alone(portal: Visit) -> None:
    page = portal.open(workflow="standard")
    page.get_by_text("Submission through the standard endpoint is switched on").wait_for()

    assert page.evaluate("localStorage.getItem('beacon:settings')") is None


@pytest.mark.full
def test_address_is_tried_before_it_is_saved(portal: Visit) -> None:
    page = portal.open("jobs.html")
    page.get_by_role("button", name="Settings").click()
    page.locator("#runner-address").fill("http://127.0.0.1:1")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("No runner answers at http://127.0.0.1:1.").wait_for()
    assert page.evaluate("localStorage.getItem('beacon:settings')") is None

    page.get_by_role("button", name="Reset to defaults").click()
    page.wait_for_url("**/jobs.html")
    portal.problems.clear()  # the browser's own message about the port
