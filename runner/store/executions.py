"""Executions: one row for each region, model and question of a job."""

from typing import Final
from uuid import UUID

from runner.store.database import Connection, Row, count, planned

_ITEM: Final = """
    e.id, j.jobspec_id, e.region, e.provider_id, e.status, e.model_id, e.question_id, e.created_at, e.started_at,
    e.completed_at, e.output_data, e.response_classification, e.is_substantive, e.is_content_refusal,
    e.is_technical_error, e.response_length, e.retry_count, e.max_retries, e.cross_region_execution_id
"""
_DETAILS: Final = f"{_ITEM}, e.receipt_data, e.system_prompt, e.original_error, e.retry_history, e.last_retry_at"
_FROM: Final = "FROM executions e JOIN jobs j ON j.id = e.job_id"


async def of_job(connection: Connection, job: int, limit: int | None = None, offset: int = 0) -> list[Row]:
    """The executions of a job (by its number) in the order in which they were planned."""
    cursor = await connection.execute(
        f"SELECT {_ITEM} {_FROM} WHERE e.job_id = %s ORDER BY e.id LIMIT %s OFFSET %s", (job, limit, offset)
    )
    return await cursor.fetchall()


async def count_of_job(connection: Connection, job: int) -> int:
    """How many executions a job has."""
    return await count(connection, "SELECT count(*) AS total FROM executions WHERE job_id = %s", (job,))


async def page(connection: Connection, job_id: str | None, limit: int, offset: int) -> tuple[list[Row], int]:
    """Executions of one job or of all, newest first, and how many there are."""
    where = "" if job_id is None else "WHERE j.jobspec_id = %(job)s"
    values = {"job": job_id, "limit": limit, "offset": offset}
    counted = "FROM executions" if job_id is None else f"{_FROM} {where}"
    total = await count(connection, f"SELECT count(*) AS total {counted}", values)
    statement = f"SELECT {_ITEM} {_FROM} {where} ORDER BY e.id DESC LIMIT %(limit)s OFFSET %(offset)s"
    return await planned(connection, statement, values), total


async def find(connection: Connection, number: int) -> Row | None:
    """One execution with everything that is known of it."""
    cursor = await connection.execute(f"SELECT {_DETAILS} {_FROM} WHERE e.id = %s", (number,))
    return await cursor.fetchone()


async def of_region(connection: Connection, run: UUID, region: str) -> list[Row]:
    """The executions in one region of a cross-region execution."""
    cursor = await connection.execute(
        f"""
        SELECT {_ITEM} {_FROM} JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
        WHERE c.id = %s AND e.region = %s ORDER BY e.id
        """,
        (run, region),
    )
    return await cursor.fetchall()


async def counts_by_status(connection: Connection) -> dict[str, int]:
    """How many executions there are in each status that occurs."""
    cursor = await connection.execute("SELECT status, count(*) AS total FROM executions GROUP BY status")
    return {row["status"]: row["total"] for row in await cursor.fetchall()}
