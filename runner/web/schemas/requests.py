"""Shapes of request bodies."""

from typing import Any, Final

from pydantic import ConfigDict, Field
from pydantic.json_schema import models_json_schema

from runner.web.schemas.base import Exact, JobIdText, Kept, ModelId, Nanoseconds, QuestionId, Rate, RegionNames, Text


class Container(Kept):
    """The container that the benchmark runs in."""

    image: Text


class Input(Kept):
    """The input of the benchmark."""

    hash: Text


class Benchmark(Kept):
    """The benchmark."""

    name: str = Field(min_length=1, max_length=255)
    version: str = Field(default="1.0", min_length=1, max_length=50)
    description: str = Field(default_factory=str, description="Default: `Benchmark: <name>`.")
    container: Container
    input: Input
    scoring: dict[str, Any] = Field(default={"method": "default", "parameters": {}})


class Constraints(Kept):
    """The regions of a job, and how much of it has to succeed."""

    regions: RegionNames
    min_regions: int = Field(default=1, ge=1, le=3)
    min_success_rate: Rate = 0.67
    timeout: Nanoseconds = 600_000_000_000
    provider_timeout: Nanoseconds = 300_000_000_000


class Model(Kept):
    """A model that is asked."""

    id: ModelId


class NamedModel(Kept):
    """A model that is asked, by its name."""

    name: ModelId


class Metadata(Kept):
    """The client's own data about a job. Models stand here when the job has no `models`."""

    models: list[ModelId | Model | NamedModel] = Field(default_factory=list, max_length=32)
    model: ModelId = Field(default_factory=str)


class JobSpec(Kept):
    """A job as its client describes it."""

    id: JobIdText = Field(default_factory=str, description="Made by the runner when absent.")
    jobspec_id: JobIdText = Field(default_factory=str, description="Another name of `id`, and equal to it.")
    version: str = Field(default="1.0", min_length=1, max_length=50)
    benchmark: Benchmark
    constraints: Constraints
    questions: list[QuestionId] = Field(default=[])
    models: list[Model] = Field(default=[], max_length=32)
    metadata: Metadata = Field(default={})  # type: ignore[assignment]  # a default as the document shows it
    runs: int = Field(default=1, ge=1)
    wallet_auth: dict[str, Any] = Field(default_factory=dict)
    created_at: str = Field(default_factory=str)
    signature: str = Field(default_factory=str, description="Ed25519 over canonical JSON (RFC 8785), in base64.")
    public_key: str = Field(default_factory=str)


class CrossRegionRequest(Exact):
    """A job for the cross-region workflow; it has either `job_spec` or `jobspec`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "required": ["target_regions"],
            "oneOf": [{"required": ["job_spec"]}, {"required": ["jobspec"]}],
        },
    )

    job_spec: JobSpec
    jobspec: JobSpec
    target_regions: RegionNames
    min_regions: int = Field(default=1, ge=1, le=3)
    min_success_rate: Rate = 0.67
    enable_analysis: bool = True


REQUESTS: Final = (JobSpec, CrossRegionRequest)


def body(name: str) -> dict[str, Any]:
    """The OpenAPI members that declare a submission's body and its idempotency key."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    key = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "minLength": 1, "maxLength": 255}}
    content = {"application/json": {"schema": schema}}
    return {"parameters": [key], "requestBody": {"required": True, "content": content}}


def request_schemas() -> dict[str, Any]:
    """The schemas of all request bodies, by their names in `components`."""
    _, document = models_json_schema(
        [(model, "validation") for model in REQUESTS], ref_template="#/components/schemas/{model}"
    )
    return dict(document["$defs"])
