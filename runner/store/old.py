"""Rows that are old: ended jobs with all that belongs to them, used idempotency keys, and used nonces."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import psycopg

from runner.store.database import Row

KEY_DAYS: Final = 7
"""How long an idempotency key has its answer at least."""
NONCE_DAYS: Final = 1
"""How long a nonce is remembered at least; its signature is too old after five minutes."""
_ROWS_AT_A_TIME: Final = 1000

_ENDED: Final = "status IN ('completed', 'partial', 'failed', 'cancelled') AND updated_at < %s"
_TAKE: Final = f"""
SELECT id, jobspec_id FROM jobs WHERE {_ENDED} ORDER BY updated_at LIMIT %s FOR UPDATE SKIP LOCKED
"""
_WHOLE: Final = """
SELECT to_jsonb(j) || jsonb_build_object(
    'executions', coalesce(
        (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.id) FROM executions e WHERE e.job_id = j.id), '[]'
    ),
    'cross_region_execution', (SELECT to_jsonb(c) FROM cross_region_executions c WHERE c.jobspec_id = j.jobspec_id),
    'region_results', coalesce(
        (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.region) FROM region_results r
         JOIN cross_region_executions c ON c.id = r.cross_region_execution_id WHERE c.jobspec_id = j.jobspec_id), '[]'
    ),
    'analysis', (
        SELECT to_jsonb(a) FROM cross_region_analyses a
        JOIN cross_region_executions c ON c.id = a.cross_region_execution_id WHERE c.jobspec_id = j.jobspec_id
    )
) AS job
FROM jobs j WHERE j.id = ANY(%s) ORDER BY j.id
"""
_EXPIRED: Final = {
    "idempotency_keys": f"created_at < now() - interval '{KEY_DAYS} days' ORDER BY created_at",
    "signature_nonces": f"seen_at < now() - interval '{NONCE_DAYS} days' ORDER BY seen_at",
}


def count(connection: psycopg.Connection[Row], before: datetime) -> int:
    """How many jobs had ended at this time."""
    row = connection.execute(f"SELECT count(*) AS total FROM jobs WHERE {_ENDED}", (before,)).fetchone()
    return 0 if row is None else int(row["total"])


def take(connection: psycopg.Connection[Row], before: datetime, number: int) -> Sequence[Row]:
    """Lock so many of the jobs that had ended at this time, oldest first; those that others hold are left out."""
    return connection.execute(_TAKE, (before, number)).fetchall()


def whole(connection: psycopg.Connection[Row], jobs: Sequence[int]) -> list[str]:
    """A JSON object for each job, with all rows that belong to it."""
    rows = connection.execute(_WHOLE, (list(jobs),)).fetchall()
    return [json.dumps(row["job"], separators=(",", ":")) for row in rows]


def remove(connection: psycopg.Connection[Row], jobs: Sequence[Row]) -> None:
    """Remove jobs, whose other rows go with them, and their idempotency keys, which would answer with them."""
    connection.execute(
        "DELETE FROM idempotency_keys WHERE jobspec_id = ANY(%s)", ([job["jobspec_id"] for job in jobs],)
    )
    connection.execute("DELETE FROM jobs WHERE id = ANY(%s)", ([job["id"] for job in jobs],))


async def expire(connection: psycopg.AsyncConnection[Any]) -> int:
    """Remove idempotency keys and nonces that are past their time, in short statements; returns how many there were."""
    removed = 0
    for table, old in _EXPIRED.items():
        statement = f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {old} LIMIT %s))"
        number = _ROWS_AT_A_TIME
        while number == _ROWS_AT_A_TIME:
            number = (await connection.execute(statement.encode(), (_ROWS_AT_A_TIME,))).rowcount
            removed += number
    return removed
