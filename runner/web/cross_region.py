"""Reading cross-region executions and the results of their regions."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request

from runner.spec import REGIONS
from runner.store import analyses, cross_region, executions
from runner.web import schemas, views
from runner.web.errors import JsonBody, invalid_parameter, not_found
from runner.web.params import ONCE, Limit, Offset, RunId, run_id, unknown_run

RegionText = Annotated[str, Path(description="Code or alias.", json_schema_extra={"enum": [*REGIONS]})]
router = APIRouter(prefix="/api/v1/executions", tags=["cross-region"], dependencies=ONCE)

StatusFilter = Annotated[
    Literal["running", "completed", "partial", "failed", "cancelled"] | None,
    Query(description="Only cross-region executions of this status."),
]


@router.get(
    "/cross-region",
    operation_id="listCrossRegionExecutions",
    responses=schemas.reading(schemas.CrossRegionExecutionPage, 400),
)
async def list_cross_region_executions(
    request: Request, status: StatusFilter = None, limit: Limit = 50, offset: Offset = 0
) -> JsonBody:
    """List cross-region executions, newest first."""
    async with request.app.state.database.snapshot() as connection:
        rows, total = await cross_region.page(connection, status, limit, offset)
    return JsonBody(
        {"cross_region_executions": [views.run(row) for row in rows], "total": total, "limit": limit, "offset": offset}
    )


@router.get(
    "/{cross_region_execution_id}/cross-region",
    operation_id="getCrossRegionExecution",
    responses=schemas.reading(schemas.CrossRegionView, 400, 404, s404=("cross_region_execution_not_found",)),
)
async def get_cross_region_execution(request: Request, cross_region_execution_id: RunId) -> JsonBody:
    """Show a cross-region execution with one result for each region, and its analysis where one is stored."""
    run = run_id(cross_region_execution_id)
    async with request.app.state.database.snapshot() as connection:
        row = await cross_region.find(connection, run)
        if row is None:
            raise unknown_run(run)
        results = await cross_region.results(connection, run)
        analysis = await analyses.find(connection, run)
    return JsonBody(
        {
            "cross_region_execution": views.run(row),
            "region_results": [views.region_result(result) for result in results],
            "analysis": None if analysis is None else views.analysis(analysis),
        }
    )


@router.get(
    "/{cross_region_execution_id}/regions/{region}",
    operation_id="getRegionResult",
    responses=schemas.reading(
        schemas.RegionView, 400, 404, s404=("cross_region_execution_not_found", "region_result_not_found")
    ),
)
async def get_region_result(request: Request, cross_region_execution_id: RunId, region: RegionText) -> JsonBody:
    """Show one region of a cross-region execution."""
    run = run_id(cross_region_execution_id)
    code = REGIONS.get(region)
    if code is None:
        raise invalid_parameter("region", f"has to be one of {', '.join(REGIONS)}")
    async with request.app.state.database.snapshot() as connection:
        if await cross_region.find(connection, run) is None:
            raise unknown_run(run)
        result = await cross_region.result(connection, run, code)
        if result is None:
            raise not_found("region_result", f"The run did not target {code}.")
        rows = await executions.of_region(connection, run, code)
    return JsonBody(
        {"region_result": views.region_result(result), "executions": [views.execution(row) for row in rows]}
    )
