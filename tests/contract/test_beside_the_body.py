"""The promises beside the body: preflights, metrics, the log at its default level, and reports of health."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import httpx
import psycopg
import pytest

from beacon.api import JOBS
from beacon.contract import CROSS_ORIGIN, published
from beacon.jobs import QUESTIONS
from beacon.regions import REGIONS
from beacon.router import Answer, Behaviour, Drop, Elsewhere, Empty, Hang, NotJson, Status, Unsuccessful
from beacon.scenario import Scenario
from fixtures.systems import OwnRunner
from gate.core.exchange import Exchange
from gate.core.waiting import wait
from gate.oracles.exposition import Family, read

READY_SECONDS = 1.0
BUSY_SECONDS = 4.0
"""What a busy machine adds."""
WEIGHTS = {
    "gzip;q=0": None,
    "br, gzip; q=0.000": None,
    "*": None,
    "GZIP ;q=0.001": "gzip",
    "br;q=1, gzip;q=0.5": "gzip",
}
"""Encodings that a client accepts, and that of a long answer to it."""
RULES = published().document[CROSS_ORIGIN]


def families(scenario: Scenario) -> dict[str, Family]:
    return read(scenario.client.get("/metrics").text)


def value(scenario: Scenario, name: str, **labels: str) -> float:
    """The value of a series; 0 where there is none yet."""
    series = [each for family in families(scenario).values() for each in family.series if each.name == name]
    return next((each.value for each in series if each.labels == labels), 0.0)


def preflights(scenario: Scenario, origin: str) -> Iterator[Exchange]:
    """Answers to the preflights of a page of an origin, for several operations."""
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, idempotency-key, x-request-id",
    }
    for path in ("/api/v1/jobs", "/api/v1/jobs/cross-region", "/api/v2/jobs/none/bias-analysis", "/health"):
        yield scenario.client.request("OPTIONS", path, headers=asked)


@pytest.mark.parametrize("origin", RULES["examples"]["allowed"])
def test_preflight_of_an_allowed_origin_is_answered(scenario: Scenario, origin: str) -> None:
    assert all(answer.status in {200, 204} for answer in preflights(scenario, origin))


@pytest.mark.parametrize("origin", RULES["examples"]["refused"])
def test_preflight_of_another_origin_allows_it_nothing(scenario: Scenario, origin: str) -> None:
    """The oracles look whether its answer has a header that does."""
    assert all(answer.status in {200, 204} for answer in preflights(scenario, origin))


def test_long_answers_are_compressed_for_clients_that_accept_it(scenario: Scenario) -> None:
    """Sent past the judge, whose client asks for answers as they are."""
    rule, plain = published().document["x-beacon-headers"]["compressed"], {"Accept-Encoding": "identity"}
    job = scenario.submit(scenario.spec(regions=REGIONS, questions=QUESTIONS))
    job.wait("completed")
    with httpx.Client(base_url=scenario.session.client.base_url, trust_env=False) as client:
        for path in (f"{JOBS}/{job.id}/executions/all", "/openapi.json", f"{JOBS}/{job.id}", "/health/live"):
            whole, packed = client.get(path, headers=plain), client.get(path, headers={"Accept-Encoding": "br, gzip"})
            assert (packed.status_code, packed.content) == (200, whole.content)
            long = len(whole.content) >= rule["from"]
            assert "content-encoding" not in whole.headers
            assert packed.headers.get("content-encoding") == (rule["encoding"] if long else None), path
            assert packed.num_bytes_downloaded < len(whole.content) or not long
            varies = {name.strip().lower() for name in packed.headers.get("vary", "").split(",")}
            assert varies == ({"origin", "accept-encoding"} if long else {"origin"})


def test_client_that_gives_compression_no_weight_gets_the_answer_as_it_is(scenario: Scenario) -> None:
    """Sent past the judge, too."""
    with httpx.Client(base_url=scenario.session.client.base_url, trust_env=False) as client:
        for accepted, encoding in WEIGHTS.items():
            answer = client.get("/openapi.json", headers={"Accept-Encoding": accepted})
            assert answer.headers.get("content-encoding") == encoding, accepted


def test_metrics_follow_a_job_that_runs_and_are_back_when_it_has_ended(scenario: Scenario) -> None:
    before = value(scenario, "beacon_executions", status="completed")
    spec = scenario.spec(regions=["US"])
    scenario.router.on(Hang(), job=spec["id"])
    job = scenario.submit(spec)
    scenario.router.wait_for_calls(1, job=job.id)
    assert [value(scenario, f"beacon_queue_{name}") for name in ("depth", "oldest_seconds")] == [1, 0]
    assert value(scenario, "beacon_executions", status="running") == len(job.executions())
    (queue,) = (each for each in scenario.client.get("/health").json["services"] if each["name"] == "queue")
    assert queue["detail"] == "1 jobs queued or running"
    scenario.router.release(job.id)
    job.wait("completed")

    wait("an empty queue", lambda: value(scenario, "beacon_queue_depth"), until=lambda depth: depth == 0, kind="ready")
    assert value(scenario, "beacon_executions", status="running") == 0
    assert value(scenario, "beacon_executions", status="completed") > before


OUTCOMES: dict[str, Behaviour] = {
    "answer": Answer(),
    "http": Status(500),
    "network": Drop(),
    "invalid_response": NotJson(),
    "router": Unsuccessful(),
    "empty_response": Empty(),
    "region_mismatch": Elsewhere("us-east"),
    "cancelled": Hang(),
}


def counts(scenario: Scenario, name: str) -> dict[str, float]:
    """The value of a series for each outcome."""
    return {outcome: value(scenario, name, outcome=outcome) for outcome in OUTCOMES}


def test_router_calls_are_counted_by_their_outcome(own_runner: OwnRunner) -> None:
    """A model for each outcome, asked once; and the waits of this work are not those of requests."""
    scenario, name = own_runner(), "beacon_router_call_duration_seconds_count"
    spec = scenario.spec(regions=["EU"], models=[*OUTCOMES])
    scenario.router.models(None)
    for model, behaviour in OUTCOMES.items():
        scenario.router.on(behaviour, job=spec["id"], model=model)
    job = scenario.submit(spec)
    wait("all but one", job.rows, until=lambda rows: sum(row["completed_at"] is None for row in rows.executions) == 1)
    job.cancel()
    counted = partial(counts, scenario, name)
    wait("each outcome once", counted, until=lambda numbers: numbers == dict.fromkeys(OUTCOMES, 1), kind="ready")
    assert all(value(scenario, "beacon_database_wait_seconds_count", use=use) for use in ("requests", "work"))


def test_every_request_is_in_the_log_at_its_default_level(own_runner: OwnRunner) -> None:
    scenario = own_runner()
    sent = scenario.client.get("/api/v1/questions").request_id
    wait("its line", scenario.session.system.log, until=lambda lines: any(sent in line for line in lines), kind="ready")


def test_waiting_job_makes_the_queue_old(own_runner: OwnRunner) -> None:
    """Its executions are more than any page has, and it is shown with all of them, and listed with all models."""
    scenario = own_runner(RUNNER_EMBEDDED_WORKER="false")
    models = [f"model-{number}" for number in range(11)]
    job = scenario.submit(scenario.spec(regions=REGIONS, models=models, questions=QUESTIONS))
    assert len(job.executions()) == len(REGIONS) * len(models) * len(QUESTIONS) > 200
    assert scenario.client.get(JOBS).json["jobs"][0]["models"] == sorted(models)
    wait("its age", lambda: value(scenario, "beacon_queue_oldest_seconds"), until=lambda age: age > 0.2, kind="ready")
    assert value(scenario, "beacon_queue_depth") == 1


@contextmanager
def renamed(scenario: Scenario, table: str) -> Iterator[None]:
    with psycopg.connect(scenario.database.url, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO away".encode())
        try:
            yield
        finally:
            connection.execute(f"ALTER TABLE away RENAME TO {table}".encode())


@pytest.mark.parametrize("table", ["schema_migrations", "pgqueuer"])
def test_runner_on_a_database_that_lacks_a_migration_is_not_ready(own_runner: OwnRunner, table: str) -> None:
    scenario = own_runner(RUNNER_EMBEDDED_WORKER="false")
    with renamed(scenario, table):
        answer = scenario.client.get("/health/ready")
        assert (answer.status, answer.json["ready"]) == (503, False)
        assert scenario.client.get("/health/live").status == 200
    assert scenario.client.get("/health/ready").status == 200


def test_runner_without_its_router_is_ready_and_degraded(own_runner: OwnRunner) -> None:
    scenario = own_runner(ROUTER_URL="http://127.0.0.1:9")
    assert scenario.client.get("/health").json["status"] == "degraded"
    assert scenario.client.get("/health/ready").json["ready"] is True


def test_router_that_answers_with_an_error_is_degraded(scenario: Scenario) -> None:
    scenario.router.health_status(503)
    assert scenario.client.get("/health").json["status"] == "degraded"
    scenario.router.health_status(201)
    health = scenario.client.get("/health").json
    assert (health["status"], health["version"]) == (
        "healthy",
        scenario.client.get("/openapi.json").json["info"]["version"],
    )


def test_router_that_never_answers_is_waited_for_no_longer_than_a_second(scenario: Scenario) -> None:
    scenario.router.health_status(None)
    for path in ("/health", "/health/ready"):
        answer = scenario.client.get(path)
        assert answer.status == 200
        assert answer.elapsed < READY_SECONDS + BUSY_SECONDS
        assert {"name": "router", "status": "degraded", "detail": "does not answer"} in answer.json["services"]


def test_internal_error_is_readable_for_the_page_that_caused_it(own_runner: OwnRunner) -> None:
    """Sent past the judge, for which each 500 is a finding."""
    scenario, origin = own_runner(RUNNER_EMBEDDED_WORKER="false"), RULES["examples"]["allowed"][0]
    with renamed(scenario, "executions"):
        url = f"{scenario.session.client.base_url}/api/v1/executions"
        answer = httpx.get(url, headers={"Origin": origin}, trust_env=False)
    assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (500, origin)
    assert answer.headers.get("cache-control") == "no-store"
    assert answer.headers.get("x-content-type-options") == "nosniff"
