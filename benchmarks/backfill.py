"""How fast the reference runner's backfill is, and whether its memory grows with the number of jobs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import cycle, islice

from beacon import history
from beacon.checkout import ROOT
from benchmarks.figures import Figure, peak, target
from gate.core.errors import GateError

JOBS, FEWER, DISTINCT = 10_000, 1_000, 100
KINDS = (*["full"] * 17, "execution failed", "region failed", "all failed")
"""Of twenty jobs; all have two or three regions, three models and two questions."""


def measure(runs: int) -> Iterator[Figure]:
    """A backfill of 10,000 historical jobs, of which most have 12 executions and none fewer."""
    times, peaks, shares = [], [], []
    with target() as made:
        shared = made.start()
        for seed in range(runs):
            _, fewer = _backfill(made.database(shared), FEWER, seed)
            seconds, most = _backfill(made.database(shared), JOBS, seed)
            times.append(seconds)
            peaks.append(most)
            shares.append(most / fewer)
    yield f"backfill of {JOBS} jobs", times, "s", "<= 60"
    yield f"backfill of {JOBS} jobs: memory at its peak", peaks, "MB", ""
    yield f"backfill: memory for {JOBS} jobs / for {FEWER}", shares, "", "<= 1.1"


def _backfill(database_url: str, jobs: int, seed: int) -> tuple[float, float]:
    """Seconds, and MB at the peak, of a backfill of so many jobs."""
    history.insert(database_url, history.past_jobs(seed, islice(cycle(KINDS), DISTINCT)))
    history.multiply(database_url, jobs // DISTINCT - 1)
    command = [sys.executable, "-m", "runner", "backfill"]
    environment = {**os.environ, "DATABASE_URL": database_url}
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        most = peak(process)
    if process.returncode:
        raise GateError(f"The backfill ended with {process.returncode}, so its time means nothing.")
    return time.perf_counter() - started, most
