"""The row model of each table: columns, the JSON in them, and the rules within a row.

Rows are taken as psycopg returns them from a session in UTC: JSON parsed, NUMERIC as Decimal, times with zone. Where
a row's columns depend on its status, the table has a model for each status. What a value must be in view of other rows
is the business of ``invariants/``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, RootModel, StringConstraints, model_validator

from contracts.database.formats import (
    Accepted,
    AskedQuestion,
    Closed,
    CompletedOutput,
    Count,
    CrossRegionAccepted,
    FailedOutput,
    JobId,
    JobSpec,
    KeyDifference,
    Milliseconds,
    ModelId,
    Moment,
    Provider,
    Region,
    RegionCounts,
    RegionOutput,
    Regions,
    RegionScore,
    Retry,
    Risk,
    Serial,
    Text,
    broken,
)


def _check_duration(row: Any) -> None:
    elapsed = (row.completed_at - row.started_at) / timedelta(milliseconds=1)
    if abs(row.duration_ms - elapsed) > 1:
        raise broken("duration_ms", "completed_at - started_at in milliseconds", f"{row.duration_ms}, not {elapsed}")


class Job(Closed):
    """A row of ``jobs``."""

    id: Serial
    jobspec_id: JobId
    jobspec_data: JobSpec
    status: Literal["queued", "running", "completed", "partial", "failed", "cancelled"]
    created_at: Moment
    updated_at: Moment
    workflow: Literal["standard", "cross-region"]


class ExecutionRow(Closed):
    """The columns of ``executions`` in every status."""

    id: Serial
    job_id: Serial
    provider_id: Provider
    region: Region
    started_at: Moment | None
    created_at: Moment
    ipfs_cid: str | None
    ipfs_pinned_at: Moment | None
    question_id: AskedQuestion
    model_id: ModelId
    is_substantive: bool
    is_content_refusal: bool
    is_technical_error: bool
    response_classification: Literal["substantive", "content_refusal", "technical_failure", "unknown"]
    response_length: Count
    system_prompt: str | None
    retry_count: Count
    max_retries: Count
    last_retry_at: Moment | None
    retry_history: list[Retry]
    original_error: str | None
    cross_region_execution_id: UUID | None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for kind, column in _FLAGS.items():
            if getattr(self, column) != (self.response_classification == kind):
                expected = f"true for {kind} only, here {self.response_classification}"
                raise broken(column, expected, getattr(self, column))
        if self.started_at is None and self.retry_count > 0:
            raise broken("retry_count", "0 for an execution that never started", self.retry_count)
        if (self.last_retry_at is None) != (self.retry_count == 0):
            expected = "a time where there were retries, else null"
            raise broken("last_retry_at", expected, f"{self.last_retry_at} after {self.retry_count}")
        moments = [datetime.fromisoformat(retry.at) for retry in self.retry_history]
        if moments != sorted(moments):
            raise broken("retry_history", "the oldest first", [retry.at for retry in self.retry_history])
        return self


_FLAGS = {
    "substantive": "is_substantive",
    "content_refusal": "is_content_refusal",
    "technical_failure": "is_technical_error",
}


class PendingExecution(ExecutionRow):
    """An execution whose call has not begun."""

    status: Literal["pending"]
    started_at: None
    completed_at: None
    output_data: None
    receipt_data: None
    response_classification: Literal["unknown"]
    response_length: Literal[0]


class RunningExecution(ExecutionRow):
    """An execution whose call is under way."""

    status: Literal["running"]
    started_at: Moment
    completed_at: None
    output_data: None
    receipt_data: None
    response_classification: Literal["unknown"]
    response_length: Literal[0]


class CompletedExecution(ExecutionRow):
    """An execution that got an answer."""

    status: Literal["completed"]
    started_at: Moment
    completed_at: Moment
    output_data: CompletedOutput
    receipt_data: dict[str, Any] | None
    response_classification: Literal["substantive", "content_refusal", "unknown"]

    @model_validator(mode="after")
    def _measured(self) -> Self:
        length = len(self.output_data.response)
        scored = self.output_data.bias_score.response_length
        if self.response_length != length:
            raise broken("response_length", "the number of code points of the response", self.response_length)
        if scored != length:
            column = "output_data/bias_score/response_length"
            raise broken(column, "the number of code points of the response", scored)
        if self.response_classification == "substantive" and length <= 200:
            raise broken("response_classification", "substantive above 200 code points only", length)
        if self.response_classification == "unknown" and length > 200:
            raise broken("response_classification", "unknown up to 200 code points only", length)
        return self


class FailedExecution(ExecutionRow):
    """An execution that got no answer."""

    status: Literal["failed", "timeout"]
    completed_at: Moment
    output_data: FailedOutput
    receipt_data: None
    response_classification: Literal["technical_failure"]
    response_length: Literal[0]

    @model_validator(mode="after")
    def _own_failure(self) -> Self:
        failure = self.output_data.failure
        if failure.region != self.region:
            raise broken("output_data/failure/region", "the row's region", failure.region)
        if failure.model != self.model_id:
            raise broken("output_data/failure/model", "the row's model_id", failure.model)
        return self


class CancelledExecution(ExecutionRow):
    """An execution whose job was cancelled before it had an answer."""

    status: Literal["cancelled"]
    completed_at: Moment
    output_data: None
    receipt_data: None
    response_classification: Literal["unknown"]
    response_length: Literal[0]


class Execution(
    RootModel[
        Annotated[
            PendingExecution | RunningExecution | CompletedExecution | FailedExecution | CancelledExecution,
            Field(discriminator="status"),
        ]
    ]
):
    """A row of ``executions``."""


class RunRow(Closed):
    """The columns of ``cross_region_executions`` in every status."""

    id: UUID
    jobspec_id: JobId
    total_regions: Annotated[int, Field(ge=1, le=3)]
    success_count: Regions
    failure_count: Regions
    min_regions_required: Annotated[int, Field(ge=1, le=3)]
    min_success_rate: Annotated[Decimal, Field(gt=0, le=1)]
    enable_analysis: bool
    started_at: Moment
    created_at: Moment
    updated_at: Moment


class RunningRun(RunRow):
    """A run that has not ended."""

    status: Literal["running"]
    analysis_error: None
    completed_at: None
    duration_ms: None


class EndedRun(RunRow):
    """A run that has ended."""

    status: Literal["completed", "partial", "failed", "cancelled"]
    analysis_error: Text | None
    completed_at: Moment
    duration_ms: Milliseconds

    @model_validator(mode="after")
    def _timed(self) -> Self:
        _check_duration(self)
        return self


class CrossRegionExecution(RootModel[Annotated[RunningRun | EndedRun, Field(discriminator="status")]]):
    """A row of ``cross_region_executions``."""


class RegionRow(Closed):
    """The columns of ``region_results`` in every status."""

    id: UUID
    cross_region_execution_id: UUID
    region: Region
    provider_id: Provider | None
    provider_info: dict[str, Any] | None
    started_at: Moment
    created_at: Moment
    updated_at: Moment


class RunningRegion(RegionRow):
    """A region that is not decided."""

    status: Literal["running"]
    completed_at: None
    duration_ms: None
    execution_output: None
    error_message: None
    scoring: None
    metadata: None


class EndedRegion(RegionRow):
    """A region that is decided."""

    completed_at: Moment
    duration_ms: Milliseconds
    metadata: RegionCounts

    @model_validator(mode="after")
    def _timed(self) -> Self:
        _check_duration(self)
        return self


class SuccessfulRegion(EndedRegion):
    """A region with at least one completed execution."""

    status: Literal["success"]
    provider_id: Provider
    execution_output: RegionOutput
    error_message: None
    scoring: RegionScore


class FailedRegion(EndedRegion):
    """A region without a completed execution, or one whose job was cancelled before it was decided."""

    status: Literal["failed", "timeout", "cancelled"]
    execution_output: None
    error_message: Text
    scoring: None


class RegionResult(
    RootModel[Annotated[RunningRegion | SuccessfulRegion | FailedRegion, Field(discriminator="status")]]
):
    """A row of ``region_results``."""


class CrossRegionAnalysis(Closed):
    """A row of ``cross_region_analyses``."""

    id: UUID
    cross_region_execution_id: UUID
    bias_variance: Decimal
    censorship_rate: Decimal
    factual_consistency: Decimal
    narrative_divergence: Decimal
    key_differences: list[KeyDifference]
    risk_assessment: list[Risk]
    summary: Text
    recommendation: Literal["CRITICAL RISK", "HIGH RISK", "MEDIUM RISK", "LOW RISK"]
    created_at: Moment
    updated_at: Moment


class IdempotencyKey(Closed):
    """A row of ``idempotency_keys``."""

    id: Serial
    idem_key: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,255}$")]
    jobspec_id: JobId
    request_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    response: Annotated[Accepted | CrossRegionAccepted, Field(discriminator="status")]
    created_at: Moment


class SignatureNonce(Closed):
    """A row of ``signature_nonces``."""

    public_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$")]
    nonce: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    seen_at: Moment


TABLES: dict[str, type[BaseModel]] = {
    "jobs": Job,
    "executions": Execution,
    "cross_region_executions": CrossRegionExecution,
    "region_results": RegionResult,
    "cross_region_analyses": CrossRegionAnalysis,
    "idempotency_keys": IdempotencyKey,
    "signature_nonces": SignatureNonce,
}
"""The model of each table's rows."""
