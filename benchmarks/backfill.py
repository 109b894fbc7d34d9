"""Benchmark of the reference runner's backfill: its speed, and memory by the number of jobs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice

from beacon import history
from benchmarks.measuring import Cost, Figure, cost, target

JOBS, FEWER, DISTINCT = 10_000, 1_000, 100
KINDS = (*["full"] * 17, "execution failed", "region failed", "all failed")
"""Of twenty jobs; all have two or three regions, three models and two questions."""


def backfill(runs: int) -> Iterator[Figure]:
    """Measure the backfill of 10,000 historical jobs, most of which have 12 executions and none fewer."""
    costs, shares = [], []
    with target() as embedded:
        shared = embedded.start()
        for seed in range(runs):
            fewer = _backfill(embedded.database(shared), FEWER, seed)
            costs.append(_backfill(embedded.database(shared), JOBS, seed))
            shares.append(costs[-1].megabytes / fewer.megabytes)
    yield Figure(f"backfill of {JOBS} jobs", [each.seconds for each in costs], "s", "<= 60")
    yield Figure(f"backfill of {JOBS} jobs: memory at its peak", [each.megabytes for each in costs], "MB")
    yield Figure(f"backfill: memory for {JOBS} jobs / for {FEWER}", shares, "", "<= 1.1")


def _backfill(database_url: str, jobs: int, seed: int) -> Cost:
    history.insert(database_url, history.past_jobs(seed, islice(cycle(KINDS), DISTINCT)))
    history.multiply(database_url, jobs // DISTINCT - 1)
    return cost("-m", "runner", "backfill", DATABASE_URL=database_url)
