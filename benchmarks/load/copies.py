"""Finished jobs of both workflows, and as many copies of their rows as wanted."""

from __future__ import annotations

from contextlib import closing

import psycopg
from psycopg import sql

from beacon import jobs
from beacon.api import Api
from beacon.regions import REGIONS
from beacon.states import TERMINAL
from benchmarks.load.answers import Answer
from benchmarks.load.plan import SUBMISSIONS
from benchmarks.load.stage import Stage
from gate.core.client import Client
from gate.core.waiting import wait

DISTINCT = 40
"""Jobs that are copied."""
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


def finished(running: Stage, models: int = 1, questions: int = 1) -> list[Answer]:
    """Submit the originals in both workflows, in turn, with so many models and questions, and wait for their end."""
    asked = jobs.QUESTIONS[:questions]
    answers = []
    with closing(Client(running.system.base_url, lambda _: None)) as client:
        for number in range(DISTINCT):
            spec = jobs.spec(
                f"{PREFIX}-{number}",
                regions=REGIONS[: 2 + number % 2],
                models=jobs.MODELS[:models],
                questions=asked,
            )
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


def copy(database_url: str, copies: int) -> None:
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
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")  # as autovacuum leaves tables that have their rows for a while
