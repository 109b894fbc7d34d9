"""Reading executions."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from runner.spec import JOB_ID, RESERVED_ID, job_id_problem
from runner.store import executions
from runner.web import schemas, views
from runner.web.errors import JsonBody, invalid_parameter, not_found
from runner.web.params import ONCE, ExecutionId, Limit, Offset, execution_number

router = APIRouter(prefix="/api/v1/executions", tags=["executions"], dependencies=ONCE)

JobFilter = Annotated[
    str | None,
    Query(
        description="Only the executions of this job.",
        json_schema_extra={"pattern": JOB_ID, "not": {"const": RESERVED_ID}},
    ),
]


@router.get("", operation_id="listExecutions", responses=schemas.reading(schemas.ExecutionPage, 400))
async def list_executions(
    request: Request, jobspec_id: JobFilter = None, limit: Limit = 50, offset: Offset = 0
) -> JsonBody:
    """List executions, newest first; those of one job when it is named."""
    if jobspec_id is not None and (problem := job_id_problem(jobspec_id)):
        raise invalid_parameter("jobspec_id", problem)
    async with request.app.state.database.snapshot() as connection:
        rows, total = await executions.page(connection, jobspec_id, limit, offset)
    return JsonBody(
        {"executions": [views.execution(row) for row in rows], "total": total, "limit": limit, "offset": offset}
    )


@router.get(
    "/{execution_id}/details",
    operation_id="getExecutionDetails",
    responses=schemas.reading(schemas.ExecutionDetails, 400, 404, s404=("execution_not_found",)),
)
async def get_execution_details(request: Request, execution_id: ExecutionId) -> JsonBody:
    """Show one execution with everything that is known of it."""
    number = execution_number(execution_id)
    async with request.app.state.database.connection() as connection:
        row = await executions.find(connection, number)
    if row is None:
        raise not_found("execution", f"There is no execution {number}.")
    return JsonBody(views.execution_details(row))
