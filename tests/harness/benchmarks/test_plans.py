"""Statements of the runner use indexes, so that they are as quick among a million rows as among a thousand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import psycopg

from beacon import jobs
from beacon.api import JOBS, Api
from beacon.contract import published
from beacon.service import SERVICE
from benchmarks.load.copies import PREFIX, copy, finished
from benchmarks.load.plan import Upstream
from benchmarks.load.stage import Stage, stage
from gate.core.client import Client
from gate.core.waiting import wait

COPIES = 800
"""Of each of forty jobs: enough rows that the planner prefers an index wherever there is one."""
EXPLAIN = (
    "LOAD 'auto_explain'",
    "ALTER SYSTEM SET session_preload_libraries = 'auto_explain'",
    "ALTER SYSTEM SET auto_explain.log_format = 'json'",
    "ALTER SYSTEM SET auto_explain.log_parameter_max_length = 0",  # texts of jobs, which end lines as they like
    "ALTER SYSTEM SET auto_explain.log_min_duration = 0",
    "SELECT pg_reload_conf()",
)
"""Statements after which each new session logs the plan of each of its statements."""
WHOLE = re.compile(r"SELECT count\(\*\) AS total FROM \w+|SELECT status, count\(\*\) AS total FROM executions")
"""Statements that go through a whole table, as they count its rows: of a listing, and for the metrics."""
GROWING = {"jobs", "executions", "cross_region_executions", "region_results", "cross_region_analyses"}
"""Tables with rows for each job; the others are empty here, and read as a whole for that."""
FILTERS = ("", "?status=completed", "?workflow=standard", "?from=2020-01-01", "?limit=1&offset=1")


def plans(lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The plans in a log of Postgres: each is JSON on lines that begin with a tab."""
    for entry in re.findall(r"plan:\n((?:\t.*\n?)+)", "\n".join(lines)):
        yield json.loads(entry)


def scanned(plan: dict[str, Any], *, limited: bool = False) -> set[str]:
    """The tables that a plan reads from beginning to end, itself or by an index; a ``limited`` one stops early."""
    whole = plan["Node Type"] == "Seq Scan" or ("Index Name" in plan and "Index Cond" not in plan and not limited)
    own = {str(plan["Relation Name"])} if whole and "Relation Name" in plan else set()
    below = limited or plan["Node Type"] == "Limit"
    return own.union(*(scanned(part, limited=below) for part in plan.get("Plans", ())))


def addresses(client: Client, job: str, run: str) -> Iterator[str]:
    """The address of every operation that reads, for a job; and of listings with filters."""
    execution = Api(client).executions(job).json["executions"][0]["id"]
    values = {"{job_id}": job, "{execution_id}": str(execution), "{cross_region_execution_id}": run, "{region}": "EU"}
    for operation in published().operations:
        if operation.method == "GET":
            yield re.sub(r"\{\w+\}", lambda name: values[name[0]], operation.path)
    yield from (JOBS + filters for filters in FILTERS)


def drive(running: Stage, client: Client) -> None:
    """Read everything of a job among the others, run a job of each workflow, and cancel one."""
    api, job = Api(client), f"{PREFIX}-1-7"
    with psycopg.connect(running.database_url) as connection:
        row = connection.execute("SELECT id FROM cross_region_executions WHERE jobspec_id = %s", (job,)).fetchone()
    for address in addresses(client, job, str(row[0] if row else "")):
        assert client.get(address).status == 200, address
    api.submit(jobs.spec("plans-a"))
    api.submit_cross_region(jobs.wrap(jobs.spec("plans-b")))
    for each in ("plans-a", "plans-b"):
        wait("the job's end", partial(api.job, each), until=lambda answer: answer.json["status"] == "completed")
    api.submit_cross_region(jobs.wrap(jobs.spec("plans-c")))
    assert api.cancel("plans-c").status == 200


def test_no_statement_goes_through_a_whole_table_but_those_that_count() -> None:
    """Of requests and of the worker, as Postgres itself explains what it did."""
    with (
        stage(SERVICE, Upstream(0, ()), lambda _: False) as running,
        closing(Client(running.base_url, lambda _: None)) as client,
    ):
        finished(running)
        copy(running.database_url, COPIES)
        running.administer(*EXPLAIN)
        running.system.stop()
        running.system.start()
        drive(running, client)
        seen = list(plans(running.server.log))
    whole = {plan["Query Text"] for plan in seen if scanned(plan["Plan"]) & GROWING}
    assert len(seen) > 100
    assert {text for text in whole if not WHOLE.match(text)} == set()
