"""A job is run by one worker: one that is slow keeps it, one that has died loses it, and nothing is run twice."""

from __future__ import annotations

from functools import partial
from typing import LiteralString

import psycopg
import pytest

from beacon.jobs import QUESTIONS
from beacon.router import Answer, Hang
from beacon.scenario import Job, Scenario
from beacon.states import CROSS_REGION, STANDARD
from fixtures.races import ROOM, Pair
from gate.core.waiting import wait

LATE: LiteralString = "UPDATE pgqueuer SET heartbeat = now() - interval '1 hour' WHERE status = 'picked'"
"""Makes the worker of every job that is run look dead."""
TAKEN: LiteralString = "SELECT queue_manager_id::text AS worker, attempts FROM pgqueuer"
"""The workers that have jobs, and how often each job was given back."""
LOCKING: LiteralString = """
SELECT pid FROM pg_locks
WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
OPEN: LiteralString = """
SELECT count(*) FILTER (WHERE state LIKE 'idle in transaction%%') AS transactions,
    (SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
     WHERE l.locktype = 'advisory' AND d.datname = current_database()) AS locks
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def locking(scenario: Scenario) -> list[int]:
    """The server processes that hold the locks of jobs, once for each lock."""
    return [row["pid"] for row in scenario.database.query(LOCKING)]


def cut_locks(scenario: Scenario, connection: psycopg.Connection[tuple[str, int]]) -> None:
    """End the connections that hold locks; wait until each lock is held by another one."""
    before = locking(scenario)
    connection.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", (before,))
    wait(
        "the locks, on other connections",
        partial(locking, scenario),
        until=lambda held: len(held) == len(before) and not {*held} & {*before},
    )


def at_rest(scenario: Scenario) -> None:
    """Wait until no transaction is open and no lock of a job is held."""
    wait(
        "no transaction, no lock",
        lambda: tuple(scenario.database.query(OPEN)[0].values()),
        until=lambda left: left == (0, 0),
    )


def begun(scenario: Scenario, workflow: str, number: int = 1) -> list[Job]:
    """Jobs whose calls the router has and does not answer."""
    specs = [scenario.spec() for _ in range(number)]
    for spec in specs:
        scenario.router.on(Hang(), job=spec["id"])
    jobs = [scenario.submit(spec, workflow) for spec in specs]
    for job in jobs:
        wait("its calls", job.rows, until=lambda rows: {row["status"] for row in rows.executions} == {"running"})
    return jobs


def taken_by_another(connection: psycopg.Connection[tuple[str, int]], worker: str) -> bool:
    """Make the worker of the only job late; return whether another has taken it, or has given it back."""
    connection.execute(LATE)
    ((owner, attempts),) = connection.execute(TAKEN).fetchall()
    return attempts > 0 or owner != worker


def test_each_execution_is_asked_once_by_two_workers(pair: Pair) -> None:
    scenario = pair.scenario
    scenario.router.on(Answer(latency=0.05))
    specs = [scenario.spec(questions=QUESTIONS[:2]) for _ in range(8)]
    jobs = [scenario.submit(spec) for spec in specs]
    for job in jobs:
        job.wait("completed")

    assert [len(scenario.router.calls(job.id)) for job in jobs] == [4] * 8
    at_rest(scenario)


@pytest.mark.parametrize(
    ("workflow", "cut"),
    [
        (CROSS_REGION, False),
        (STANDARD, True),
        pytest.param(STANDARD, False, marks=pytest.mark.full),
        pytest.param(CROSS_REGION, True, marks=pytest.mark.full),
    ],
)
def test_slow_worker_keeps_its_job(pair: Pair, workflow: str, cut: bool) -> None:
    """Another worker takes the job for one of a dead worker, and leaves it when it notices."""
    scenario = pair.scenario
    (job,) = begun(scenario, workflow)
    with psycopg.connect(scenario.database.url, autocommit=True) as connection:
        if cut:
            cut_locks(scenario, connection)
        ((worker, _),) = connection.execute(TAKEN).fetchall()
        wait("another worker with the job", partial(taken_by_another, connection, worker), until=bool)
    scenario.router.release()

    assert [row["retry_count"] for row in job.wait("completed").rows().executions] == [0, 0]
    assert len(scenario.router.calls(job.id)) == 2
    at_rest(scenario)


@pytest.mark.parametrize("workflow", [CROSS_REGION, pytest.param(STANDARD, marks=pytest.mark.full)])
def test_jobs_of_a_dead_worker_are_finished_by_the_other(pair: Pair, workflow: str) -> None:
    scenario = pair.scenario
    jobs = begun(scenario, workflow, ROOM)
    scenario.record.interrupted = True
    pair.second.kill()
    scenario.router.reset(keep_log=True)
    rows = [job.wait("completed", kind="resume").rows() for job in jobs]
    pair.second.start()

    counts = sorted(tuple(row["retry_count"] for row in each.executions) for each in rows)
    assert counts == [(0, 0)] * (ROOM // 2) + [(1, 1)] * (ROOM // 2)
    at_rest(scenario)
