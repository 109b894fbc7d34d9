"""A job is cancelled and run again from its page, and signing keys are kept in the settings."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beacon.jobs import canonical
from beacon.router import Answer, Hang
from beacon.scenario import Job, Scenario
from fixtures.portal.states import REPORT
from fixtures.portal.visit import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Page

RENEWED = {"id", "jobspec_id", "created_at", "signature", "public_key"}
"""Members of a JobSpec that a job which is run again has anew."""


def same(spec: dict[str, Any]) -> dict[str, Any]:
    """The members of a JobSpec that a job shares with the one that is run again."""
    metadata = {name: value for name, value in spec["metadata"].items() if name not in {"timestamp", "nonce"}}
    return {name: value for name, value in spec.items() if name not in RENEWED} | {"metadata": metadata}


def half_done(scenario: Scenario) -> Job:
    """A job of which one region has answered and the other has not."""
    spec = scenario.spec(regions=["US", "EU"])
    scenario.router.on(Answer(REPORT), job=spec["id"])
    scenario.router.on(Hang(), job=spec["id"], region="EU")
    job = scenario.submit(spec, min_success_rate=0.5)
    scenario.router.wait_for_calls(2, job=job.id)
    return job


@pytest.mark.criterion("manual.portal-displays")
def test_job_is_read_while_it_runs_and_cancelled(portal: Visit, scenario: Scenario) -> None:
    job = half_done(scenario)
    page = portal.open("job.html", id=job.id)
    page.get_by_role("button", name="Completed: Llama 3.2, United States").click()
    assert page.locator("dialog .answer").text_content() == REPORT

    assert "1 execution ended: its answer or error is kept" in portal.cancel(job.id)
    statuses = {row["region"]: row["status"] for row in job.executions()}
    assert statuses == {"US": "completed", "EU": "cancelled"}


def test_job_is_run_again_with_a_signature_of_its_own(portal: Visit, scenario: Scenario) -> None:
    job = scenario.adopt(portal.submit()).wait("completed")
    scenario.adopt(portal.repeat(job.id)).wait("completed")

    first, second = (sent.sent for sent in portal.sent())
    spec = second["jobspec"]
    assert spec["id"] != first["jobspec"]["id"]
    assert spec["public_key"] == first["jobspec"]["public_key"]  # the browser keeps the key
    assert same(spec) == same(job.view().json["job"])
    assert second == {**first, "jobspec": spec}
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(spec["public_key"]))
    key.verify(base64.b64decode(spec["signature"]), canonical(spec))


@pytest.mark.full
def test_cancellation_that_did_not_arrive_is_reported_and_can_be_tried_again(portal: Visit, scenario: Scenario) -> None:
    job = half_done(scenario)
    page = portal.open("job.html", id=job.id)
    page.route("**/cancel", lambda route: route.abort(), times=1)
    page.get_by_role("button", name="Cancel job").click()
    page.get_by_role("button", name="Cancel the job").click()
    page.get_by_text("Not done: The runner at").wait_for()

    page.get_by_role("button", name="Cancel the job").click()
    page.locator("#job-status [data-tone=cancelled]").wait_for()
    assert page.locator("dialog").count() == 0
    portal.problems.clear()  # the browser's own message about the call


@pytest.mark.full
@pytest.mark.parametrize("compared", [False, None], ids=["not compared", "standard"])
def test_job_is_run_again_through_the_workflow_that_it_had(
    portal: Visit, scenario: Scenario, compared: bool | None
) -> None:
    page = portal.choose(["US", "EU"], workflow="standard" if compared is None else "cross-region")
    if compared is False:
        page.locator("#analysis").uncheck()
    portal.send()
    page.wait_for_url("**/job.html?*")
    job = scenario.adopt(page.locator("#job-id").inner_text()).wait("completed")
    portal.open("jobs.html", workflow="cross-region")  # the switch is not what decides
    repeated = scenario.adopt(portal.repeat(job.id)).wait("completed")

    first, second = portal.sent()
    assert (second.path, second.sent.get("enable_analysis")) == (first.path, compared)
    assert len(repeated.executions()) == len(job.executions())


@pytest.mark.full
def test_job_page_says_how_long_it_takes(portal: Visit, scenario: Scenario) -> None:
    job = half_done(scenario)
    page = portal.open("job.html", id=job.id)
    page.get_by_text("1 of 2 executions ended").wait_for()
    names = ["Submitted", "Started", "Elapsed", "Time left"]
    assert page.locator(".times dt").all_inner_texts() == names
    assert page.locator(".times dd").nth(3).inner_text().startswith("about ")

    scenario.router.release(job.id)
    page.get_by_text("2 of 2 executions ended").wait_for()
    assert page.locator(".times dd").nth(3).inner_text() == "none"


def settings_of(portal: Visit) -> Page:
    """The page with the settings open."""
    portal.open("jobs.html").get_by_role("button", name="Settings").click()
    return portal.page


EXTRACTABLE = """() => new Promise((resolve) => {
    indexedDB.open("beacon").onsuccess = ({ target }) => {
        target.result.transaction("keys").objectStore("keys").get("signing").onsuccess =
            ({ target }) => resolve(target.result.privateKey.extractable);
    };
})"""


def made_key(portal: Visit) -> tuple[str, bytes]:
    """Make a key in the settings, and return its public part and the file in which it is saved."""
    page = settings_of(portal)
    page.get_by_role("button", name="New key").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save key file").click()
    assert page.evaluate(EXTRACTABLE) is False
    return page.locator("#key-settings code").inner_text(), download.value.path().read_bytes()


def choose_file(page: Page, content: bytes) -> None:
    """Choose a file as the key."""
    page.locator("#key-file").set_input_files({"name": "key.pem", "mimeType": "", "buffer": content})


@pytest.mark.full
def test_key_is_made_saved_once_imported_and_removed(portal: Visit) -> None:
    key, content = made_key(portal)
    page = settings_of(portal)
    assert page.get_by_role("button", name="Save key file").count() == 0
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove it").click()
    page.get_by_text("No key yet").wait_for()

    choose_file(page, b"no key")
    page.get_by_text("has no Ed25519 private key").wait_for()
    choose_file(page, content)
    page.locator("#key-settings code").wait_for()
    portal.submit()
    assert portal.sent()[-1].sent["jobspec"]["public_key"] == key


@pytest.mark.full
def test_two_tabs_keep_each_others_settings_and_key(portal: Visit) -> None:
    first = settings_of(portal)
    second = first.context.new_page()
    second.goto(first.url)
    second.get_by_role("button", name="Settings").click()
    second.locator("#workflow-standard").check()
    second.get_by_role("button", name="Save").click()
    second.locator("dialog").wait_for(state="detached")
    first.locator("#theme-dark").check()
    first.get_by_role("button", name="Save").click()
    second.locator(":root[data-theme=dark]").wait_for()

    kept = first.evaluate("JSON.parse(localStorage.getItem('beacon:settings'))")
    assert kept == {"workflow": "standard", "theme": "dark"}
    make = "async () => { const { signed } = await import('/js/signing.js'); return (await signed({})).public_key }"
    assert first.evaluate(make) == second.evaluate(make)
    second.close()
