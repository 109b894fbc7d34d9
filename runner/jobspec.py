"""Reading JobSpecs: the rule for each member, and what a JobSpec says about regions, models and questions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from runner.questions import DEFAULT_QUESTION, TEXTS
from runner.validation import Problems, pointer

REGIONS: Final[Mapping[str, str]] = {"US": "US", "EU": "EU", "ASIA": "ASIA", "APAC": "ASIA"}
"""Every accepted spelling of a region with the code that is stored."""
MAX_REGIONS: Final = 3
MAX_MODELS: Final = 32
MAX_MODEL_ID: Final = 50
DEFAULT_MODEL: Final = "llama3.2-1b"
MAX_TIMEOUT_NS: Final = 86_400_000_000_000

JOB_ID: Final = r"^[A-Za-z0-9_-]{1,100}$"
RESERVED_ID: Final = "cross-region"
"""No job can have this id: `/api/v1/jobs/cross-region` is the path of another operation."""
_JOB_ID: Final = re.compile(JOB_ID)


def job_id_problem(text: str) -> str | None:
    """Why no job can have an id, wherever it stands: in a body, a path or a query; None where one can."""
    if not _JOB_ID.fullmatch(text):
        return f"has to match {JOB_ID}"
    if text == RESERVED_ID:
        return f"cannot be {RESERVED_ID!r}, which is part of another path"
    return None


@dataclass
class Draft:
    """The members of a JobSpec; None and empty lists stand for absent or invalid ones."""

    job_id: str | None = None
    regions: list[str] = field(default_factory=list)
    min_regions: int | None = None
    min_regions_at: str = ""
    min_success_rate: float | None = None
    models: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def read(problems: Problems, spec: dict[str, Any], at: str) -> Draft:
    """Read a JobSpec.

    Args:
        problems: takes what is wrong with it.
        spec: the JobSpec; it is not changed.
        at: the JSON Pointer of the JobSpec in the request.

    """
    draft = Draft(job_id=_job_id(problems, spec, at))
    problems.text(spec, "version", at, low=1, high=50)
    for optional in ("created_at", "signature", "public_key"):
        problems.text(spec, optional, at)
    problems.mapping(spec, "wallet_auth", at)
    problems.integer(spec, "runs", at, 1)
    name = _benchmark(problems, spec, at)
    constraints = problems.mapping(spec, "constraints", at, required=True)
    if constraints is not None:
        here = pointer(at, "constraints")
        draft.regions = read_regions(problems, constraints, "regions", here)
        draft.min_regions = problems.integer(constraints, "min_regions", here, 1, MAX_REGIONS)
        draft.min_regions_at = pointer(here, "min_regions")
        check_min_regions(problems, draft)
        draft.min_success_rate = problems.rate(constraints, "min_success_rate", here)
        for limit in ("timeout", "provider_timeout"):
            problems.integer(constraints, limit, here, 0, MAX_TIMEOUT_NS)
    metadata = problems.mapping(spec, "metadata", at)
    draft.models = _models(problems, spec, metadata or {}, at)
    draft.questions = _questions(problems, spec, at, needed=name is not None and "bias" in name.lower())
    return draft


def check_min_regions(problems: Problems, draft: Draft) -> None:
    """Note when more regions have to succeed than there are."""
    count = len(draft.regions)
    if draft.min_regions and 0 < count < draft.min_regions:
        problems.add(draft.min_regions_at, f"has to be at most the number of regions, which is {count}")


def _job_id(problems: Problems, spec: dict[str, Any], at: str) -> str | None:
    given = [(name, problems.text(spec, name, at)) for name in ("id", "jobspec_id")]
    for member, value in given:
        if value is not None and (problem := job_id_problem(value)):
            problems.add(pointer(at, member), problem)
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


def read_regions(problems: Problems, parent: Mapping[str, Any], name: str, at: str) -> list[str]:
    """The canonical codes of an array of regions; empty when there is no such array."""
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
        valid = (value for value in candidates if isinstance(value, str) and 1 <= len(value) <= MAX_MODEL_ID)
        if (model := next(valid, None)) is not None:
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
