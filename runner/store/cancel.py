"""Cancelling a job."""

from dataclasses import dataclass
from typing import Final

from psycopg.errors import DeadlockDetected

from runner.spec import job_id_problem
from runner.store.database import Connection, Database

TERMINAL: Final = frozenset({"completed", "partial", "failed", "cancelled"})

_EXECUTIONS: Final = """
UPDATE executions SET status = 'cancelled', completed_at = clock_timestamp()
WHERE job_id = %s AND status IN ('pending', 'running')
"""
_RESULTS: Final = """
WITH present AS MATERIALIZED (SELECT clock_timestamp() AS moment)
UPDATE region_results r
SET status = 'cancelled', completed_at = present.moment, updated_at = present.moment,
    duration_ms = floor(extract(epoch FROM present.moment - r.started_at) * 1000),
    error_message = 'the job was cancelled',
    metadata = jsonb_build_object(
        'success_count', counts.completed,
        'failure_count', counts.total - counts.completed,
        'total_executions', counts.total
    )
FROM present
CROSS JOIN cross_region_executions c
CROSS JOIN (
    SELECT e.region, count(*) AS total, count(*) FILTER (WHERE e.status = 'completed') AS completed
    FROM executions e WHERE e.job_id = %(number)s GROUP BY e.region
) counts
WHERE c.jobspec_id = %(job)s AND r.cross_region_execution_id = c.id AND r.status = 'running'
    AND counts.region = r.region
"""
_RUN: Final = """
WITH present AS MATERIALIZED (SELECT clock_timestamp() AS moment)
UPDATE cross_region_executions c
SET status = 'cancelled', completed_at = present.moment,
    duration_ms = floor(extract(epoch FROM present.moment - c.started_at) * 1000),
    success_count = counts.successes, failure_count = c.total_regions - counts.successes
FROM present
CROSS JOIN (
    SELECT count(*) FILTER (WHERE r.status = 'success') AS successes
    FROM region_results r JOIN cross_region_executions o ON o.id = r.cross_region_execution_id
    WHERE o.jobspec_id = %(job)s
) counts
WHERE c.jobspec_id = %(job)s AND c.status = 'running'
"""


@dataclass(frozen=True)
class Cancelled:
    """The changes of a cancellation.

    Attributes:
        previous_status: the job's status before.
        new_status: the job's status now; the same when the job was terminal.
        executions: how many executions were cancelled.

    """

    previous_status: str
    new_status: str
    executions: int


async def cancel(database: Database, job_id: str) -> Cancelled | None:
    """Cancel a job and everything of it that is not terminal, in one transaction; a terminal job is left as it is.

    Returns:
        What was changed, or None when there is no such job.

    """
    if job_id_problem(job_id):
        return None  # it may hold what no query can, such as U+0000
    while True:
        try:
            return await _attempt(database, job_id)
        except DeadlockDetected:  # Postgres has ended one of two transactions; the other one goes on
            continue


async def _attempt(database: Database, job_id: str) -> Cancelled | None:
    async with database.transaction() as connection:
        # The job's row comes first, for the worker too: whoever holds it decides how the job ends.
        cursor = await connection.execute("SELECT id, status FROM jobs WHERE jobspec_id = %s FOR UPDATE", (job_id,))
        job = await cursor.fetchone()
        if job is None:
            return None
        status = job["status"]
        if status in TERMINAL:
            return Cancelled(status, status, 0)
        return Cancelled(status, "cancelled", await _cancel(connection, job["id"], job_id))


async def _cancel(connection: Connection, number: int, job_id: str) -> int:
    executions = await connection.execute(_EXECUTIONS, (number,))
    both = {"number": number, "job": job_id}
    await connection.execute(_RESULTS, both)
    await connection.execute(_RUN, both)
    await connection.execute(
        "UPDATE jobs SET status = 'cancelled', updated_at = clock_timestamp() WHERE id = %s", (number,)
    )
    return executions.rowcount
