"""``bench judging``: how long the judging of 100,000 jobs takes, whose rows are copies of finished jobs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from math import ceil

import psycopg

from beacon.service import SERVICE
from benchmarks.load import accounts
from benchmarks.load.accounts import Books
from benchmarks.load.answers import Answer, submissions
from benchmarks.load.copies import DISTINCT, PREFIX, copy, finished
from benchmarks.load.judging import of_rows
from benchmarks.load.plan import Upstream
from benchmarks.load.router import CountingLog
from benchmarks.load.stage import Stage, stage
from benchmarks.measuring import Figure
from gate.core.errors import GateError

JOBS = 100_000


def judging(runs: int) -> Iterator[Figure]:
    """Measure accounts and invariants on all rows of 100,000 jobs."""
    with stage(SERVICE, Upstream(0, ()), lambda _: False) as running:
        answers = finished(running)
        copies = ceil(JOBS / DISTINCT) - 1
        copy(running.database_url, copies)
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
