"""Shapes of jobs and executions in responses."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from runner.web.schemas.base import (
    AskedQuestionId,
    Count,
    EndedStatus,
    Exact,
    JobIdText,
    JobStatus,
    ModelId,
    Recommendation,
    Region,
    Text,
    Workflow,
)
from runner.web.schemas.requests import JobSpec


class JobAccepted(Exact):
    """A standard job is queued."""

    id: JobIdText
    status: Literal["enqueued"]


class JobReplayed(JobAccepted):
    """A standard job was queued before under the same idempotency key."""

    idempotent: Literal[True]


class CrossRegionJobAccepted(Exact):
    """A cross-region job is queued."""

    id: JobIdText
    job_id: JobIdText
    jobspec_id: JobIdText
    cross_region_execution_id: UUID
    total_regions: int = Field(ge=1, le=3)
    min_regions: int = Field(ge=1, le=3)
    status: Literal["submitted"]
    submitted_at: datetime
    estimated_duration: Text


class CrossRegionJobReplayed(CrossRegionJobAccepted):
    """A cross-region job was queued before under the same idempotency key."""

    idempotent: Literal[True]


class JobSummary(Exact):
    """A job in a list."""

    id: JobIdText
    status: JobStatus
    workflow: Workflow
    benchmark_name: str
    regions: list[Region] = Field(json_schema_extra={"uniqueItems": True})
    models: list[ModelId] = Field(json_schema_extra={"uniqueItems": True})
    risk_level: Recommendation | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime


class JobPage(Exact):
    """A page of jobs."""

    jobs: list[JobSummary]
    total: Count
    limit: int
    offset: int


class Execution(Exact):
    """One call of a model."""

    id: int = Field(ge=1)
    job_id: JobIdText
    region: Region
    provider_id: Text
    status: Literal["pending", "running", "completed", "failed", "timeout", "cancelled"]
    model_id: ModelId
    question_id: AskedQuestionId
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    output: dict[str, Any] | None
    response_classification: Literal["technical_failure", "content_refusal", "substantive", "unknown"]
    is_substantive: bool
    is_content_refusal: bool
    is_technical_error: bool
    response_length: Count
    retry_count: Count
    max_retries: Count
    cross_region_execution_id: UUID | None


class Retry(Exact):
    """A repeated call."""

    at: datetime
    reason: Literal["service_restart"]


class ExecutionDetails(Execution):
    """One call of a model with everything that is known of it."""

    receipt: dict[str, Any] | None
    system_prompt: str | None
    original_error: str | None
    retry_history: list[Retry]
    last_retry_at: datetime | None


class JobView(Exact):
    """A job; with its executions where they were asked for."""

    job: JobSpec
    status: JobStatus
    executions: list[Execution] = Field(default_factory=list)
    executions_total: Count = Field(default_factory=int)


class ExecutionList(Exact):
    """All executions of a job."""

    executions: list[Execution]


class ExecutionPage(Exact):
    """A page of executions."""

    executions: list[Execution]
    total: Count
    limit: int
    offset: int


class Cancellation(Exact):
    """The changes of a cancellation."""

    job_id: JobIdText
    previous_status: JobStatus
    new_status: EndedStatus
    executions_cancelled: Count
