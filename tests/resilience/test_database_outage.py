"""Without its database the service says so on every operation that needs it, and recovers by itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from beacon.contract import published
from beacon.jobs import wrap
from beacon.router import Call, Hang
from beacon.scenario import Job, Scenario
from beacon.states import CROSS_REGION, STANDARD
from fixtures.systems import OwnRunner
from gate.contract.nodes import Operation
from gate.core.waiting import wait

NEEDING = [operation for operation in published().operations if "503" in operation.document["responses"]]
READING = [operation for operation in NEEDING if operation.method == "GET"]
NAMES = [operation.id for operation in NEEDING]
REPORTS = {"getHealth", "getReadiness"}
"""Operations whose 503 is a report, not an error."""


@contextmanager
def outage(scenario: Scenario) -> Iterator[None]:
    """Disconnect the runner from its database and refuse connections; our own stays."""
    parts = urlsplit(scenario.database.url)
    name = sql.Identifier(parts.path.removeprefix("/"))
    ours = scenario.database.connection.info.backend_pid
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
            (parts.path.removeprefix("/"), ours),
        )
        try:
            yield
        finally:
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


def call(scenario: Scenario, operation: Operation) -> tuple[int, str]:
    path = operation.path
    for name, value in {"{id}": "1", "{job_id}": "1", "{execution_id}": "1", "{region}": "US"}.items():
        path = path.replace(name, value)
    while "{" in path:
        path = f"{path[: path.index('{')]}00000000-0000-4000-8000-000000000000{path[path.index('}') + 1 :]}"
    spec = scenario.spec()
    bodies = {"submitJob": spec, "submitCrossRegionJob": wrap(spec)}
    answer = scenario.client.request(operation.method, path, body=bodies.get(operation.id))
    return answer.status, "" if operation.id in REPORTS else answer.error_code


def at_once(scenario: Scenario, operations: list[Operation]) -> list[tuple[int, str]]:
    """The answers to calls that are all sent at the same time."""
    with ThreadPoolExecutor(len(operations)) as pool:
        return list(pool.map(partial(call, scenario), operations))


@pytest.mark.criterion("automated.error-cases")
def test_every_operation_says_that_the_database_is_away_and_recovers(own_runner: OwnRunner) -> None:
    scenario = own_runner()
    with outage(scenario):
        answers = dict(zip(NAMES, at_once(scenario, NEEDING), strict=True))
        assert scenario.client.get("/health/live").status == 200
        assert gauges_of_the_database(scenario) == {"beacon_queue_depth": "NaN", "beacon_database_up": "0.0"}
    expected = {name: (503, "" if name in REPORTS else "persistence_unavailable") for name in NAMES}
    assert answers == expected

    wait(
        "recovery",
        lambda: scenario.client.get("/health/ready").status,
        until=lambda status: status == 200,
        kind="ready",
    )
    assert 503 not in {status for status, _ in at_once(scenario, READING)}
    scenario.finished()


def read_only(scenario: Scenario, state: str) -> None:
    """Set whether new sessions of the database may write, and end those that there are."""
    parts = urlsplit(scenario.database.url)
    name = parts.path.removeprefix("/")
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as admin:
        admin.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(
                sql.Identifier(name), sql.Literal(state)
            )
        )
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
            (name, scenario.database.connection.info.backend_pid),
        )


def test_database_that_takes_no_writes_is_said_to_be_away(own_runner: OwnRunner) -> None:
    scenario = own_runner()
    read_only(scenario, "on")
    wait("the refusal", lambda: scenario.send(scenario.spec()), until=lambda answer: answer.status == 503)
    refused = [scenario.send(scenario.spec()) for _ in range(3)]  # the first may be of a connection that was ended
    assert [(answer.status, answer.error_code) for answer in refused] == [(503, "persistence_unavailable")] * 3
    assert scenario.client.get("/health/ready").status == 503

    read_only(scenario, "off")
    ready = partial(scenario.client.get, "/health/ready")
    wait("recovery", ready, until=lambda answer: answer.status == 200, kind="ready")
    scenario.finished()


def gauges_of_the_database(scenario: Scenario) -> dict[str, str]:
    """The values of the gauges that the database gives, and of the one that says whether it answers."""
    lines = scenario.client.get("/metrics").text.splitlines()
    names = ("beacon_queue_depth", "beacon_executions", "beacon_database_up")
    return dict(line.split(" ") for line in lines if line.startswith(names))


def connected(scenario: Scenario) -> set[str]:
    """The names of the runner's connections to the database."""
    query = (
        "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    return {row["application_name"] for row in scenario.database.query(query)}


def release(scenario: Scenario, job: Job) -> None:
    """Let the router answer the calls of a job, and wait until it has."""
    scenario.router.release(job.id)
    wait("the answers", partial(unanswered, scenario), until=lambda calls: not calls, kind="ready")


@pytest.mark.parametrize(("workflow", "answered"), [(STANDARD, "when it is back"), (CROSS_REGION, "while it is away")])
def test_job_under_way_survives_that_all_connections_are_cut(
    own_runner: OwnRunner, workflow: str, answered: str
) -> None:
    scenario = own_runner()
    spec = scenario.spec(regions=["US", "EU"])
    scenario.router.on(Hang(), job=spec["id"])
    job = scenario.submit(spec, workflow)
    scenario.router.wait_for_calls(2, job=job.id)
    before = connected(scenario)
    with outage(scenario):
        assert scenario.client.get("/health/ready").status == 503
        if answered == "while it is away":
            release(scenario, job)
    wait("its connections", partial(connected, scenario), until=lambda names: names >= before, kind="ready")

    if answered == "when it is back":
        assert job.view().json["status"] == "running"
        scenario.router.release(job.id)
    job.wait("completed")


def unanswered(scenario: Scenario) -> list[Call]:
    """Calls that the router has not answered yet."""
    return [call for call in scenario.router.calls() if call.waiting]
