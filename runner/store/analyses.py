"""Stored analyses, and the responses that they are made of."""

from uuid import UUID

from runner.analysis import Response
from runner.store.database import Connection, Row


async def find(connection: Connection, run: UUID) -> Row | None:
    """The stored analysis of a cross-region execution."""
    cursor = await connection.execute(
        """
        SELECT id, cross_region_execution_id, bias_variance, censorship_rate, factual_consistency,
               narrative_divergence, key_differences, risk_assessment, summary, recommendation, created_at, updated_at
        FROM cross_region_analyses WHERE cross_region_execution_id = %s
        """,
        (run,),
    )
    return await cursor.fetchone()


async def responses(connection: Connection, job_id: str) -> tuple[list[Response], int]:
    """The completed responses in a job's successful regions, and how many executions the job has in all."""
    cursor = await connection.execute(
        """
        SELECT e.region, e.model_id, coalesce(e.question_id, 'default') AS question_id,
               CASE WHEN e.status = 'completed' AND r.status = 'success' THEN e.output_data ->> 'response' END AS text
        FROM executions e
        JOIN jobs j ON j.id = e.job_id
        JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
        LEFT JOIN region_results r ON r.cross_region_execution_id = c.id AND r.region = e.region
        WHERE j.jobspec_id = %s
        """,
        (job_id,),
    )
    rows = await cursor.fetchall()
    responses = [
        Response(row["region"], row["model_id"], row["question_id"], row["text"])
        for row in rows
        if row["text"] is not None
    ]
    return responses, len(rows)
