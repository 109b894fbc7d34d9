"""Rows of workflow B for jobs that ended without them. Nothing here changes a row that exists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from runner.outcome import Demands, Execution, Outcome
from runner.store.database import Connection, Row
from runner.store.outcomes import execution_of, json_or_null, store_analysis

_ENDED: Final = """
    FROM jobs j
    WHERE j.status IN ('completed', 'partial', 'failed', 'cancelled') AND j.workflow = 'standard'
      AND NOT EXISTS (SELECT FROM cross_region_executions c WHERE c.jobspec_id = j.jobspec_id)
      AND j.id > %(after)s
      AND (%(job)s::text IS NULL OR j.jobspec_id = %(job)s)
      AND (%(since)s::timestamptz IS NULL OR j.created_at >= %(since)s)
"""
_RUN: Final = """
    INSERT INTO cross_region_executions
        (id, jobspec_id, total_regions, success_count, failure_count, min_regions_required, min_success_rate, status,
         enable_analysis, analysis_error, started_at, completed_at, duration_ms, created_at)
    SELECT %(id)s, j.jobspec_id, %(regions)s, %(successes)s, %(failures)s, %(min_regions)s, %(rate)s, %(status)s,
           %(analysis)s, %(error)s, j.created_at, e.moment,
           floor(extract(epoch FROM e.moment - j.created_at) * 1000), j.created_at
    FROM jobs j
    CROSS JOIN LATERAL (
        SELECT greatest(j.created_at, j.updated_at, max(x.completed_at)) AS moment
        FROM executions x WHERE x.job_id = j.id
    ) e
    WHERE j.id = %(job)s
    ON CONFLICT (jobspec_id) DO NOTHING
    RETURNING id
"""
_RESULT: Final = """
    INSERT INTO region_results
        (id, cross_region_execution_id, region, provider_id, status, started_at, completed_at, duration_ms,
         execution_output, error_message, scoring, metadata, created_at)
    SELECT %(id)s, c.id, %(region)s, %(provider)s, %(status)s, c.started_at, e.moment,
           floor(extract(epoch FROM e.moment - c.started_at) * 1000),
           %(output)s, %(error)s, %(scoring)s, %(metadata)s, c.created_at
    FROM cross_region_executions c
    CROSS JOIN LATERAL (
        SELECT greatest(c.started_at, coalesce(max(x.completed_at), c.completed_at)) AS moment
        FROM executions x WHERE x.job_id = %(job)s AND x.region = ANY(%(spellings)s::text[])
    ) e
    WHERE c.id = %(run)s
"""


@dataclass(frozen=True)
class Selection:
    """Which jobs to look at.

    Attributes:
        job: only the one with this id.
        since: only those created at or after this time.

    """

    job: str | None = None
    since: datetime | None = None


async def count(connection: Connection, selection: Selection) -> int:
    """How many ended jobs of workflow A have no cross-region execution."""
    values = {"after": 0, "job": selection.job, "since": selection.since}
    row = await (await connection.execute(f"SELECT count(*) AS total {_ENDED}", values)).fetchone()
    return row["total"] if row else 0


async def candidates(connection: Connection, selection: Selection, after: int, limit: int, *, lock: bool) -> list[Row]:
    """The next of these jobs by number: id, jobspec_id, status and constraints.

    With `lock` they are kept from other backfills until the transaction ends, and those that others keep are left out.
    """
    locking = "FOR NO KEY UPDATE OF j SKIP LOCKED" if lock else ""
    cursor = await connection.execute(
        f"""
        SELECT j.id, j.jobspec_id, j.status, j.jobspec_data -> 'constraints' AS constraints
        {_ENDED} ORDER BY j.id LIMIT %(limit)s {locking}
        """,
        {"after": after, "job": selection.job, "since": selection.since, "limit": limit},
    )
    return await cursor.fetchall()


async def why_not(connection: Connection, job_id: str) -> str:
    """Why a job is not among the candidates."""
    cursor = await connection.execute(
        """
        SELECT j.status, c.id IS NOT NULL AS compared
        FROM jobs j LEFT JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id WHERE j.jobspec_id = %s
        """,
        (job_id,),
    )
    row = await cursor.fetchone()
    if row is None:
        return "there is no such job"
    if row["compared"]:
        return "it has a cross-region execution already"
    return f"it has not ended: its status is {row['status']}"


async def executions(connection: Connection, job: int) -> list[Execution]:
    """The executions of a job (by its number), in the order in which they were planned."""
    cursor = await connection.execute(
        """
        SELECT region, model_id, coalesce(question_id, 'default') AS question_id, status, provider_id, output_data
        FROM executions WHERE job_id = %s ORDER BY id
        """,
        (job,),
    )
    return [execution_of(row) for row in await cursor.fetchall()]


async def insert(
    connection: Connection, job: int, demands: Demands, outcome: Outcome, spellings: dict[str, list[str]]
) -> bool:
    """Write a run with its regions and its analysis, dated as if it had been there when the job ran.

    Args:
        connection: in a transaction.
        job: `jobs.id`.
        demands: what the run had to reach.
        outcome: what it reached.
        spellings: for each region the spellings of it that the job's executions have.

    Returns:
        Whether it was written; False when another backfill has been quicker.

    """
    run = uuid4()
    values: dict[str, Any] = {
        "id": run,
        "job": job,
        "regions": len(demands.regions),
        "successes": outcome.success_count,
        "failures": outcome.failure_count,
        "min_regions": demands.min_regions,
        "rate": demands.min_success_rate,
        "status": outcome.status,
        "analysis": demands.enable_analysis,
        "error": outcome.analysis_error,
    }
    if await (await connection.execute(_RUN, values)).fetchone() is None:
        return False
    for region in outcome.regions:
        await connection.execute(
            _RESULT,
            {
                "id": uuid4(),
                "run": run,
                "job": job,
                "region": region.region,
                "spellings": spellings.get(region.region, []),
                "provider": region.provider_id,
                "status": region.status,
                "output": json_or_null(region.execution_output),
                "error": region.error_message,
                "scoring": json_or_null(region.scoring),
                "metadata": json_or_null(region.metadata),
            },
        )
    await store_analysis(connection, run, outcome)
    return True
