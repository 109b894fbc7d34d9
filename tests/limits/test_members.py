"""Values at every limit of the contract are accepted and kept; those beyond it, and other spellings, are refused."""

from __future__ import annotations

import re
from typing import Any

from beacon.boundaries import Boundaries, Case, full_spec
from beacon.jobs import NUMBERS, wrap
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD
from gate.core.exchange import Exchange
from gate.core.pointer import resolve
from gate.core.settings import Settings

OPERATIONS = {STANDARD: "submitJob", CROSS_REGION: "submitCrossRegionJob"}
SPEC = {STANDARD: "", CROSS_REGION: "/job_spec"}


def full(scenario: Scenario, workflow: str) -> Any:
    """A body with every member that the operation takes."""
    spec = full_spec(scenario.new_id())
    return spec if workflow == STANDARD else wrap(spec, min_regions=1, min_success_rate=0.5, enable_analysis=True)


def post(scenario: Scenario, workflow: str, body: Any, **headers: str) -> Exchange:
    send = scenario.client.submit if workflow == STANDARD else scenario.client.submit_cross_region
    return send(body, **headers)


def wrong(case: Case, answer: Exchange) -> bool:
    """Return whether the answer to an invalid body is not a refusal that names the place."""
    if (answer.status, answer.error_code) != (400, "validation_error"):
        return True
    places = [error["pointer"] for error in answer.json["details"]["errors"]]
    named = re.split(r"/[0-9]", case.pointer)[0]  # the refusal of an entry may name its list
    return not any(place.startswith(named) or place == "" for place in places)


def cases_of(boundaries: Boundaries, body: Any, workflow: str, settings: Settings) -> list[Case]:
    """The cases of a workflow: all of them at full; else one workflow has one half, the other workflow the other."""
    half = list(OPERATIONS).index(workflow)
    cases = boundaries.cases(body, SPEC[workflow])
    return [case for case in cases if settings.depth == "full" or case.part % 2 == half]


def test_values_beyond_a_limit_are_refused_with_the_place(
    scenario: Scenario, workflow: str, settings: Settings
) -> None:
    boundaries = Boundaries(scenario.session.contract, OPERATIONS[workflow])
    invalid = [c for c in cases_of(boundaries, full(scenario, workflow), workflow, settings) if not c.valid]

    answers = [(case, post(scenario, workflow, case.body)) for case in invalid]
    assert [f"{case}: {answer}" for case, answer in answers if wrong(case, answer)] == []
    assert len(answers) > 100


def test_body_that_differs_in_any_place_is_not_that_of_its_key(scenario: Scenario, workflow: str) -> None:
    boundaries = Boundaries(scenario.session.contract, OPERATIONS[workflow])
    body, key = full(scenario, workflow), scenario.new_id()
    spec = resolve(body, SPEC[workflow])
    spec["flags"] = {"set": True, "none": None}
    if workflow == STANDARD:
        del spec["metadata"][NUMBERS]  # which have no canonical form
    job = scenario.accepted(post(scenario, workflow, body, idempotency_key=key))

    others = list(boundaries.others(body))
    answers = [(case, post(scenario, workflow, case.body, idempotency_key=key)) for case in others]
    assert [f"{case}: {answer}" for case, answer in answers if answer.error_code != "idempotency_key_reuse"] == []
    assert len(others) > 40
    job.wait()


def test_values_at_a_limit_are_accepted_and_kept(scenario: Scenario, workflow: str, settings: Settings) -> None:
    boundaries = Boundaries(scenario.session.contract, OPERATIONS[workflow])
    body = full(scenario, workflow)
    valid = [c for c in cases_of(boundaries, body, workflow, settings) if c.valid and not c.pointer.endswith("id")]

    jobs = []
    for merged in boundaries.together(body, valid):
        resolve(merged, SPEC[workflow])["id"] = scenario.new_id()
        jobs.append(scenario.accepted(post(scenario, workflow, merged)))
    for job in jobs:
        job.wait()
