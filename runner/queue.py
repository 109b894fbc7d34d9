"""The job queue: one entry for each job that is not terminal, kept by pgqueuer in the same database.

An entry is written in the transaction that accepts its job and removed when the job is terminal, so the queue is empty
when nothing is left to do. pgqueuer also keeps a log of what became of entries (`pgqueuer_log`, about three short rows
a job); rows older than `LOG_DAYS` are removed by the workers.
"""

from typing import Any, Final

import psycopg
from psycopg.rows import tuple_row

ENTRYPOINT: Final = "run_job"
LOG_DAYS: Final = 7

ENQUEUE: Final = f"""
queued AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, dedupe_key, headers, status)
    SELECT 0, '{ENTRYPOINT}', convert_to(job.id::text, 'UTF8'), 'job:' || job.id,
           jsonb_build_object('request_id', job.request_id), 'queued'
    FROM job
    ON CONFLICT (dedupe_key) WHERE status IN ('queued', 'picked') AND dedupe_key IS NOT NULL DO NOTHING
    RETURNING id
), logged AS (
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority) SELECT id, 'queued', '{ENTRYPOINT}', 0 FROM queued
)
"""  # noqa: S608 - all of it are constants
"""Parts of a WITH that queue the jobs of its part `job`, which has `jobs.id` and the request_id of the log lines.

They write what pgqueuer's own `enqueue` with `on_conflict="skip"` does, a job that has an entry keeps that one; here,
because its statement cannot be a part of another one, and taking a job in has to be one round trip.
"""

_ENQUEUE_LOST: Final = f"""
WITH job AS (
    SELECT j.id, 'recovered-' || j.id AS request_id FROM jobs j
    WHERE j.status IN ('queued', 'running')
      AND j.updated_at < now() - make_interval(secs => %s)
      AND NOT EXISTS (
          SELECT FROM pgqueuer q WHERE q.dedupe_key = 'job:' || j.id AND q.status IN ('queued', 'picked')
      )
    ORDER BY j.id LIMIT 1000
), {ENQUEUE}
SELECT id FROM job ORDER BY id
"""  # noqa: S608 - all of it are constants


async def queue_depth(connection: psycopg.AsyncConnection[Any]) -> int:
    """How many jobs are queued or being run."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute("SELECT count(*) FROM pgqueuer")
        ((depth,),) = await cursor.fetchall()
    return int(depth)


async def oldest_seconds(connection: psycopg.AsyncConnection[Any]) -> float:
    """The age of the oldest job that no worker has taken; 0 without one."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "SELECT coalesce(extract(epoch FROM now() - min(created)), 0)::float8 FROM pgqueuer WHERE status = 'queued'"
        )
        ((seconds,),) = await cursor.fetchall()
    return max(0.0, float(seconds))


async def enqueue_lost(connection: psycopg.AsyncConnection[Any], older_than_seconds: float) -> list[int]:
    """Queue again the jobs that are not terminal and have no entry, as after a restored backup of some tables.

    Args:
        connection: its transaction is used.
        older_than_seconds: younger jobs are left alone.

    Returns:
        The ids of the jobs, `jobs.id`.

    """
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_ENQUEUE_LOST, (older_than_seconds,))
        return [int(row[0]) for row in await cursor.fetchall()]


async def prune_log(connection: psycopg.AsyncConnection[Any]) -> None:
    """Remove log rows of pgqueuer that are older than `LOG_DAYS`."""
    await connection.execute("DELETE FROM pgqueuer_log WHERE created < now() - make_interval(days => %s)", (LOG_DAYS,))
