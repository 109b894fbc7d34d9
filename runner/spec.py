"""JobSpecs and submissions: the rules, the defaults, and what follows from them (regions, models, questions)."""

import uuid
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from runner.jobspec import (
    JOB_ID,
    MAX_REGIONS,
    REGIONS,
    RESERVED_ID,
    Draft,
    check_min_regions,
    job_id_problem,
    read,
    read_regions,
)
from runner.validation import Problems, pointer

__all__ = ["JOB_ID", "REGIONS", "RESERVED_ID", "Submission", "Workflow", "cross_region", "job_id_problem", "standard"]

Workflow = Literal["standard", "cross-region"]

DEFAULT_MIN_REGIONS: Final = 1
DEFAULT_MIN_SUCCESS_RATE: Final = 0.67
DEFAULT_TIMEOUT_NS: Final = 600_000_000_000
DEFAULT_PROVIDER_TIMEOUT_NS: Final = 300_000_000_000
DEFAULT_VERSION: Final = "1.0"

_WRAPPERS: Final = ("job_spec", "jobspec")
_WRAPPER_MEMBERS: Final = {*_WRAPPERS, "target_regions", "min_regions", "min_success_rate", "enable_analysis"}


@dataclass(frozen=True)
class Submission:
    """A valid request for a job.

    Attributes:
        workflow: which of the two endpoints it came by.
        job_id: the job's id.
        received: the JobSpec as it was sent; signatures cover this.
        spec: the JobSpec that is stored: as sent, plus the defaults.
        regions: canonical codes, one for each region of the run.
        models: model ids without duplicates.
        questions: question ids without duplicates, or the default question alone.
        min_regions: successful regions that the run needs.
        min_success_rate: share of successful regions that a completed run needs, above 0 and up to 1.
        enable_analysis: whether the answers are compared at the end (cross-region only).

    """

    workflow: Workflow
    job_id: str
    received: dict[str, Any]
    spec: dict[str, Any]
    regions: list[str]
    models: list[str]
    questions: list[str]
    min_regions: int
    min_success_rate: float
    enable_analysis: bool


def standard(body: dict[str, Any]) -> Submission:
    """The submission in a body of `POST /api/v1/jobs`: a JobSpec at top level.

    Raises:
        SpecError: with every problem found.

    """
    problems = Problems()
    problems.characters(body)
    return _submission(problems, "standard", body, read(problems, body, ""), True)


def cross_region(body: dict[str, Any]) -> Submission:
    """The submission in a body of `POST /api/v1/jobs/cross-region`: a JobSpec in a wrapper.

    The wrapper's regions replace those of the JobSpec; its `min_regions` and `min_success_rate`, where given, too.

    Raises:
        SpecError: with every problem found.

    """
    problems = Problems()
    problems.characters(body)
    for name in sorted(body.keys() - _WRAPPER_MEMBERS):
        problems.add(pointer("", name), "is not a member of this request")
    names = [name for name in _WRAPPERS if name in body]
    if len(names) != 1:
        problems.add("", "has to have exactly one of the members job_spec and jobspec")
    spec, draft = None, Draft()
    if names and (spec := problems.mapping(body, names[0], "")) is not None:
        draft = read(problems, spec, pointer("", names[0]))
    draft.regions = read_regions(problems, body, "target_regions", "")
    if (min_regions := problems.integer(body, "min_regions", "", 1, MAX_REGIONS)) is not None:
        draft.min_regions, draft.min_regions_at = min_regions, "/min_regions"
    if (rate := problems.rate(body, "min_success_rate", "")) is not None:
        draft.min_success_rate = rate
    enable_analysis = problems.boolean(body, "enable_analysis", "") is not False
    return _submission(problems, "cross-region", spec or {}, draft, enable_analysis)


def _submission(
    problems: Problems, workflow: Workflow, received: dict[str, Any], draft: Draft, enable_analysis: bool
) -> Submission:
    min_regions = draft.min_regions or DEFAULT_MIN_REGIONS
    check_min_regions(problems, draft)
    problems.refuse()
    submission = Submission(
        workflow=workflow,
        job_id=draft.job_id or f"job-{uuid.uuid4().hex}",
        received=received,
        spec={},
        regions=draft.regions,
        models=draft.models,
        questions=draft.questions,
        min_regions=min_regions,
        min_success_rate=draft.min_success_rate or DEFAULT_MIN_SUCCESS_RATE,
        enable_analysis=enable_analysis,
    )
    return replace(submission, spec=_with_defaults(submission))


def _with_defaults(submission: Submission) -> dict[str, Any]:
    """The JobSpec that is stored: everything as sent, members unknown to the runner included, plus the defaults."""
    received = submission.received
    benchmark = dict(received["benchmark"])
    benchmark.setdefault("description", f"Benchmark: {benchmark['name']}")
    benchmark.setdefault("scoring", {"method": "default", "parameters": {}})
    constraints = {
        **received["constraints"],
        "regions": submission.regions,
        "min_regions": submission.min_regions,
        "min_success_rate": submission.min_success_rate,
    }
    for name, default in (("timeout", DEFAULT_TIMEOUT_NS), ("provider_timeout", DEFAULT_PROVIDER_TIMEOUT_NS)):
        constraints[name] = int(constraints.get(name) or default)
    version = received.get("version", DEFAULT_VERSION)
    if version == DEFAULT_VERSION:
        version = benchmark.get("version", version)
    return {
        "metadata": {},
        **received,
        "id": submission.job_id,
        "jobspec_id": submission.job_id,
        "version": version,
        "benchmark": benchmark,
        "constraints": constraints,
        "models": received.get("models")
        or [{"id": model, "name": model, "provider": "hybrid"} for model in submission.models],
    }
