"""Results of runs: reads what they are derived from and writes what was derived."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from runner.analysis import Analysis
from runner.outcome import Demands, Execution, Outcome, RegionOutcome
from runner.store.database import Connection, Row

_ROWS_AT_A_TIME: Final = 4  # of rows with answers, which may be long
_REGION: Final = """
WITH present AS MATERIALIZED (SELECT clock_timestamp() AS moment)
UPDATE region_results r
SET status = %(status)s, completed_at = present.moment,
    duration_ms = floor(extract(epoch FROM present.moment - r.started_at) * 1000),
    provider_id = coalesce(%(provider)s, r.provider_id), execution_output = %(output)s, error_message = %(error)s,
    scoring = %(scoring)s, metadata = %(metadata)s
FROM present, cross_region_executions c, jobs j
WHERE j.id = %(job)s AND c.jobspec_id = j.jobspec_id AND r.cross_region_execution_id = c.id
    AND r.region = %(region)s AND r.status = 'running'
"""
_JOB: Final = """
UPDATE jobs SET status = %s, updated_at = clock_timestamp() WHERE id = %s AND status = 'running' RETURNING jobspec_id
"""
_RUN: Final = """
WITH present AS MATERIALIZED (SELECT clock_timestamp() AS moment)
UPDATE cross_region_executions c
SET status = %s, success_count = %s, failure_count = %s, analysis_error = %s, completed_at = present.moment,
    duration_ms = floor(extract(epoch FROM present.moment - c.started_at) * 1000)
FROM present
WHERE c.jobspec_id = %s AND c.status = 'running'
RETURNING c.id
"""
_ANALYSIS: Final = """
INSERT INTO cross_region_analyses
    (id, cross_region_execution_id, bias_variance, censorship_rate, factual_consistency, narrative_divergence,
     key_differences, risk_assessment, summary, recommendation)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (cross_region_execution_id) DO NOTHING
"""


async def executions(connection: Connection, job: int, region: str | None = None) -> list[Execution]:
    """The executions of a job (by its number), or of one region, that decide its outcome."""
    rows = connection.cursor().stream(
        """
        SELECT region, model_id, coalesce(question_id, 'default') AS question_id, status, provider_id, output_data
        FROM executions WHERE job_id = %(job)s AND (%(region)s::text IS NULL OR region = %(region)s) ORDER BY id
        """,
        {"job": job, "region": region},
        size=_ROWS_AT_A_TIME,
    )
    return [execution_of(row) async for row in rows]


def execution_of(row: Row) -> Execution:
    """The columns of an execution that decide the outcome."""
    return Execution(
        region=row["region"],
        model_id=row["model_id"],
        question_id=row["question_id"],
        status=row["status"],
        provider_id=row["provider_id"],
        output=row["output_data"] if isinstance(row["output_data"], dict) else None,
    )


def demands_of(spec: dict[str, Any], run: Row | None, regions: Sequence[str]) -> Demands:
    """The limits of a run: those of its cross-region execution, else the constraints of its JobSpec.

    Args:
        spec: the stored JobSpec.
        run: the row of `cross_region_executions`, if there is one.
        regions: the regions of the run.

    """
    if run is not None:
        return Demands(regions, run["min_regions_required"], run["min_success_rate"], run["enable_analysis"])
    constraints = spec.get("constraints") or {}
    return Demands(
        regions=regions,
        min_regions=int(constraints.get("min_regions") or 1),
        min_success_rate=Decimal(str(constraints.get("min_success_rate") or "0.67")),
        enable_analysis=True,
    )


async def store_region(connection: Connection, job: int, outcome: RegionOutcome) -> None:
    """Write the result of a region that is still running; a decided one, or that of a standard job, is left alone."""
    await connection.execute(
        _REGION,
        {
            "job": job,
            "region": outcome.region,
            "status": outcome.status,
            "provider": outcome.provider_id,
            "output": json_or_null(outcome.execution_output),
            "error": outcome.error_message,
            "scoring": json_or_null(outcome.scoring),
            "metadata": json_or_null(outcome.metadata),
        },
    )


async def store_outcome(connection: Connection, job: int, outcome: Outcome) -> None:
    """End a job in one transaction: its row, and for workflow B its run, regions and analysis.

    A job that is no longer running, as after a cancellation, is left as it is.
    """
    async with connection.transaction():
        # The job's row comes first, for a cancellation too: whoever holds it decides how the job ends.
        cursor = await connection.execute(_JOB, (outcome.status, job))
        row = await cursor.fetchone()
        if row is None:
            return
        for region in outcome.regions:
            await store_region(connection, job, region)
        counts = (outcome.success_count, outcome.failure_count)
        cursor = await connection.execute(_RUN, (outcome.status, *counts, outcome.analysis_error, row["jobspec_id"]))
        run = await cursor.fetchone()
        if run is not None:
            await store_analysis(connection, run["id"], outcome)


async def store_analysis(connection: Connection, run: UUID, outcome: Outcome) -> None:
    """Write the analysis of a run, if it has one and none is stored."""
    analysis = outcome.analysis
    if analysis is None:
        return
    await connection.execute(_ANALYSIS, analysis_values(run, analysis))


def analysis_values(run: UUID, analysis: Analysis) -> tuple[Any, ...]:
    """A row of `cross_region_analyses` for a run: its columns in the order of the table, without the times."""
    return (
        uuid4(),
        run,
        analysis.bias_variance,
        analysis.censorship_rate,
        analysis.factual_consistency,
        analysis.narrative_divergence,
        Jsonb(analysis.key_differences),
        Jsonb(analysis.risk_assessment),
        analysis.summary,
        analysis.recommendation,
    )


def json_or_null(value: object) -> Jsonb | None:
    """A JSON parameter; None becomes SQL's NULL and not JSON's."""
    return None if value is None else Jsonb(value)
