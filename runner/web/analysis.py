"""The bias analysis of a job, and the reasons why there may be none."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from fastapi import APIRouter, Request

from runner.analysis import analyse, region_scores
from runner.jobspec import DEFAULT_MODEL
from runner.questions import DEFAULT_QUESTION
from runner.store import analyses, cross_region, jobs
from runner.store.database import Connection, Row
from runner.web import schemas, views
from runner.web.errors import ApiError, JsonBody
from runner.web.params import JobId, RunId, run_id, unknown_job, unknown_run, utc

router = APIRouter(tags=["analysis"])

MIN_REGIONS: Final = 2
"""Successful regions that a comparison needs."""
_PENDING: Final = {"Retry-After": "2"}
_REASONS: Final = ("analysis_pending", "analysis_disabled", "analysis_failed", "analysis_not_applicable")


@router.get(
    "/api/v2/jobs/{job_id}/bias-analysis",
    operation_id="getBiasAnalysis",
    responses=schemas.reading(schemas.BiasAnalysis, 404, s404=("job_not_found", "standard_workflow", *_REASONS)),
)
async def get_bias_analysis(request: Request, job_id: JobId) -> JsonBody:
    """Show the analysis of a job; where there is none, the error code says why."""
    async with request.app.state.database.snapshot() as connection:
        job = await jobs.find(connection, job_id)
        if job is None:
            raise unknown_job(job_id)
        run = await cross_region.of_job(connection, job_id)
        if run is None:
            raise _none(
                "standard_workflow",
                "This job was submitted to POST /api/v1/jobs, which makes no analysis. Submit it to "
                "POST /api/v1/jobs/cross-region, or run the backfill for jobs that have ended.",
                job,
            )
        results = await cross_region.results(connection, run["id"])
        row = await analyses.find(connection, run["id"])
        if row is None:
            raise _missing(job, run, _successes(results))
        scores = await _scores(connection, job_id, results)
    return JsonBody(
        {
            "job_id": job_id,
            "cross_region_execution_id": str(run["id"]),
            "analysis": views.analysis(row),
            "region_scores": scores,
            "created_at": utc(row["created_at"]),
            "job_metadata": _job_metadata(job),
        }
    )


@router.get(
    "/api/v1/executions/{cross_region_execution_id}/diff-analysis",
    operation_id="getDiffAnalysis",
    responses=schemas.reading(
        schemas.DiffAnalysis,
        400,
        404,
        409,
        s404=("cross_region_execution_not_found", "analysis_pending"),
        s409=("insufficient_regions",),
    ),
)
async def get_diff_analysis(request: Request, cross_region_execution_id: RunId) -> JsonBody:
    """Compare the regions of a run: the stored analysis, or one made for this answer; nothing is written."""
    run_number = run_id(cross_region_execution_id)
    async with request.app.state.database.snapshot() as connection:
        run = await cross_region.find(connection, run_number)
        job = None if run is None else await jobs.find(connection, run["jobspec_id"])
        if run is None or job is None:
            raise unknown_run(run_number)
        if run["status"] == "running":
            raise _none("analysis_pending", "The job has not ended yet; ask again.", job, headers=_PENDING)
        results = await cross_region.results(connection, run_number)
        count = _successes(results)
        if count < MIN_REGIONS:
            raise ApiError(
                409,
                "insufficient_regions",
                f"A comparison needs at least two successful regions; this run has {count}.",
            )
        stored = await analyses.find(connection, run_number)
        analysis: Mapping[str, Any] = stored or await _computed(connection, run, results)
        scores = await _scores(connection, run["jobspec_id"], results)
    return JsonBody(
        {
            "cross_region_execution_id": str(run_number),
            "job_id": run["jobspec_id"],
            "analysis": views.analysis(analysis),
            "region_scores": scores,
        }
    )


def _successes(results: list[Row]) -> int:
    return sum(result["status"] == "success" for result in results)


async def _computed(connection: Connection, run: Row, results: list[Row]) -> dict[str, Any]:
    responses, total = await analyses.responses(connection, run["jobspec_id"])
    regions = [result["region"] for result in results]
    return {**asdict(analyse(responses, total, regions)), "cross_region_execution_id": run["id"]}


async def _scores(connection: Connection, job_id: str, results: list[Row]) -> dict[str, Any]:
    """The scores of every successful region; from the responses themselves where a result has none stored."""
    successful = [result for result in results if result["status"] == "success"]
    if any(result["scoring"] is None for result in successful):
        responses, _ = await analyses.responses(connection, job_id)
        return dict(region_scores(responses))
    return {result["region"]: result["scoring"] for result in successful}


def _none(code: str, message: str, job: Row, headers: Mapping[str, str] | None = None, **details: object) -> ApiError:
    return ApiError(404, code, message, {"status": job["status"], **details}, headers)


def _missing(job: Row, run: Row, successes: int) -> ApiError:
    """Why a job with a cross-region execution has no analysis; the first reason that applies."""
    if run["status"] == "running":
        return _none("analysis_pending", "The job has not ended yet; ask again.", job, headers=_PENDING)
    if not run["enable_analysis"]:
        return _none("analysis_disabled", "The job was submitted with enable_analysis false.", job)
    reason = _failure(job, run, successes)
    if reason is not None:
        return _none("analysis_failed", f"There is no analysis: {reason}.", job, reason=reason)
    return _none(
        "analysis_not_applicable",
        f"An analysis compares at least two successful regions; this job has {successes}.",
        job,
        successful_regions=successes,
    )


def _failure(job: Row, run: Row, successes: int) -> str | None:
    if job["status"] == "cancelled":
        return "the job was cancelled"
    if run["analysis_error"]:
        return str(run["analysis_error"])
    if job["status"] == "failed":
        needed = run["min_regions_required"]
        return f"the job failed: {successes} of {run['total_regions']} regions succeeded, at least {needed} had to"
    if successes >= MIN_REGIONS:
        return "no analysis was stored when the job ended"
    return None


def _job_metadata(job: Row) -> dict[str, Any]:
    # A job of an older service, which the backfill gave its analysis, may lack what every newer one has.
    spec = job["jobspec_data"]
    benchmark = spec.get("benchmark") or {}
    metadata = spec.get("metadata") or {}
    listed = spec.get("models") or metadata.get("models") or [metadata.get("model") or DEFAULT_MODEL]
    models = [model.get("id") or model["name"] if isinstance(model, dict) else model for model in listed]
    return {
        "status": job["status"],
        "questions": list(dict.fromkeys(spec.get("questions") or [DEFAULT_QUESTION])),
        "models": list(dict.fromkeys(models)),
        "benchmark": {"name": benchmark.get("name", ""), "description": benchmark.get("description", "")},
        "metadata": metadata,
    }
