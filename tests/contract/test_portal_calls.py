"""The recorded calls and reads of the portal are in the published contract, and the runner answers them."""

from __future__ import annotations

import pytest

from beacon.contract import published
from beacon.oracles.portal import check
from beacon.scenario import Scenario
from fixtures.portal import verification as live
from fixtures.portal.pact import RECORDED
from fixtures.portal.states import arrange
from gate.contract.pact import load
from gate.core.findings import must
from gate.core.waiting import deadline


@pytest.mark.smoke
def test_portal_relies_on_the_published_contract_alone() -> None:
    must(check(load(RECORDED), published()))


@pytest.mark.criterion("rollout.development", "criterion.submit", "note.better-messages")
def test_runner_answers_the_portal_as_recorded(scenario: Scenario) -> None:
    pact = live.renewed(load(RECORDED), lambda: f"{scenario.new_id()}-")  # no id begins with another
    for job_id, state in live.states(pact).items():
        arrange(scenario, state, job_id)
    findings = live.verify(pact, scenario.session.system.base_url, deadline("step"))

    must(findings)
    scenario.router.release()
    for job_id in live.submitted(pact):
        scenario.adopt(job_id).wait("completed")
