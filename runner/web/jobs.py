"""Submitting, reading and cancelling jobs."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import rfc8785
from fastapi import APIRouter, Query, Request
from pydantic import BeforeValidator

from runner import logging, signature, spec
from runner.store import executions, jobs
from runner.store.cancel import cancel
from runner.validation import SpecError
from runner.web import schemas, views
from runner.web.body import read_object
from runner.web.errors import ApiError, JsonBody, invalid_parameter
from runner.web.limits import count_submission
from runner.web.params import MAX_INTEGER, ONCE, Day, JobId, Limit, Offset, decimal, unknown_job, utc
from runner.web.schemas.base import JobStatus, Workflow

router = APIRouter(prefix="/api/v1", tags=["jobs"])

_KEY: Final = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")
_SECONDS_FOR_EACH_EXECUTION: Final = (5, 20)
"""A quick and a slow answer of a model; regions run side by side, the executions of one region one after another."""

_log = logging.get(__name__)

ExecLimit = Annotated[int, Query(ge=1, le=200, description="Executions shown."), BeforeValidator(decimal)]
ExecOffset = Annotated[int, Query(ge=0, le=MAX_INTEGER, description="Executions skipped."), BeforeValidator(decimal)]
Include = Annotated[Literal["executions"] | None, Query(description="What to show besides the job.")]
Search = Annotated[
    str | None,
    Query(min_length=1, max_length=100, description="Only jobs whose id or benchmark's name has this part."),
]
StatusFilter = Annotated[JobStatus | None, Query(description="Only jobs of this status.")]
WorkflowFilter = Annotated[Workflow | None, Query(description="Only jobs of this workflow.")]
From = Annotated[Day | None, Query(alias="from", description="Only jobs created on this day of UTC or later.")]
To = Annotated[Day | None, Query(alias="to", description="Only jobs created on this day of UTC or earlier.")]


@router.post(
    "/jobs",
    operation_id="submitJob",
    status_code=202,
    responses=schemas.submission(schemas.JobAccepted, schemas.JobReplayed),
    openapi_extra=schemas.body("JobSpec"),
)
async def submit(request: Request) -> JsonBody:
    """Submit a job to the standard workflow."""
    return await _submit(request, spec.standard, lambda job, _run, _at: {"id": job.job_id, "status": "enqueued"})


@router.post(
    "/jobs/cross-region",
    operation_id="submitCrossRegionJob",
    status_code=202,
    responses=schemas.submission(schemas.CrossRegionJobAccepted, schemas.CrossRegionJobReplayed),
    openapi_extra=schemas.body("CrossRegionRequest"),
)
async def submit_cross_region(request: Request) -> JsonBody:
    """Submit a job to the cross-region workflow."""
    return await _submit(request, spec.cross_region, _submitted)


def _submitted(job: spec.Submission, run: UUID | None, at: datetime) -> dict[str, Any]:
    calls = len(job.models) * len(job.questions)
    quick, slow = (math.ceil(calls * seconds / 60) for seconds in _SECONDS_FOR_EACH_EXECUTION)
    return {
        "id": job.job_id,
        "job_id": job.job_id,
        "jobspec_id": job.job_id,
        "cross_region_execution_id": str(run),
        "total_regions": len(job.regions),
        "min_regions": job.min_regions,
        "status": "submitted",
        "submitted_at": utc(at),
        "estimated_duration": f"{quick}-{slow} minutes" if slow > quick else "1 minute",
    }


async def _submit(
    request: Request,
    read: Callable[[dict[str, Any]], spec.Submission],
    answer: Callable[[spec.Submission, UUID | None, datetime], Mapping[str, Any]],
) -> JsonBody:
    """Take a submission in: form, idempotency key, signature, and then all of its rows at once."""
    count_submission(request)
    key_text = _idempotency_key(request)
    body = await read_object(request)
    # Jobs wait for submissions: one whose body is still on its way is none yet, however slow its client is.
    with request.app.state.intake.submission():
        return await _take_in(request, body, key_text, read, answer)


async def _take_in(
    request: Request,
    body: dict[str, Any],
    key_text: str | None,
    read: Callable[[dict[str, Any]], spec.Submission],
    answer: Callable[[spec.Submission, UUID | None, datetime], Mapping[str, Any]],
) -> JsonBody:
    state = request.app.state
    try:
        submission = read(body)
        logging.bind(job_id=submission.job_id)
        key = None if key_text is None else jobs.IdempotencyKey(key_text, _hash(request.url.path, body))
        # Before the signature: a signed request that is repeated after its five minutes has its first answer too.
        accepted = None if key is None else await jobs.replay(state.database, key)
        if accepted is None:
            nonce = signature.verify(submission.received, required=state.settings.require_signature)
            accepted = await jobs.accept(
                state.database,
                submission,
                nonce,
                key,
                request.state.request_id,
                lambda run, at: answer(submission, run, at),
            )
    except (SpecError, signature.SignatureError, jobs.RefusedError) as error:
        raise _refusal(error) from error
    job_id = accepted.response["id"]
    if accepted.replayed:
        _log.info("job_replayed", job_id=job_id)
        return JsonBody({**accepted.response, "idempotent": True}, 200, _location(job_id))
    state.metrics.accepted(submission.workflow)
    _log.info("job_accepted", workflow=submission.workflow)
    return JsonBody(accepted.response, 202, _location(job_id))


def _location(job_id: str) -> dict[str, str]:
    return {"Location": f"/api/v1/jobs/{job_id}"}


def _idempotency_key(request: Request) -> str | None:
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise invalid_parameter("Idempotency-Key", "has to be given once, with 1 to 255 printable ASCII characters")
    return given[0]


def _hash(path: str, body: dict[str, Any]) -> str:
    try:
        canonical = rfc8785.dumps(body)
    except rfc8785.CanonicalizationError:  # e.g. an integer beyond 2^53 in a member that is only kept
        canonical = json.dumps(_by_value(body), sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(path.encode() + b"\n" + canonical).hexdigest()


def _by_value(value: Any) -> Any:
    """A JSON value in which equal numbers are written alike: 6.0 as 6."""
    if isinstance(value, dict):
        return {name: _by_value(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_by_value(entry) for entry in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _refusal(error: Exception) -> ApiError:
    match error:
        case SpecError():
            return ApiError(400, "validation_error", f"The request is not valid: {error}.", {"errors": error.problems})
        case signature.SignatureError():
            return ApiError(400, error.code, str(error), {"reason": error.reason} if error.reason else None)
        case jobs.DuplicateJobError():
            return ApiError(409, "duplicate_job", f"There is a job {error} already.")
        case jobs.ReplayedNonceError():
            return ApiError(400, "replay_detected", "metadata.nonce was used before with this key.")
        case _:
            return ApiError(422, "idempotency_key_reuse", "This Idempotency-Key was used for another request.")


@router.get("/jobs", operation_id="listJobs", dependencies=ONCE, responses=schemas.reading(schemas.JobPage, 400))
async def list_jobs(
    request: Request,
    limit: Limit = 50,
    offset: Offset = 0,
    q: Search = None,
    status: StatusFilter = None,
    workflow: WorkflowFilter = None,
    first: From = None,
    last: To = None,
) -> JsonBody:
    """List jobs, newest first, that all filters hold for."""
    filters = {"q": q, "status": status, "workflow": workflow, "from": first, "to": last}
    async with request.app.state.database.snapshot() as connection:
        rows, total = await jobs.page(connection, filters, limit, offset)
    return JsonBody({"jobs": [views.job(row) for row in rows], "total": total, "limit": limit, "offset": offset})


@router.get(
    "/jobs/{job_id:job_id}",
    operation_id="getJob",
    dependencies=ONCE,
    responses=schemas.reading(schemas.JobView, 400, 404, s404=("job_not_found",)),
)
async def get_job(
    request: Request, job_id: JobId, include: Include = None, exec_limit: ExecLimit = 100, exec_offset: ExecOffset = 0
) -> JsonBody:
    """Show a job, and a page of its executions in the order in which they were planned."""
    database = request.app.state.database
    # A single statement sees the rows of one moment by itself, and clients wait for a job by asking for it.
    async with database.snapshot() if include else database.connection() as connection:
        job = await jobs.find(connection, job_id)
        if job is None:
            raise unknown_job(job_id)
        view: dict[str, Any] = {"job": job["jobspec_data"], "status": job["status"]}
        if include == "executions":
            rows = await executions.of_job(connection, job["id"], exec_limit, exec_offset)
            view["executions"] = [views.execution(row) for row in rows]
            view["executions_total"] = await executions.count_of_job(connection, job["id"])
    return JsonBody(view)


@router.get(
    "/jobs/{job_id}/executions/all",
    operation_id="listJobExecutions",
    responses=schemas.reading(schemas.ExecutionList, 404, s404=("job_not_found",)),
)
async def list_job_executions(request: Request, job_id: JobId) -> JsonBody:
    """List every execution of a job in the order in which they were planned."""
    async with request.app.state.database.snapshot() as connection:
        job = await jobs.find(connection, job_id)
        if job is None:
            raise unknown_job(job_id)
        rows = await executions.of_job(connection, job["id"])
    return JsonBody({"executions": [views.execution(row) for row in rows]})


@router.post(
    "/jobs/{job_id}/cancel",
    operation_id="cancelJob",
    responses=schemas.reading(schemas.Cancellation, 404, s404=("job_not_found",)),
)
async def cancel_job(request: Request, job_id: JobId) -> JsonBody:
    """Cancel a job; one that has ended is answered unchanged. Needs no body and ignores one."""
    outcome = await cancel(request.app.state.database, job_id)
    if outcome is None:
        raise unknown_job(job_id)
    _log.info("job_cancelled", job_id=job_id, previous_status=outcome.previous_status, executions=outcome.executions)
    return JsonBody(
        {
            "job_id": job_id,
            "previous_status": outcome.previous_status,
            "new_status": outcome.new_status,
            "executions_cancelled": outcome.executions,
        }
    )
