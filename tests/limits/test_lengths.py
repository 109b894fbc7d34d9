"""Long values are taken whole: two that differ at their end alone are two."""

from __future__ import annotations

from beacon.jobs import sign, wrap
from beacon.scenario import Scenario
from beacon.states import STANDARD
from gate.core.exchange import Exchange

ASTRAL = "\U0001f600"


def keyed(scenario: Scenario, workflow: str, key: str) -> Exchange:
    """The answer to a submission of a new job under a key."""
    spec = scenario.spec(regions=["US"])
    body = spec if workflow == STANDARD else wrap(spec)
    send = scenario.client.submit if workflow == STANDARD else scenario.client.submit_cross_region
    return send(body, idempotency_key=key)


def test_ids_that_differ_at_the_end_alone_are_two_jobs(scenario: Scenario, workflow: str) -> None:
    start = scenario.new_id().ljust(99, "-")
    jobs = [scenario.submit({**scenario.spec(regions=["US"]), "id": start + end}, workflow) for end in "aA_-"]

    for job in jobs:
        assert job.wait("completed").view().json["job"]["id"] == job.id
        assert {execution["job_id"] for execution in job.executions()} == {job.id}
    again = scenario.send({**scenario.spec(), "id": jobs[0].id}, workflow)
    assert (again.status, again.error_code) == (409, "duplicate_job")


def test_keys_that_differ_at_the_end_alone_are_two_keys(scenario: Scenario, workflow: str) -> None:
    start = scenario.new_id() + " %_\\'\";--"
    keys = [start.ljust(254, "~") + end for end in "aA!"] + [start, start.upper()]
    jobs = [scenario.accepted(keyed(scenario, workflow, key)) for key in keys]

    assert len({job.id for job in jobs}) == len(keys)
    for job in jobs:
        job.wait("completed")
    answer = keyed(scenario, workflow, keys[0])
    assert (answer.status, answer.error_code) == (422, "idempotency_key_reuse")


def test_nonces_that_differ_at_the_end_alone_are_two_nonces(scenario: Scenario, workflow: str) -> None:
    start = (scenario.new_id() + ASTRAL).ljust(254, "\u5929")
    specs = [sign(scenario.spec(regions=["US"]), nonce=start + end) for end in ("a", "A", ASTRAL, "\n")]
    for spec in specs:
        scenario.submit(spec, workflow).wait("completed")

    again = scenario.send(sign(scenario.spec(), nonce=f"{start}a"), workflow)
    assert (again.status, again.error_code) == (400, "replay_detected")
    longer = scenario.send(sign(scenario.spec(), nonce=f"{start}ab"), workflow)
    assert (longer.status, longer.error_code) == (400, "invalid_field:nonce")


ECHOED = ("a", "A-z_0.9", "x" * 128)
REPLACED = ("", "x" * 129, "a b", "a%", "caf\u00e9", "a,b", "a\tb", "a/b")


def test_request_id_is_echoed_or_replaced_whole(scenario: Scenario) -> None:
    for given in ECHOED:
        answer = scenario.client.request("GET", "/api/v1/nowhere", headers={"x-request-id": given})
        assert answer.headers.get("x-request-id") == answer.json["request_id"] == given
    for given in REPLACED:
        answer = scenario.client.request("GET", "/api/v1/nowhere", headers={"x-request-id": given.encode("latin-1")})
        assert answer.headers.get("x-request-id") == answer.json["request_id"]
        assert len(answer.json["request_id"]) == 36
