"""The consumer contract holds exactly the calls and reads of the portal."""

from __future__ import annotations

import pytest

from beacon.contract import published
from beacon.options import BeaconSettings
from fixtures.portal.pact import RECORDED, Recording, difference
from fixtures.portal.states import STATES, TO_CANCEL, arrange
from fixtures.portal.visit import EXAMPLE_ID, Call, Visit

FILTERS = {"status": "completed", "workflow": "cross-region", "from": "2001-01-01", "to": "9999-12-31"}
"""Filters of the jobs list, all of which hold for the first job."""


def record_states(recording: Recording, portal: Visit) -> None:
    """Record what the portal calls and reads in each state of a job, and once of the list of jobs."""
    listed = None
    for state, params in STATES.items():
        job = arrange(portal.scenario, params, f"{portal.scenario.new_id()}-")  # no other id begins with it
        job_id = job.id if job else portal.scenario.new_id()
        recording.name(job_id, params["id"])
        portal.look_at(job_id)
        if job and not listed:
            portal.export(job_id)
        if job and not listed:
            listed = portal.list_jobs(q=job_id, **FILTERS)
        recording.add(portal.take(), state, params)


def record_submissions(recording: Recording, portal: Visit) -> None:
    """Record a submission through each workflow, and a refused one."""
    for workflow in ("standard", "cross-region"):
        recording.name(portal.submit(workflow=workflow), EXAMPLE_ID)
    page = portal.choose(["US"])
    page.locator("#regions-US").evaluate("box => { box.value = 'MARS' }")
    portal.send()
    page.locator("#outcome .problem").wait_for()
    recording.add(posts(portal), None, {})


def record_actions(recording: Recording, portal: Visit) -> None:
    """Record a cancellation, and a job of each workflow that is run again."""
    job = arrange(portal.scenario, TO_CANCEL, portal.scenario.new_id())
    assert job
    recording.name(job.id, TO_CANCEL["id"])
    portal.cancel(job.id)
    recording.add(posts(portal), "a job that is to be cancelled", TO_CANCEL)
    for workflow in ("standard", "cross-region"):
        first = portal.submit(workflow=workflow)
        portal.scenario.adopt(first).wait("completed")
        portal.take()
        recording.name(portal.repeat(first), EXAMPLE_ID)
        recording.add(posts(portal), "a job that is run again", {})


def posts(portal: Visit) -> list[Call]:
    """The calls since the last time that may change something."""
    return [call for call in portal.take() if call.exchange.method == "POST"]


@pytest.mark.full
def test_recorded_contract_is_what_the_portal_does(portal: Visit, settings: BeaconSettings) -> None:
    recording = Recording(published())
    record_states(recording, portal)
    record_submissions(recording, portal)
    record_actions(recording, portal)

    text = recording.text()
    if settings.record_portal:
        RECORDED.write_text(text, encoding="utf-8")
    different = difference(RECORDED.read_text(encoding="utf-8"), text)
    assert not different, f"{different}\nTo record it again: ./scripts/test tests/portal --depth full --record-portal"
