"""Cross-region executions and the results of their regions."""

from typing import Final
from uuid import UUID

from runner.store.database import Connection, Row, count, planned

STATUSES: Final = ("running", "completed", "partial", "failed", "cancelled")

_RUN: Final = """
    id, jobspec_id, total_regions, success_count, failure_count, min_regions_required, min_success_rate, status,
    enable_analysis, analysis_error, started_at, completed_at, duration_ms, created_at, updated_at
"""
_RESULT: Final = """
    id, cross_region_execution_id, region, provider_id, status, started_at, completed_at, duration_ms,
    execution_output, error_message, scoring, metadata
"""


async def find(connection: Connection, run: UUID) -> Row | None:
    """The cross-region execution with this id."""
    cursor = await connection.execute(f"SELECT {_RUN} FROM cross_region_executions WHERE id = %s", (run,))
    return await cursor.fetchone()


async def of_job(connection: Connection, job_id: str) -> Row | None:
    """The cross-region execution of a job; a standard job has none."""
    cursor = await connection.execute(f"SELECT {_RUN} FROM cross_region_executions WHERE jobspec_id = %s", (job_id,))
    return await cursor.fetchone()


async def page(connection: Connection, status: str | None, limit: int, offset: int) -> tuple[list[Row], int]:
    """Cross-region executions of one status or of all, newest first, and how many there are."""
    where = "" if status is None else "WHERE status = %(status)s"
    values = {"status": status, "limit": limit, "offset": offset}
    total = await count(connection, f"SELECT count(*) AS total FROM cross_region_executions {where}", values)
    order = "ORDER BY created_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s"
    return await planned(connection, f"SELECT {_RUN} FROM cross_region_executions {where} {order}", values), total


async def results(connection: Connection, run: UUID) -> list[Row]:
    """The results of all regions, sorted by region."""
    cursor = await connection.execute(
        f"""SELECT {_RESULT} FROM region_results WHERE cross_region_execution_id = %s ORDER BY region COLLATE "C" """,
        (run,),
    )
    return await cursor.fetchall()


async def result(connection: Connection, run: UUID, region: str) -> Row | None:
    """The result of one region."""
    cursor = await connection.execute(
        f"SELECT {_RESULT} FROM region_results WHERE cross_region_execution_id = %s AND region = %s", (run, region)
    )
    return await cursor.fetchone()
