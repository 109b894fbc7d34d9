"""``bench stored``: how quick reads are with 1,000,000 stored executions, beside the same reads with 1,000."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from urllib.parse import urlsplit

import psycopg

from beacon.api import EXECUTIONS, JOBS, analysis_of, executions_of, job_at
from beacon.service import SERVICE
from benchmarks.load.answers import percentile
from benchmarks.load.copies import copy, finished
from benchmarks.load.plan import Upstream
from benchmarks.load.stage import stage
from benchmarks.measuring import Figure
from gate.core.errors import GateError

FEW, MANY = 1, 1_666
"""Copies of each original; these have 600 executions, so there are 1,200 and 1,000,200 in all."""
MODELS, ASKED = 3, 2
"""Models and questions of each job."""
READS = 200
"""Reads of each kind in a run, each of another job where there are as many."""
LISTINGS = {"first page of the jobs": JOBS, "first page of the executions": EXECUTIONS}


def stored(runs: int) -> Iterator[Figure]:
    """Measure reads by id, the analysis and first pages with few and with many rows."""
    few, many = _percentiles(FEW, runs), _percentiles(MANY, runs)
    for name, values in many.items():
        if name in LISTINGS:
            yield Figure(f"{name}, 1,000,000 executions, p95", values, "ms", "<= 100")
        else:
            ratios = [with_many / with_few for with_many, with_few in zip(values, few[name], strict=True)]
            yield Figure(f"{name}: p95 with 1,000,000 executions / with 1,000", ratios, "", "<= 1.5")


def _percentiles(copies: int, runs: int) -> Mapping[str, list[float]]:
    """The 95th percentile of each read in ms, for each run."""
    with stage(SERVICE, Upstream(0, ()), lambda _: False) as running:
        finished(running, MODELS, ASKED)
        copy(running.database_url, copies)
        reads = {**_reads(running.database_url), **{name: [path] * READS for name, path in LISTINGS.items()}}
        address = urlsplit(running.base_url)
        with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)) as connection:
            return {
                name: [percentile([_milliseconds(connection, path) for path in paths], 0.95) for _ in range(runs)]
                for name, paths in reads.items()
            }


def _reads(database_url: str) -> Mapping[str, list[str]]:
    """Paths of reads by id: of jobs and executions from everywhere among the rows, and of analyses that exist."""
    with psycopg.connect(database_url) as connection:
        some = "SELECT jobspec_id FROM jobs {} ORDER BY md5(id::text) LIMIT %s"
        jobs = [str(job) for (job,) in connection.execute(some.format("").encode(), (READS,))]
        compared = [
            str(job) for (job,) in connection.execute(some.format("WHERE workflow = 'cross-region'").encode(), (READS,))
        ]
        query = "SELECT id FROM executions ORDER BY md5(id::text) LIMIT %s"
        executions = [int(number) for (number,) in connection.execute(query, (READS,))]
    return {
        "a job": [job_at(job) for job in jobs],
        "a job's executions": [executions_of(job) for job in jobs],
        "an execution": [f"{EXECUTIONS}/{number}/details" for number in executions],
        "an analysis": [analysis_of(job) for job in compared],
    }


def _milliseconds(connection: http.client.HTTPConnection, path: str) -> float:
    started = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    text = response.read()
    if response.status != 200:
        raise GateError(f"GET {path} answered {response.status}: {text[:300]!r}.")
    return (time.perf_counter() - started) * 1000
