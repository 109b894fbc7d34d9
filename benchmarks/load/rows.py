"""``bench judging``: how long the judging of 100,000 jobs takes, whose rows are copies of finished jobs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from math import ceil

import psycopg
from psycopg import sql

from beacon import jobs
from beacon.api import Api
from beacon.service import SERVICE
from beacon.states import TERMINAL
from benchmarks.load import accounts
from benchmarks.load.accounts import Books
from benchmarks.load.answers import Answer, submissions
from benchmarks.load.judging import of_rows
from benchmarks.load.plan import SUBMISSIONS, Upstream
from benchmarks.load.router import CountingLog
from benchmarks.load.stage import Stage, stage
from benchmarks.measuring import Figure
from gate.core.client import Client
from gate.core.errors import GateError
from gate.core.waiting import wait

JOBS, DISTINCT = 100_000, 40
PREFIX = "load-copied"
_NEW = {
    "jobs": {
        "jobspec_id": "t.jobspec_id || '-' || n",
        "jobspec_data": "t.jobspec_data || jsonb_build_object('id', t.jobspec_id || '-' || n,"
        " 'jobspec_id', t.jobspec_id || '-' || n)",
    },
    "cross_region_executions": {"id": "md5(t.id::text || n)::uuid", "jobspec_id": "t.jobspec_id || '-' || n"},
    "executions": {
        "job_id": "(SELECT c.id FROM jobs o JOIN jobs c ON c.jobspec_id = o.jobspec_id || '-' || n"
        " WHERE o.id = t.job_id)",
        "cross_region_execution_id": "md5(t.cross_region_execution_id::text || n)::uuid",
    },
    "region_results": {
        "id": "gen_random_uuid()",
        "cross_region_execution_id": "md5(t.cross_region_execution_id::text || n)::uuid",
    },
    "cross_region_analyses": {
        "id": "gen_random_uuid()",
        "cross_region_execution_id": "md5(t.cross_region_execution_id::text || n)::uuid",
    },
}
"""Columns of a copy that are not those of its original, by table, in the order in which tables need each other."""


def judging(runs: int) -> Iterator[Figure]:
    """Measure accounts and invariants on all rows of 100,000 jobs."""
    with stage(SERVICE, Upstream(0, ()), lambda _: False) as running:
        answers = _finished(running)
        copies = ceil(JOBS / DISTINCT) - 1
        _copy(running.database_url, copies)
        answers += [
            Answer(0, each.operation, 1, 202, f"{each.job}-{n}", False, None)
            for each in answers
            for n in range(1, copies + 1)
        ]
        by_sql, all_accounts = [], []
        for _ in range(runs):
            started = time.perf_counter()
            if broken := list(of_rows(running.database_url)):
                raise GateError(f"The copied rows break an invariant: {broken[0].line}.")
            by_sql.append(time.perf_counter() - started)
            all_accounts.append(_account(running, answers))
    yield Figure(f"invariants on all rows of {JOBS} jobs", by_sql, "s", "<= 30")
    yield Figure(f"accounts of {JOBS} submissions", all_accounts, "s")


def _finished(running: Stage) -> list[Answer]:
    """Submit the originals in both workflows and wait for their end."""
    answers = []
    with closing(Client(running.system.base_url, lambda _: None)) as client:
        for number in range(DISTINCT):
            spec = jobs.spec(f"{PREFIX}-{number}", regions=("US", "EU", "ASIA")[: 2 + number % 2])
            operation = SUBMISSIONS[number % 2]
            answer = Api(client).submit(spec) if number % 2 == 0 else Api(client).submit_cross_region(jobs.wrap(spec))
            answers.append(Answer(0, operation, 1, answer.status, spec["id"], False, None))
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        query = "SELECT count(*) FROM jobs WHERE NOT status = ANY(%s)"
        wait(
            "the end of the originals",
            lambda: connection.execute(query, (list(TERMINAL),)).fetchone(),
            until=lambda row: row == (0,),
            kind="resume",
        )
    return answers


def _copy(database_url: str, copies: int) -> None:
    """Add so many copies of every job, with ids of their own and keys that fit together."""
    with psycopg.connect(database_url) as connection:
        for table, new in _NEW.items():
            query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position"
            names = [str(name) for (name,) in connection.execute(query, (table,))]
            kept = [name for name in names if name != "id" or name in new]
            columns = sql.SQL(", ").join(map(sql.Identifier, kept))
            values = sql.SQL(", ").join(sql.SQL(new.get(name, f't."{name}"')) for name in kept)
            statement = sql.SQL("INSERT INTO {0} ({1}) SELECT {2} FROM {0} t, generate_series(1, %s) n")
            connection.execute(statement.format(sql.Identifier(table), columns, values), (copies,))


def _account(running: Stage, answers: list[Answer]) -> float:
    """Seconds for the accounts of all submissions, whose calls are as many as their executions."""
    started = time.perf_counter()
    log = CountingLog(lambda _: False)
    books = Books(submissions(answers), frozenset(), log, {}, killed=False, failing=False)
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        if list(accounts.of_jobs(connection, PREFIX, books)):
            raise GateError("The copied jobs are not accounted for.")
        for _ in accounts.of_calls(connection, PREFIX, books):
            pass  # the copies called nobody: only the time counts
    return time.perf_counter() - started
