"""A request that is sent again under its Idempotency-Key creates nothing new, on either workflow."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from beacon.jobs import QUESTIONS, wrap
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD

PATHS = {STANDARD: "/api/v1/jobs", CROSS_REGION: "/api/v1/jobs/cross-region"}


def test_same_key_and_body_gives_the_first_answer_again(scenario: Scenario, workflow: str) -> None:
    spec = scenario.spec()
    body = spec if workflow == STANDARD else wrap(spec)
    first = scenario.client.post(PATHS[workflow], body, idempotency_key=spec["id"])
    job = scenario.accepted(first).wait("completed")
    before = job.rows()
    again = scenario.client.post(f"{PATHS[workflow]}?unknown=parameter", body, idempotency_key=spec["id"])

    assert (again.status, again.json) == (200, {**first.json, "idempotent": True})
    assert job.rows() == before


def test_same_key_with_another_body_is_refused(scenario: Scenario, workflow: str) -> None:
    spec, other = scenario.spec(), scenario.spec(questions=QUESTIONS[1:2])
    bodies = [each if workflow == STANDARD else wrap(each) for each in (spec, other)]
    scenario.accepted(scenario.client.post(PATHS[workflow], bodies[0], idempotency_key=spec["id"])).wait()
    answer = scenario.client.post(PATHS[workflow], bodies[1], idempotency_key=spec["id"])

    assert (answer.status, answer.error_code) == (422, "idempotency_key_reuse")
    assert not any(scenario.rows(other["id"]).counts().values())


def test_key_of_one_workflow_is_not_for_the_other(scenario: Scenario) -> None:
    spec = scenario.spec()
    scenario.accepted(scenario.client.submit(spec, idempotency_key=spec["id"])).wait()
    answer = scenario.client.submit_cross_region(wrap(spec), idempotency_key=spec["id"])

    assert (answer.status, answer.error_code) == (422, "idempotency_key_reuse")


def test_keys_that_differ_in_case_or_at_their_end_are_two(scenario: Scenario, workflow: str) -> None:
    start = scenario.new_id().ljust(254, "x")
    for key in (f"{start}a", f"{start}A", f"{start}b"):
        spec = scenario.spec()
        body = spec if workflow == STANDARD else wrap(spec)
        scenario.accepted(scenario.client.post(PATHS[workflow], body, idempotency_key=key))


def test_body_in_another_spelling_is_the_same_body(scenario: Scenario, workflow: str) -> None:
    spec = scenario.spec()
    other = {**dict(reversed(spec.items())), "constraints": {**spec["constraints"], "min_regions": 1.0}}
    spec["constraints"]["min_regions"] = 1
    bodies = [each if workflow == STANDARD else wrap(each) for each in (spec, other)]
    first, again = (scenario.client.post(PATHS[workflow], body, idempotency_key=spec["id"]) for body in bodies)

    assert (first.status, again.status, again.json) == (202, 200, {**first.json, "idempotent": True})
    assert again.headers.get("location") == first.headers.get("location", "a place to look")


def test_eight_at_once_create_one_job(scenario: Scenario, workflow: str) -> None:
    spec = scenario.spec()
    body = spec if workflow == STANDARD else wrap(spec)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: scenario.client.post(PATHS[workflow], body, idempotency_key=spec["id"]), range(8))
        )

    assert sorted(answer.status for answer in answers) == [200] * 7 + [202]
    accepted = next(answer for answer in answers if answer.status == 202)
    job = scenario.accepted(accepted).wait("completed")
    assert len(job.rows().executions) == 2
    assert len(scenario.router.calls(job.id)) == 2


UNUSABLE: dict[str, tuple[str, ...]] = {
    "empty": ("",),
    "too long": ("x" * 256,),
    "not ASCII": ("caf\u00e9",),
    "two": ("x" * 200, "y" * 200),
}
"""Keys of a request, each in a header of its own; the two make one that is too long where they are joined."""


@pytest.mark.parametrize("keys", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_key_is_refused(scenario: Scenario, workflow: str, keys: tuple[str, ...]) -> None:
    spec = scenario.spec()
    body = spec if workflow == STANDARD else wrap(spec)
    names = ("Idempotency-Key", "idempotency-key")
    headers = {name: key.encode("latin-1") for name, key in zip(names, keys, strict=False)}
    answer = scenario.client.request("POST", PATHS[workflow], body=body, headers=headers)

    assert (answer.status, answer.error_code) == (400, "invalid_parameter")
    assert not any(scenario.rows(spec["id"]).counts().values())
