"""A job goes from the portal's page to its results: one path and one wrapper, whichever regions it has."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beacon.api import CROSS_REGION_JOBS, JOBS
from beacon.jobs import canonical
from fixtures.portal.plugin import Visitor
from fixtures.portal.visit import Visit
from fixtures.systems import OwnRunner

if TYPE_CHECKING:
    from playwright.sync_api import Route

REGIONS = {1: ["EU"], 2: ["US", "ASIA"], 3: ["US", "EU", "ASIA"]}
WRAPPER = {"jobspec", "target_regions", "min_regions", "min_success_rate", "enable_analysis"}


@pytest.mark.criterion("criterion.submit", "rollout.development", "automated.full-workflow")
@pytest.mark.parametrize("number", [1, *(pytest.param(number, marks=pytest.mark.full) for number in (2, 3))])
def test_job_goes_from_submission_to_results(portal: Visit, number: int) -> None:
    job = portal.submit(REGIONS[number])
    (sent,) = portal.sent()
    assert sent.path == CROSS_REGION_JOBS
    assert (sent.status, sent.json["id"]) == (202, job)
    assert set(sent.sent) == WRAPPER
    assert sent.sent["target_regions"] == REGIONS[number]
    portal.page.get_by_role("link", name="See the results").click()
    panel = portal.page.locator("[data-state=ready], [data-state=not-applicable]")

    assert panel.get_attribute("data-state") == ("ready" if number > 1 else "not-applicable")
    executions = portal.scenario.jobs[job].executions()
    assert len(executions) == sent.sent["jobspec"]["metadata"]["total_executions_expected"] == 2 * number


@pytest.mark.criterion("rollout.rollback", "criterion.no-regression")
def test_switch_goes_back_to_the_standard_endpoint_and_is_kept(portal: Visit) -> None:
    page = portal.open()
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Standard").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Submission through the standard endpoint is switched on").wait_for()

    job = portal.submit()
    page.get_by_role("link", name="See the results").click()
    page.locator("[data-state=standard]").wait_for()
    (sent,) = portal.sent()
    assert (sent.path, sent.sent["id"], sent.json["id"]) == (JOBS, job, job)
    assert "target_regions" not in sent.sent


@pytest.mark.full
@pytest.mark.criterion("rollout.rollback")
def test_address_sets_the_switch_both_ways(portal: Visit) -> None:
    for workflow in ("standard", "cross-region"):
        portal.submit(workflow=workflow)
        portal.submit()  # the switch is kept

    assert [sent.path for sent in portal.sent()] == [JOBS, JOBS, CROSS_REGION_JOBS, CROSS_REGION_JOBS]


@pytest.mark.full
def test_each_submission_is_signed_anew_with_the_key_that_the_browser_keeps(portal: Visit) -> None:
    for _ in range(2):
        portal.submit()
    first, second = (sent.sent["jobspec"] for sent in portal.sent())

    for spec in (first, second):
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(spec["public_key"]))
        key.verify(base64.b64decode(spec["signature"]), canonical(spec))
    assert first["public_key"] == second["public_key"]
    assert first["metadata"]["nonce"] != second["metadata"]["nonce"]
    assert first["id"] != second["id"]


@pytest.mark.full
@pytest.mark.parametrize("workflow", ["cross-region", "standard"])
def test_runner_that_requires_signatures_accepts_the_portals(
    own_runner: OwnRunner, visitor: Visitor, workflow: str
) -> None:
    scenario = own_runner(RUNNER_REQUIRE_SIGNATURE="true")
    job = visitor(scenario).submit(workflow=workflow)
    scenario.jobs[job].wait("completed")


VALUES: dict[str, Any] = {
    "order": {"b": 1, "a": 2, "\u20ac": 3, "\U0001f600": 4, "\ufb33": 5, "1": 6, "": 7, "\r": 8},
    "numbers": [0, -0.0, 1e21, 1e-7, 333333333.3333333, 0.000001, 4.5, 2e-3, 5e-324, 9007199254740991],
    "text": 'a"\\\b\f\n\r\t\u000f/<>&\u2028\u00e9\U0001f600',
    "nested": {"z": [None, True, False, {}, [], {"y": [{"x": ""}]}]},
}


def test_canonical_form_is_that_of_rfc_8785(portal: Visit) -> None:
    page = portal.open()
    for value in VALUES.values():
        form = page.evaluate("async (value) => (await import('/js/canonical.js')).canonical(value)", value)
        assert form.encode() == canonical({"value": value})[len('{"value":') : -1]


def test_submission_whose_answer_was_lost_is_sent_again_and_makes_one_job(portal: Visit) -> None:
    def lose(route: Route) -> None:
        try:
            route.fetch()
        finally:  # also if the target refuses the call: nothing waits for its response then
            route.abort()

    page = portal.choose(["US", "EU"])
    page.route(f"**{CROSS_REGION_JOBS}", lose, times=1)
    portal.send()
    page.get_by_text("Nothing is lost").wait_for()
    portal.send()
    page.wait_for_url("**/job.html?*")

    first, second = portal.sent()
    assert (first.status, second.status, second.json["idempotent"]) == (202, 200, True)
    assert first.json["id"] == second.json["id"] == page.locator("#job-id").inner_text()


def test_refusal_is_shown_with_its_place(portal: Visit) -> None:
    page = portal.choose(["US"])
    page.locator("#regions-US").evaluate("box => { box.value = 'MARS' }")  # a page that is older than its runner
    portal.send()
    page.get_by_text("refused").wait_for()

    message, refused = page.locator("#outcome").inner_text(), portal.sent()[-1]
    assert (refused.path, refused.error_code) == (CROSS_REGION_JOBS, "validation_error")
    assert "/jobspec/constraints/regions/0" in message
    assert page.locator("#send").is_enabled()


@pytest.mark.full
def test_refusal_says_when_to_try_again(own_runner: OwnRunner, visitor: Visitor) -> None:
    portal = visitor(own_runner(RUNNER_RATE_LIMIT="1/minute"))
    portal.submit()
    portal.choose(["US"])
    portal.send()

    portal.page.get_by_text("Try again in").wait_for()
    assert portal.sent()[-1].error_code == "rate_limit_exceeded"


def test_nothing_is_sent_until_something_of_each_kind_is_chosen(portal: Visit) -> None:
    page = portal.choose([])
    assert page.locator("#estimate").inner_text() == "0"
    portal.send()

    page.get_by_text("Choose at least one of the regions").wait_for()
    assert page.evaluate("document.activeElement.name") == "regions"
    assert not portal.sent()


@pytest.mark.full
def test_estimate_is_regions_times_models_times_questions(portal: Visit) -> None:
    page = portal.choose(["US", "EU", "ASIA"])
    page.get_by_label("Mistral").check()
    page.get_by_label("Who are you?").check()

    assert page.locator("#estimate").inner_text() == "18"
    assert page.locator("#product").inner_text().split(" \N{MULTIPLICATION SIGN} ") == [
        "3 regions",
        "2 models",
        "3 questions",
    ]
