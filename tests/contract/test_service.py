"""The service as the contract describes it: every route is there, and every error has the one shape."""

from __future__ import annotations

import re
from typing import Any

import httpx
import psycopg
import pytest

from beacon.api import CROSS_REGION_JOBS, JOBS
from beacon.contract import PATH as PUBLISHED
from beacon.contract import published
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD
from fixtures.systems import OwnRunner
from gate.core.exchange import Exchange

OPERATIONS = published().operations


@pytest.mark.smoke
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_every_documented_operation_is_routed(scenario: Scenario, operation: Any) -> None:
    path = operation.path.replace("{id}", "0")
    while "{" in path:
        path = f"{path[: path.index('{')]}0{path[path.index('}') + 1 :]}"
    body: dict[str, Any] | None = {} if operation.method == "POST" and "requestBody" in operation.document else None
    answer = scenario.client.request(operation.method, path, body=body)

    assert answer.status < 500
    assert answer.error_code not in {"not_found", "method_not_allowed"}
    assert answer.status == 200 or answer.error_code


@pytest.mark.smoke
def test_health_lists_each_service(scenario: Scenario) -> None:
    health = scenario.client.get("/health")

    assert (health.status, health.json["status"]) == (200, "healthy")
    assert {service["name"] for service in health.json["services"]} == {"database", "queue", "router"}
    assert scenario.client.get("/health/ready").json["ready"] is True


def test_metrics_are_counted(scenario: Scenario) -> None:
    scenario.finished()
    text = scenario.client.get("/metrics").body.decode()
    assert "# TYPE" in text
    assert "process_resident_memory_bytes" in text or "_total" in text


def test_internal_error_is_answered_without_its_details(own_runner: OwnRunner) -> None:
    """Sent past the judge, for which each 500 is a finding."""
    scenario = own_runner()
    with psycopg.connect(scenario.database.url) as connection:
        connection.execute("ALTER TABLE executions RENAME TO away")
    answer = httpx.get(f"{scenario.session.client.base_url}/api/v1/executions", trust_env=False)
    with psycopg.connect(scenario.database.url) as connection:
        connection.execute("ALTER TABLE away RENAME TO executions")

    assert (answer.status_code, answer.json()["error_code"]) == (500, "internal_error")
    assert answer.json()["request_id"] == answer.headers.get("x-request-id")
    assert not re.search("executions|relation|psycopg|Traceback", answer.text)


def test_published_contract_is_served_as_it_is_published(scenario: Scenario) -> None:
    assert scenario.client.get("/openapi.yaml").body.decode() == PUBLISHED.read_text(encoding="utf-8")


def test_request_id_is_echoed_logged_and_made_where_it_is_missing(scenario: Scenario) -> None:
    sent = scenario.new_id()
    echoed = scenario.client.request("GET", "/api/v1/jobs/none", headers={"X-Request-ID": sent})
    generated = scenario.client.get("/api/v1/jobs/none")
    strange = scenario.client.request("GET", "/api/v1/jobs/none", headers={"X-Request-ID": "a b"})

    assert echoed.json["request_id"] == echoed.headers.get("x-request-id") == sent
    assert generated.json["request_id"] == generated.headers.get("x-request-id") != ""
    assert strange.headers.get("x-request-id", "a b") != "a b"


def unfit(scenario: Scenario, path: str, number: int, before: str = "") -> Exchange:
    """The answer to a submission with every fault that its head can have, in the name of another client.

    A proxy puts the client's address behind what it was sent, ``before``.
    """
    forwarded = f"{before}192.0.2.{number}"
    headers = {"content-type": "text/plain", "idempotency-key": "x" * 256, "x-forwarded-for": forwarded}
    return scenario.client.request("POST", path, content=b"{", headers=headers)


@pytest.mark.parametrize(("rule", "window"), [("3/minute", 60), ("100/minute;3/hour", 3600)])
def test_too_many_submissions_are_refused_with_when_to_come_back(own_runner: OwnRunner, rule: str, window: int) -> None:
    """Each submission of a client counts, by either path and whatever is wrong with it."""
    scenario = own_runner(RUNNER_RATE_LIMIT=rule)
    counted = unfit(scenario, JOBS, 1)
    jobs = [scenario.submit(scenario.spec(), workflow) for workflow in (STANDARD, CROSS_REGION)]
    answers = [unfit(scenario, path, number) for number, path in enumerate((JOBS, CROSS_REGION_JOBS), 2)]

    assert (counted.status, counted.error_code) == (400, "invalid_parameter")
    assert [(answer.status, answer.error_code) for answer in answers] == [(429, "rate_limit_exceeded")] * 2
    assert all(window / 2 < int(answer.headers.get("retry-after", 0)) <= window for answer in answers)
    assert {answer.headers.get("x-ratelimit-limit") for answer in answers} == {"3"}
    for job in jobs:
        job.wait("completed")


def test_client_is_the_one_that_a_trusted_proxy_names(own_runner: OwnRunner) -> None:
    scenario = own_runner(RUNNER_RATE_LIMIT="1/minute", RUNNER_TRUSTED_PROXIES="127.0.0.1")
    assert [unfit(scenario, JOBS, number).status for number in (1, 2, 1)] == [400, 400, 429]
    assert unfit(scenario, JOBS, 2, before="198.51.100.1, ").status == 429
