"""JobSpecs and submissions: the rules, the defaults, and what follows from them (regions, models, questions)."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from runner.questions import DEFAULT_QUESTION, TEXTS
from runner.validation import Problems, pointer

Workflow = Literal["standard", "cross-region"]

REGIONS: Final[Mapping[str, str]] = {"US": "US", "EU": "EU", "ASIA": "ASIA", "APAC": "ASIA"}
"""Every accepted spelling of a region with the code that is stored."""
MAX_REGIONS: Final = 3
MAX_MODELS: Final = 32
MAX_MODEL_ID: Final = 50
DEFAULT_MODEL: Final = "llama3.2-1b"
DEFAULT_MIN_REGIONS: Final = 1
DEFAULT_MIN_SUCCESS_RATE: Final = 0.67
DEFAULT_TIMEOUT_NS: Final = 600_000_000_000
DEFAULT_PROVIDER_TIMEOUT_NS: Final = 300_000_000_000
MAX_TIMEOUT_NS: Final = 86_400_000_000_000
DEFAULT_VERSION: Final = "1.0"

JOB_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
RESERVED_ID: Final = "cross-region"
"""No job can have this id: `/api/v1/jobs/cross-region` is the path of another operation."""

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


@dataclass
class _Draft:
    """What was read from a JobSpec; None and empty lists stand for what is absent or wrong."""

    job_id: str | None = None
    regions: list[str] = field(default_factory=list)
    min_regions: int | None = None
    min_regions_at: str = ""
    min_success_rate: float | None = None
    models: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def standard(body: dict[str, Any]) -> Submission:
    """The submission in a body of `POST /api/v1/jobs`: a JobSpec at top level.

    Raises:
        SpecError: with every problem found.

    """
    problems = Problems()
    problems.characters(body)
    return _submission(problems, "standard", body, _read(problems, body, ""), True)


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
    spec, draft = None, _Draft()
    if names and (spec := problems.mapping(body, names[0], "")) is not None:
        draft = _read(problems, spec, pointer("", names[0]))
    draft.regions = _regions(problems, body, "target_regions", "")
    if (min_regions := problems.integer(body, "min_regions", "", 1, MAX_REGIONS)) is not None:
        draft.min_regions, draft.min_regions_at = min_regions, "/min_regions"
    if (rate := problems.rate(body, "min_success_rate", "")) is not None:
        draft.min_success_rate = rate
    enable_analysis = problems.boolean(body, "enable_analysis", "") is not False
    return _submission(problems, "cross-region", spec or {}, draft, enable_analysis)


def _submission(
    problems: Problems, workflow: Workflow, received: dict[str, Any], draft: _Draft, enable_analysis: bool
) -> Submission:
    min_regions = draft.min_regions or DEFAULT_MIN_REGIONS
    _enough(problems, draft)
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


def _read(problems: Problems, spec: dict[str, Any], at: str) -> _Draft:
    draft = _Draft(job_id=_job_id(problems, spec, at))
    problems.text(spec, "version", at, low=1, high=50)
    for optional in ("created_at", "signature", "public_key"):
        problems.text(spec, optional, at)
    problems.mapping(spec, "wallet_auth", at)
    problems.integer(spec, "runs", at, 1)
    name = _benchmark(problems, spec, at)
    constraints = problems.mapping(spec, "constraints", at, required=True)
    if constraints is not None:
        here = pointer(at, "constraints")
        draft.regions = _regions(problems, constraints, "regions", here)
        draft.min_regions = problems.integer(constraints, "min_regions", here, 1, MAX_REGIONS)
        draft.min_regions_at = pointer(here, "min_regions")
        _enough(problems, draft)
        draft.min_success_rate = problems.rate(constraints, "min_success_rate", here)
        for limit in ("timeout", "provider_timeout"):
            problems.integer(constraints, limit, here, 0, MAX_TIMEOUT_NS)
    metadata = problems.mapping(spec, "metadata", at)
    draft.models = _models(problems, spec, metadata or {}, at)
    draft.questions = _questions(problems, spec, at, needed=name is not None and "bias" in name.lower())
    return draft


def _enough(problems: Problems, draft: _Draft) -> None:
    count = len(draft.regions)
    if draft.min_regions and 0 < count < draft.min_regions:
        problems.add(draft.min_regions_at, f"has to be at most the number of regions, which is {count}")


def _job_id(problems: Problems, spec: dict[str, Any], at: str) -> str | None:
    given = [(name, problems.text(spec, name, at)) for name in ("id", "jobspec_id")]
    for member, value in given:
        if value is None:
            continue
        if not JOB_ID.fullmatch(value):
            problems.add(pointer(at, member), f"has to match ^{JOB_ID.pattern}$")
        elif value == RESERVED_ID:
            problems.add(pointer(at, member), f"cannot be {RESERVED_ID!r}, which is part of another path")
    values = [value for _, value in given if value is not None]
    if len(values) == 2 and values[0] != values[1]:
        problems.add(pointer(at, "jobspec_id"), "has to equal id where both are given")
    return values[0] if values else None


def _benchmark(problems: Problems, spec: dict[str, Any], at: str) -> str | None:
    benchmark = problems.mapping(spec, "benchmark", at, required=True)
    if benchmark is None:
        return None
    here = pointer(at, "benchmark")
    name = problems.text(benchmark, "name", here, required=True, low=1, high=255)
    problems.text(benchmark, "version", here, low=1, high=50)
    problems.text(benchmark, "description", here)
    problems.mapping(benchmark, "scoring", here)
    container = problems.mapping(benchmark, "container", here, required=True)
    if container is not None:
        problems.text(container, "image", pointer(here, "container"), required=True, low=1)
    given = problems.mapping(benchmark, "input", here, required=True)
    if given is not None:
        problems.text(given, "hash", pointer(here, "input"), required=True, low=1)
    return name


def _regions(problems: Problems, parent: Mapping[str, Any], name: str, at: str) -> list[str]:
    values = problems.array(parent, name, at, required=True)
    if values is None:
        return []
    here = pointer(at, name)
    if not 1 <= len(values) <= MAX_REGIONS:
        problems.add(here, f"has to have 1 to {MAX_REGIONS} regions")
    codes: list[str] = []
    for index, value in enumerate(values):
        code = REGIONS.get(value) if isinstance(value, str) else None
        if code is None:
            problems.add(pointer(here, index), f"has to be one of {', '.join(REGIONS)}")
        elif code in codes:
            problems.add(pointer(here, index), f"names the region {code} a second time")
        else:
            codes.append(code)
    return codes


def _models(problems: Problems, spec: dict[str, Any], metadata: dict[str, Any], at: str) -> list[str]:
    """The model ids: of `models`, else of `metadata.models`, else `metadata.model`, else the default."""
    here = pointer(at, "metadata")
    given = _model_ids(problems, problems.array(spec, "models", at), pointer(at, "models"), members=("id",))
    listed = _model_ids(
        problems, problems.array(metadata, "models", here), pointer(here, "models"), members=("id", "name"), text=True
    )
    single = problems.text(metadata, "model", here, low=1, high=MAX_MODEL_ID)
    return given or listed or [single or DEFAULT_MODEL]


def _model_ids(
    problems: Problems, entries: list[Any] | None, at: str, *, members: tuple[str, ...], text: bool = False
) -> list[str]:
    """The ids of model entries, without duplicates: of the first valid one of `members`, or of a plain text."""
    if entries and len(entries) > MAX_MODELS:
        problems.add(at, f"has to have at most {MAX_MODELS} models")
    ids: dict[str, None] = {}
    for index, entry in enumerate(entries or []):
        candidates = [entry.get(member) for member in members] if isinstance(entry, dict) else [entry] if text else []
        found = (value for value in candidates if isinstance(value, str) and 1 <= len(value) <= MAX_MODEL_ID)
        if (model := next(found, None)) is not None:
            ids[model] = None
        else:
            wanted = f"has to be an object whose {' or '.join(members)} has 1 to {MAX_MODEL_ID} characters"
            problems.add(pointer(at, index), wanted + (", or such a string" if text else ""))
    return list(ids)


def _questions(problems: Problems, spec: dict[str, Any], at: str, *, needed: bool) -> list[str]:
    values = problems.array(spec, "questions", at)
    here = pointer(at, "questions")
    ids: dict[str, None] = {}
    for index, value in enumerate(values or []):
        if isinstance(value, str) and value in TEXTS:
            ids[value] = None
        else:
            problems.add(pointer(here, index), f"has to be one of {', '.join(TEXTS)}")
    if needed and not values:
        problems.add(here, "needs at least one question, as the benchmark's name contains 'bias'")
    return list(ids) or [DEFAULT_QUESTION]


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
