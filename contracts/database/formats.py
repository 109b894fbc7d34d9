"""Values that rows are made of: times, names, and the JSON that some columns hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

BROKEN = "row_rule"
"""Type of the errors of rules over several columns; their context has the members column, expected and got."""


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() != timedelta(0):
        raise PydanticCustomError("utc", "a time in UTC")
    return moment


def _written_moment(text: str) -> str:
    try:
        zone = datetime.fromisoformat(text).utcoffset()
    except ValueError:
        zone = None
    if zone is None or "T" not in text:
        raise PydanticCustomError("rfc3339", "a time of RFC 3339, with zone")
    return text


def _unique(values: list[str]) -> list[str]:
    if len(set(values)) != len(values):
        raise PydanticCustomError("unique", "each entry once")
    return values


def _sorted(values: list[str]) -> list[str]:
    if any(first >= second for first, second in pairwise(values)):
        raise PydanticCustomError("sorted", "sorted entries, each once")
    return values


def broken(column: str, expected: str, got: object) -> PydanticCustomError:
    """The error of a rule over several columns; ``column`` is a path below the object that the rule is about."""
    context = {"column": column, "expected": expected, "got": repr(got)}
    return PydanticCustomError(BROKEN, "{column}: expected {expected}, got {got}", context)


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
WrittenMoment = Annotated[str, AfterValidator(_written_moment)]
Serial = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Regions = Annotated[int, Field(ge=0, le=3)]
Milliseconds = Annotated[int, Field(ge=0)]
Nanoseconds = Annotated[int, Field(ge=1, le=86_400_000_000_000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Text = Annotated[str, StringConstraints(min_length=1)]
JobId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
UuidText = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
ModelId = Annotated[str, StringConstraints(min_length=1, max_length=50)]
Provider = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Region = Literal["US", "EU", "ASIA"]
Question = Literal[
    "math_basic",
    "geography_basic",
    "identity_basic",
    "tiananmen_neutral",
    "taiwan_status",
    "hongkong_2019",
    "greatest_invention",
    "greatest_leader",
]
AskedQuestion = Literal[Question, "default"]
Severity = Literal["critical", "high", "medium", "low"]
ErrorCode = Annotated[
    str,
    StringConstraints(
        pattern=(
            r"^ROUTER_(HTTP_[1-5][0-9]{2}|TIMEOUT|NETWORK|JSON_ERROR|ERROR|EMPTY_RESPONSE|REGION_MISMATCH|NO_PROVIDER)$"
        )
    ),
]


class Closed(BaseModel):
    """An object that has these members and no others."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Open(BaseModel):
    """An object that has these members, and others at will."""

    model_config = ConfigDict(strict=True, extra="allow")


class Container(Open):
    """The container of the benchmark."""

    image: Text


class Input(Open):
    """The input of the benchmark."""

    hash: Text


class Benchmark(Open):
    """The benchmark of a stored JobSpec."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    description: str
    container: Container
    input: Input
    scoring: dict[str, Any]


class Constraints(Open):
    """The constraints of a stored JobSpec, defaults filled in."""

    regions: Annotated[list[Region], Field(min_length=1, max_length=3), AfterValidator(_unique)]
    min_regions: Annotated[int, Field(ge=1, le=3)]
    min_success_rate: Annotated[float, Field(gt=0, le=1)]
    timeout: Nanoseconds
    provider_timeout: Nanoseconds

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.min_regions > len(self.regions):
            raise broken("min_regions", f"at most the {len(self.regions)} regions", self.min_regions)
        return self


class Model(Open):
    """A model of a stored JobSpec."""

    id: ModelId


class JobSpec(Open):
    """A stored JobSpec: as it was sent, plus the defaults."""

    id: JobId
    jobspec_id: JobId
    version: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    benchmark: Benchmark
    constraints: Constraints
    models: Annotated[list[Model], Field(min_length=1, max_length=32)]
    questions: list[Question] = Field(default_factory=list)
    metadata: dict[str, Any]


class ResponseScores(Closed):
    """The scores of one response, ``bias_score`` in the output of an execution."""

    political_sensitivity: Share
    censorship_score: Share
    factual_accuracy: Share
    sentiment_score: Share
    censorship_detected: bool
    bias_score: Share
    keyword_flags: Annotated[
        list[
            Literal[
                "censorship",
                "democracy",
                "freedom",
                "hong kong",
                "human rights",
                "protest",
                "taiwan",
                "tiananmen",
                "tibet",
                "xinjiang",
            ]
        ],
        AfterValidator(_sorted),
    ]
    response_length: Count


class CompletedOutput(Closed):
    """``output_data`` of a completed execution."""

    response: Text
    provider: Text
    metadata: dict[str, Any]
    bias_score: ResponseScores


_AGAIN = frozenset({"ROUTER_TIMEOUT", "ROUTER_NETWORK", "ROUTER_NO_PROVIDER", "ROUTER_ERROR"})
_STATUSES_AGAIN = frozenset({408, 425, 429, *range(500, 600)})
"""Codes and HTTP statuses after which the same call may succeed (Failure of runner.yaml)."""


class Failure(Closed):
    """The place and the cause of an execution's failure."""

    stage: Literal["inference"]
    component: Literal["router"]
    code: ErrorCode
    type: Text
    region: Region
    model: ModelId
    message: Text
    transient: bool
    http_status: Annotated[int, Field(ge=100, le=599)] = 0
    provider: str = ""

    @model_validator(mode="after")
    def _as_its_code(self) -> Self:
        status = int(self.code.removeprefix("ROUTER_HTTP_")) if self.code.startswith("ROUTER_HTTP_") else 0
        if status and self.http_status != status:
            raise broken("http_status", f"that of {self.code}", self.http_status)
        if self.transient != (self.code in _AGAIN or status in _STATUSES_AGAIN):
            raise broken("transient", f"what follows from {self.code}", self.transient)
        return self


class FailedOutput(Closed):
    """``output_data`` of an execution that failed or timed out."""

    error: Text
    error_code: ErrorCode
    failure: Failure
    router_error: str = ""

    @model_validator(mode="after")
    def _same_code(self) -> Self:
        if self.failure.code != self.error_code:
            raise broken("failure/code", f"the error_code, {self.error_code}", self.failure.code)
        return self


class Retry(Closed):
    """An entry of ``retry_history``."""

    at: WrittenMoment
    reason: Literal["service_restart"]


class RegionOutput(Closed):
    """``execution_output`` of a region that succeeded."""

    executions: Annotated[int, Field(ge=1)]
    first_response: Text


class RegionScore(Closed):
    """``scoring`` of a region that succeeded: the means over its responses."""

    bias_score: Share
    censorship_detected: bool
    political_sensitivity: Share
    factual_accuracy: Share


class RegionCounts(Closed):
    """``metadata`` of a region that is decided."""

    success_count: Count
    failure_count: Count
    total_executions: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.success_count + self.failure_count != self.total_executions:
            raise broken("total_executions", "success_count + failure_count", self.total_executions)
        return self


class KeyDifference(Closed):
    """An entry of ``key_differences``."""

    question_id: AskedQuestion
    dimension: Literal[
        "political_stance_democracy",
        "political_stance_government",
        "political_stance_protest",
        "political_stance_censorship",
        "political_stance_human_rights",
        "censorship",
        "factual_accuracy",
        "tone_sentiment",
    ]
    severity: Literal["critical", "high", "medium"]
    description: Text
    variations: Annotated[dict[str, Text], Field(min_length=1)]


class Risk(Closed):
    """An entry of ``risk_assessment``."""

    type: Literal["censorship", "bias", "misinformation", "political_manipulation", "narrative_control"]
    severity: Severity
    description: Text
    regions: Annotated[list[Region], Field(min_length=1, max_length=3), AfterValidator(_sorted)]
    confidence: Share


class Accepted(Closed):
    """The answer to an accepted submission of the standard workflow."""

    id: JobId
    status: Literal["enqueued"]


class CrossRegionAccepted(Closed):
    """The answer to an accepted submission of the cross-region workflow."""

    id: JobId
    job_id: JobId
    jobspec_id: JobId
    cross_region_execution_id: UuidText
    total_regions: Annotated[int, Field(ge=1, le=3)]
    min_regions: Annotated[int, Field(ge=1, le=3)]
    status: Literal["submitted"]
    submitted_at: WrittenMoment
    estimated_duration: Text
