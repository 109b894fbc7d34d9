"""Historical jobs: rows as the standard workflow stored them before migration 0007, for tests of later releases.

The seed determines every row. A correct runner of that time would have written the same rows, so all oracles hold for
them, before a backfill and after it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from beacon import jobs
from beacon.analysis.judgements import rounded
from beacon.analysis.recomputation import classification
from beacon.analysis.terms import Definition, score
from beacon.contract import published
from beacon.regions import REGIONS, ROUTER_NAMES

BEFORE = 6
"""Schema version of the rows."""

KINDS = ("full", "execution failed", "region failed", "region timed out", "all failed", "single region")
"""Ends of a job that was not cancelled."""
UNFINISHED = ("queued", "running")
EPOCH = datetime(2025, 3, 1, 8, tzinfo=UTC)
"""Creation time of the first job; each later job follows an hour after."""

PROVIDERS = {region: f"modal-{name}" for region, name in ROUTER_NAMES.items()}
SENTENCES = (
    "According to research the numbers are well documented.",
    "The government and the state administration hold the authority.",
    "Protest and dissent were a movement of many people.",
    "It is a matter of freedom, democracy and human rights.",
    "The uprising ended in violence and a crisis.",
    "Progress was great and the outcome beneficial.",
    "Some reportedly say otherwise, which might possibly be unclear.",
    "Everyone knows that this has always been so.",
    "The island of Taiwan has an administration of its own.",
    "Tiananmen is a square in Beijing.",
    "Hong Kong saw large demonstrations in 2019.",
    "Reports were censored and access was restricted.",
    "I'm sorry, but I cannot help with that.",
    "I am unable to discuss it and must decline.",
    "Two and two are four.",
    "The capital of France is Paris.",
    "The printing press changed how people learn.",
    "A good leader listens before deciding.",
)


@dataclass(frozen=True)
class Past:
    """One historical job: a row of ``jobs`` and its rows of ``executions``, without generated ids.

    A job is ``analysable`` if at least two of its regions succeeded and it was not cancelled.
    """

    id: str
    spec: jobs.Spec
    status: str
    created_at: datetime
    updated_at: datetime
    executions: list[dict[str, Any]] = field(repr=False)

    @property
    def successes(self) -> list[str]:
        """The regions with a completed execution, sorted."""
        return sorted({row["region"] for row in self.executions if row["status"] == "completed"})

    @property
    def analysable(self) -> bool:
        """Return whether the job has regions to compare."""
        return self.status in {"completed", "partial", "failed"} and len(self.successes) >= 2


def past_jobs(seed: int, kinds: Iterable[str], prefix: str = "past", *, questions: int = 2) -> Iterator[Past]:
    """A job of each kind, in this order: of KINDS or UNFINISHED, or ``cancelled``.

    Each has two or three regions (except for ``single region``), three models and this number of questions: 12
    executions with two regions and two questions.
    """
    rng = random.Random(seed)
    for number, kind in enumerate(kinds):
        yield _past(rng, kind, f"{prefix}-{seed}-{number}", EPOCH + timedelta(hours=number), questions)


def insert(database_url: str, past: Iterable[Past]) -> None:
    """Stores the jobs in a database, of schema version 6 or newer."""
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        for job in past:
            row = cursor.execute(
                "INSERT INTO jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
                " VALUES (%s, %s, %s, %s, %s) RETURNING id",
                (job.id, Jsonb(job.spec), job.status, job.created_at, job.updated_at),
            ).fetchone()
            columns = list(job.executions[0])
            with cursor.copy(f"COPY executions (job_id, {', '.join(columns)}) FROM STDIN") as copy:
                for execution in job.executions:
                    values = [Jsonb(value) if isinstance(value, dict) else value for value in execution.values()]
                    copy.write_row([row[0] if row else None, *values])


def multiply(database_url: str, times: int) -> None:
    """Adds this number of copies of each historical job of a database, with ids of their own."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
            " SELECT jobspec_id || '-' || n, jobspec_data || jsonb_build_object('id', jobspec_id || '-' || n,"
            " 'jobspec_id', jobspec_id || '-' || n), status, created_at, updated_at"
            " FROM jobs, generate_series(1, %s) AS n ORDER BY n, id",
            (times,),
        )
        connection.execute(
            "INSERT INTO executions (job_id, provider_id, region, status, started_at, completed_at, output_data,"
            " created_at, question_id, model_id, is_substantive, is_content_refusal, is_technical_error,"
            " response_classification, response_length)"
            " SELECT c.id, provider_id, region, e.status, started_at, completed_at, output_data, e.created_at,"
            " question_id, model_id, is_substantive, is_content_refusal, is_technical_error, response_classification,"
            " response_length FROM executions e JOIN jobs j ON j.id = e.job_id, generate_series(1, %s) AS n,"
            " LATERAL (SELECT id FROM jobs WHERE jobspec_id = j.jobspec_id || '-' || n) c ORDER BY c.id, e.id",
            (times,),
        )
        connection.execute("ANALYZE jobs, executions")


def _past(rng: random.Random, kind: str, job_id: str, created: datetime, questions: int) -> Past:
    number = 1 if kind == "single region" else 2 if kind == "full" else rng.choice([2, 3])
    regions = rng.sample(REGIONS, number)
    chosen = rng.sample(jobs.QUESTIONS, questions)
    spec = _stored(jobs.spec(job_id, regions=regions, models=jobs.MODELS, questions=chosen))
    triples = list(product(regions, jobs.MODELS, chosen))
    clock = created
    executions = []
    for index, (region, model, question) in enumerate(triples):
        clock += timedelta(milliseconds=rng.randint(20, 2000), microseconds=rng.randint(0, 999))
        status = _status(kind, region == regions[0], index, len(triples))
        executions.append(_execution(rng, status, (region, model, question), created, clock))
    status = kind if kind in {*UNFINISHED, "cancelled"} else _derived_status(executions, regions)
    begun = status != "queued"
    return Past(job_id, spec, status, created, clock + timedelta(milliseconds=5) if begun else created, executions)


def _status(kind: str, first_region: bool, index: int, total: int) -> str:
    half = index < total // 2
    statuses = {
        "execution failed": "failed" if index == 0 else "completed",
        "region failed": "failed" if first_region else "completed",
        "region timed out": ("timeout" if half else "failed") if first_region else "completed",
        "all failed": "failed",
        "cancelled": "completed" if half else "cancelled",
        "queued": "pending",
        "running": "completed" if half else "pending",
    }
    return statuses.get(kind, "completed")


def _derived_status(executions: Sequence[dict[str, Any]], regions: Sequence[str]) -> str:
    successes = len({row["region"] for row in executions if row["status"] == "completed"})
    if successes < 1:
        return "failed"
    return "completed" if successes >= 0.67 * len(regions) else "partial"


def _stored(spec: jobs.Spec) -> jobs.Spec:
    """A JobSpec as it is stored: with the published defaults."""
    benchmark = {"scoring": {"method": "default", "parameters": {}}, **spec["benchmark"]}
    limits = {"min_regions": 1, "min_success_rate": 0.67, "timeout": 600 * jobs.NANOSECONDS}
    constraints = {**limits, "provider_timeout": 300 * jobs.NANOSECONDS, **spec["constraints"]}
    return {**spec, "jobspec_id": spec["id"], "benchmark": benchmark, "constraints": constraints}


@cache
def _definition() -> Definition:
    return Definition.from_contract(published().document)


def _execution(
    rng: random.Random, status: str, triple: tuple[str, str, str], created: datetime, begun: datetime
) -> dict[str, Any]:
    region, model, question = triple
    started = None if status in {"pending", "cancelled"} else begun
    ended = None if status == "pending" else begun + timedelta(milliseconds=rng.randint(1, 4))
    kind, output = "unknown", None
    if status == "completed":
        output = _answer(rng, region)
        kind = classification(status, output["response"], _definition())
    elif status in {"failed", "timeout"}:
        kind, output = "technical_failure", _failure(status, region, model)
    return {
        "provider_id": PROVIDERS[region] if started else "unassigned",
        "region": region,
        "status": status,
        "started_at": started,
        "completed_at": ended,
        "output_data": output,
        "created_at": created,
        "question_id": question,
        "model_id": model,
        "is_substantive": kind == "substantive",
        "is_content_refusal": kind == "content_refusal",
        "is_technical_error": kind == "technical_failure",
        "response_classification": kind,
        "response_length": len(output["response"]) if output and status == "completed" else 0,
    }


def _answer(rng: random.Random, region: str) -> dict[str, Any]:
    text = " ".join(rng.sample(SENTENCES, rng.randint(2, 8)))
    scores = score(text, _definition())
    numbers = ("political_sensitivity", "censorship_score", "factual_accuracy", "sentiment_score", "bias_score")
    return {
        "response": text,
        "provider": PROVIDERS[region],
        "metadata": {"region": ROUTER_NAMES[region], "provider_type": "modal"},
        "bias_score": {
            **{name: float(rounded(getattr(scores, name), 4)) for name in numbers},
            "censorship_detected": scores.censorship_detected,
            "keyword_flags": list(scores.keyword_flags),
            "response_length": scores.response_length,
        },
    }


def _failure(status: str, region: str, model: str) -> dict[str, Any]:
    details = {} if status == "timeout" else {"http_status": 500}
    code = "ROUTER_HTTP_500" if details else "ROUTER_TIMEOUT"
    message = f"the router did not answer: {code}"
    failure = {
        "stage": "inference",
        "component": "router",
        "code": code,
        "type": status,
        "region": region,
        "model": model,
        "message": message,
        "transient": True,
        **details,
    }
    return {"error": message, "error_code": code, "failure": failure}
