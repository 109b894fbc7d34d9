"""``bench executions``: how many executions the runner works off in a second, and the processor time of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import psycopg

from beacon import jobs
from beacon.api import Api
from beacon.regions import REGIONS
from beacon.service import SERVICE
from benchmarks.load.plan import Upstream
from benchmarks.load.stage import Stage, stage
from benchmarks.measuring import Figure
from gate.core.client import Client
from gate.core.errors import GateError
from gate.core.ids import Ids
from gate.core.waiting import wait

WORKERS = (1, 2, 4)
JOBS = 12
"""Jobs of a burst; with 72 executions each they are more than four workers take at once."""
_RATE = """
SELECT count(*), extract(epoch FROM max(completed_at) - min(started_at))::float8
FROM executions JOIN jobs ON jobs.id = job_id WHERE jobspec_id = ANY(%s)
"""


class _Burst(NamedTuple):
    rate: float
    milliseconds: float


def executions(runs: int) -> Iterator[Figure]:
    """Measure bursts of jobs of both workflows with a router that answers at once, by the number of workers."""
    ids = Ids(os.urandom(4).hex(), "bench")
    costs = {}
    with stage(SERVICE, Upstream(0, ()), lambda _: False, env={"RUNNER_RATE_LIMIT": ""}) as running:
        for workers in WORKERS:
            while len(running.processes) < workers:
                running.beside(f"worker {len(running.processes) + 1}")
            _burst(running, ids)  # statements are prepared, and modules loaded
            bursts = [_burst(running, ids) for _ in range(runs)]
            costs[workers] = [burst.milliseconds for burst in bursts]
            if workers == 1:
                yield Figure("executions of one process", [burst.rate for burst in bursts], "1/s", ">= 250")
                yield Figure("an execution: processor time of the runner", costs[1], "ms")
            else:
                ratios = [several / single for several, single in zip(costs[workers], costs[1], strict=True)]
                yield Figure(f"an execution: processor time with {workers} workers / with 1", ratios, "", "<= 1.15")


def _burst(running: Stage, ids: Ids) -> _Burst:
    specs = [jobs.spec(ids(), regions=REGIONS, models=jobs.MODELS, questions=jobs.QUESTIONS) for _ in range(JOBS)]
    client = Client(running.base_url, lambda _: None)
    api, before = Api(client), _seconds(running)
    for number, spec in enumerate(specs):
        answer = api.submit_cross_region(jobs.wrap(spec)) if number % 2 else api.submit(spec)
        if answer.status != 202:
            raise GateError(f"A submission was not accepted: {answer}.")
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        wait(
            "an empty queue",
            lambda: connection.execute("SELECT count(*) FROM pgqueuer").fetchone(),
            until=lambda row: row == (0,),
            kind="resume",
        )
        number, seconds = connection.execute(_RATE, ([spec["id"] for spec in specs],)).fetchone() or (0, 0)
    client.close()
    return _Burst(number / seconds, (_seconds(running) - before) / number * 1000)


def _seconds(running: Stage) -> float:
    """The processor time of all processes of the runner so far."""
    return sum(sum(process.cpu_times()[:2]) for process in running.living())
