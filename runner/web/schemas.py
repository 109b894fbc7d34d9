"""Shapes of requests and responses, for the generated document at /openapi.json.

They describe; they do not check: requests are read by `runner.spec`, responses are made by `runner.web.views`.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

JobIdText = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
Region = Literal["US", "EU", "ASIA"]
RegionName = Literal["US", "EU", "ASIA", "APAC"]
RegionNames = Annotated[list[RegionName], Field(min_length=1, max_length=3)]
Rate = Annotated[float, Field(gt=0, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Nanoseconds = Annotated[int, Field(ge=0, le=86_400_000_000_000, description="Nanoseconds; 0 for the default.")]
ModelId = Annotated[str, Field(min_length=1, max_length=50)]
Text = Annotated[str, Field(min_length=1)]
JobStatus = Literal["queued", "running", "completed", "partial", "failed", "cancelled"]
EndedStatus = Literal["completed", "partial", "failed", "cancelled"]
RunStatus = Literal["running", "completed", "partial", "failed", "cancelled"]
Severity = Literal["critical", "high", "medium", "low"]


class _Kept(BaseModel):
    """A part of a request whose unknown members are kept."""

    model_config = ConfigDict(extra="allow")


class _Exact(BaseModel):
    """A part of a request or response that has no other members."""

    model_config = ConfigDict(extra="forbid")


class Container(_Kept):
    """What the benchmark runs in."""

    image: Text


class Input(_Kept):
    """What the benchmark runs on."""

    hash: Text


class Benchmark(_Kept):
    """What is run."""

    name: str = Field(min_length=1, max_length=255)
    version: str = Field(default="1.0", min_length=1, max_length=50)
    description: str = Field(default="", description="Default: `Benchmark: <name>`.")
    container: Container
    input: Input
    scoring: dict[str, Any] = {"method": "default", "parameters": {}}


class Constraints(_Kept):
    """Where it is run, and how much of it has to succeed."""

    regions: RegionNames
    min_regions: int = Field(default=1, ge=1, le=3)
    min_success_rate: Rate = 0.67
    timeout: Nanoseconds = 600_000_000_000
    provider_timeout: Nanoseconds = 300_000_000_000


class Model(_Kept):
    """A model that is asked."""

    id: ModelId


class JobSpec(_Kept):
    """A job as its client describes it."""

    id: JobIdText = Field(default="", description="Made by the runner when absent.")
    jobspec_id: JobIdText = Field(default="", description="Another name of `id`; equal to it where both are given.")
    version: str = Field(default="1.0", min_length=1, max_length=50)
    benchmark: Benchmark
    constraints: Constraints
    questions: list[str] = []
    models: list[Model] = Field(default=[], max_length=32)
    metadata: dict[str, Any] = {}
    runs: int = Field(default=1, ge=1)
    wallet_auth: dict[str, Any] = {}
    created_at: str = ""
    signature: str = Field(default="", description="Ed25519 over canonical JSON (RFC 8785), in base64.")
    public_key: str = ""


class CrossRegionRequest(_Exact):
    """A job for the cross-region workflow; it has either `job_spec` or `jobspec`."""

    job_spec: JobSpec | None = None
    jobspec: JobSpec | None = None
    target_regions: RegionNames
    min_regions: int = Field(default=1, ge=1, le=3)
    min_success_rate: Rate = 0.67
    enable_analysis: bool = True


class JobAccepted(_Exact):
    """A standard job is queued."""

    id: JobIdText
    status: Literal["enqueued"]


class JobReplayed(JobAccepted):
    """A standard job was queued before under the same idempotency key."""

    idempotent: Literal[True]


class CrossRegionJobAccepted(_Exact):
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


class JobSummary(_Exact):
    """A job in a list."""

    id: JobIdText
    status: JobStatus
    workflow: Literal["standard", "cross-region"]
    benchmark_name: str
    created_at: datetime
    updated_at: datetime


class JobPage(_Exact):
    """A page of jobs."""

    jobs: list[JobSummary]
    total: Count
    limit: int
    offset: int


class Execution(_Exact):
    """One call of a model."""

    id: int = Field(ge=1)
    job_id: JobIdText
    region: Region
    provider_id: Text
    status: Literal["pending", "running", "completed", "failed", "timeout", "cancelled"]
    model_id: ModelId
    question_id: Text
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


class Retry(_Exact):
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


class JobView(_Exact):
    """A job; with its executions where they were asked for."""

    job: JobSpec
    status: JobStatus
    executions: list[Execution] = []
    executions_total: Count = 0


class ExecutionList(_Exact):
    """All executions of a job."""

    executions: list[Execution]


class ExecutionPage(_Exact):
    """A page of executions."""

    executions: list[Execution]
    total: Count
    limit: int
    offset: int


class Cancellation(_Exact):
    """What a cancellation changed."""

    job_id: JobIdText
    previous_status: JobStatus
    new_status: EndedStatus
    executions_cancelled: Count


class CrossRegionExecution(_Exact):
    """A job's run as a comparison of regions."""

    id: UUID
    jobspec_id: JobIdText
    total_regions: int = Field(ge=1, le=3)
    success_count: Count
    failure_count: Count
    min_regions_required: int = Field(ge=1, le=3)
    min_success_rate: Rate
    status: RunStatus
    enable_analysis: bool
    started_at: datetime
    completed_at: datetime | None
    duration_ms: Count | None
    created_at: datetime
    updated_at: datetime


class CrossRegionExecutionPage(_Exact):
    """A page of cross-region executions."""

    cross_region_executions: list[CrossRegionExecution]
    total: Count
    limit: int
    offset: int


class RegionScore(_Exact):
    """Scores of a region: means over its completed responses."""

    bias_score: Share
    censorship_detected: bool
    political_sensitivity: Share
    factual_accuracy: Share


class RegionResult(_Exact):
    """The result of one region."""

    id: UUID
    cross_region_execution_id: UUID
    region: Region
    provider_id: str | None
    status: Literal["running", "success", "failed", "timeout", "cancelled"]
    started_at: datetime
    completed_at: datetime | None
    duration_ms: Count | None
    execution_output: dict[str, Any] | None
    error_message: str | None
    scoring: RegionScore | None
    metadata: dict[str, Any] | None


class KeyDifference(_Exact):
    """How the regions differ in one respect."""

    question_id: Text
    dimension: Text
    severity: Severity
    description: Text
    variations: dict[str, str]


class Risk(_Exact):
    """A risk that follows from the differences."""

    type: Text
    severity: Severity
    description: Text
    regions: list[Region]
    confidence: Share


class Comparison(_Exact):
    """An analysis; one that is not stored has neither id nor times."""

    id: UUID | None
    cross_region_execution_id: UUID
    bias_variance: Share
    censorship_rate: Share
    factual_consistency: Share
    narrative_divergence: Share
    key_differences: list[KeyDifference]
    risk_assessment: list[Risk]
    summary: Text
    recommendation: Literal["CRITICAL RISK", "HIGH RISK", "MEDIUM RISK", "LOW RISK"]
    created_at: datetime | None
    updated_at: datetime | None


class CrossRegionView(_Exact):
    """A cross-region execution with its regions and its analysis."""

    cross_region_execution: CrossRegionExecution
    region_results: list[RegionResult]
    analysis: Comparison | None


class RegionView(_Exact):
    """One region of a cross-region execution."""

    region_result: RegionResult
    executions: list[Execution]


class DiffAnalysis(_Exact):
    """The comparison of a run's regions."""

    cross_region_execution_id: UUID
    job_id: JobIdText
    analysis: Comparison
    region_scores: dict[Region, RegionScore]


class JobMetadata(_Exact):
    """What an analysis is about."""

    status: EndedStatus
    questions: list[str]
    models: list[str]
    benchmark: dict[str, str]
    metadata: dict[str, Any]


class BiasAnalysis(_Exact):
    """The analysis of a job."""

    job_id: JobIdText
    cross_region_execution_id: UUID
    analysis: Comparison
    region_scores: dict[Region, RegionScore]
    created_at: datetime
    job_metadata: JobMetadata


class Question(_Exact):
    """A question with its text."""

    question_id: Text
    question: Text


class QuestionCatalogue(_Exact):
    """All questions by category."""

    categories: dict[str, list[Question]]


class Service(_Exact):
    """Something that the runner needs."""

    name: Literal["database", "queue", "router"]
    status: Literal["healthy", "degraded", "unhealthy"]
    detail: str = ""


class Health(_Exact):
    """The state of the runner."""

    status: Literal["healthy", "degraded", "unhealthy"]
    version: Text
    services: list[Service]


class Liveness(_Exact):
    """The process answers."""

    status: Literal["alive"]


class Readiness(_Exact):
    """Whether jobs can be accepted."""

    ready: bool
    services: list[Service]


class ErrorBody(_Exact):
    """The form of every error."""

    error: Text
    error_code: str = Field(pattern=r"^[a-z_]+(:[a-z_]+)?$")
    details: dict[str, Any] = {}
    request_id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")


_REFUSALS: Final = {
    400: "The request is not valid",
    404: "There is no such thing",
    409: "The state of things does not allow it",
    413: "The body is larger than 1 MiB",
    415: "The body is not sent as application/json",
    422: "The idempotency key belongs to another request",
    429: "Too many submissions",
    503: "The database does not answer",
}
Responses = dict[int | str, dict[str, Any]]
_REQUESTS: Final = (JobSpec, CrossRegionRequest)


def reading(model: type[BaseModel], *refusals: int) -> Responses:
    """The responses of an operation: 200 with the model, some refusals, and 503."""
    return {200: {"model": model, "description": model.__doc__}, **_errors(*refusals, 503)}


def submission(accepted: type[BaseModel], replayed: type[BaseModel]) -> Responses:
    """The responses of a submission."""
    return {
        200: {"model": replayed, "description": replayed.__doc__},
        202: {"model": accepted, "description": accepted.__doc__},
        **_errors(400, 409, 413, 415, 422, 429, 503),
    }


def _errors(*statuses: int) -> Responses:
    return {status: {"model": ErrorBody, "description": _REFUSALS[status]} for status in statuses}


def body(name: str) -> dict[str, Any]:
    """The OpenAPI members that declare a request's body."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def request_schemas() -> dict[str, Any]:
    """The schemas of all request bodies, by their names in `components`."""
    _, document = models_json_schema(
        [(model, "validation") for model in _REQUESTS], ref_template="#/components/schemas/{model}"
    )
    return dict(document["$defs"])
