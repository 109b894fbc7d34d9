"""A request that reads writes nothing: no row, no time of a last look, no number of a sequence."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from beacon.api import EXECUTIONS
from beacon.contract import published
from beacon.regions import REGIONS
from beacon.router import Hang
from beacon.scenario import Job, Scenario
from beacon.states import STANDARD
from gate.core.exchange import Exchange
from gate.core.findings import must
from gate.core.waiting import wait
from gate.oracles.unchanged import GET, findings

NEXT = 9
"""Numbers of executions that are asked for in advance."""
METHODS = ("GET", "HEAD", "OPTIONS")
ELSEWHERE = ("/", "/api/v1/nowhere", "/api/v1/jobs/no-such-job", "/api/v2/jobs/no-such-job/bias-analysis")
"""Paths of no operation, or of no job."""
QUERIES = ("", "?include=executions&exec_limit=1", "?limit=1&offset=1", "?status=completed")
PREFLIGHT = {"origin": "http://localhost:3000", "access-control-request-method": "POST"}


def paths(job: Job) -> Iterator[str]:
    """The path of every operation of the contract for a job, and others."""
    rows = job.rows()
    values = {
        "{job_id}": job.id,
        "{execution_id}": str(rows.executions[0]["id"]),
        "{cross_region_execution_id}": str(rows.run["id"] if rows.run else ""),
        "{region}": "EU",
    }
    for template in dict.fromkeys(operation.path for operation in published().operations):
        path = template
        for name, value in values.items():
            path = path.replace(name, value)
        if "//" not in path:  # a standard job has no run
            yield path
    yield from ELSEWHERE


def test_execution_that_was_missing_is_shown_once_it_is_there(scenario: Scenario) -> None:
    """Its number is asked for before it is given away."""
    newest = scenario.finished().executions()[-1]["id"]
    for number in range(newest + 1, newest + NEXT):
        scenario.client.get(f"{EXECUTIONS}/{number}/details")
    executions = scenario.finished().executions()
    answers = [scenario.client.get(f"{EXECUTIONS}/{execution['id']}/details") for execution in executions]
    assert [answer.status for answer in answers] == [200] * len(executions)


def read(scenario: Scenario, job: Job, *, at_work: bool) -> None:
    """Sends every reading request; BrokenPromise where one of them wrote."""
    watch = scenario.session.watch
    assert watch
    asked = [(method, path) for path in paths(job) for method in METHODS]
    asked += [("GET", path + query) for path in paths(job) for query in QUERIES[1:]]

    def send(method: str, path: str) -> Exchange:
        return scenario.client.request(method, path, headers=PREFLIGHT if method == "OPTIONS" else None)

    must(findings(GET, watch.by_reading([partial(send, *request) for request in asked], at_work=at_work)))


@pytest.mark.smoke
def test_reading_an_ended_job_writes_nothing(scenario: Scenario, workflow: str) -> None:
    job = scenario.finished(regions=REGIONS, workflow=workflow)
    watch = scenario.session.watch
    assert watch
    wait("an idle service", watch.state_before_reading, until=lambda state: state is not None)

    read(scenario, job, at_work=False)


@pytest.mark.smoke
def test_reading_a_job_that_runs_writes_nothing(scenario: Scenario) -> None:
    """Its calls hang, so that the runner itself writes to its queue alone."""
    specs = [scenario.spec() for _ in range(2)]
    for spec in specs:
        scenario.router.on(Hang(), job=spec["id"])
    job, other = scenario.submit(specs[0]), scenario.submit(specs[1], STANDARD)
    for each in (job, other):
        wait("its calls", each.rows, until=lambda rows: {row["status"] for row in rows.executions} == {"running"})

    read(scenario, job, at_work=True)
    scenario.router.release()
    for each in (job, other):
        each.wait("completed")
