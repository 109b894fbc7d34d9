"""A database as a correct runner leaves it: jobs of both workflows in every state, from which faults can be made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import UUID, uuid5

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from gate.core.record import Row

NAMESPACE = UUID(int=7)
ROUTER = {"US": "us-east", "EU": "eu-west", "ASIA": "asia-pacific"}
ANSWER = "Paris is the capital of France."
NONCE, PUBLIC_KEY = "nonce-1", "A" * 43 + "="
DAY = 24 * 3600 * 1_000_000_000
"""In nanoseconds, as a JobSpec has its time limits."""
_REGION = {"completed": "success", "timeout": "timeout", "failed": "failed", "cancelled": "cancelled"}
_SCORES = {"bias_score": 0.1667, "censorship_detected": False, "political_sensitivity": 0, "factual_accuracy": 0.5}


@dataclass(frozen=True)
class Planned:
    """One job: what each region's executions came to, and the status that follows."""

    name: str
    workflow: str
    status: str
    regions: Mapping[str, str]
    models: Sequence[str] = ("llama3.2-1b", "mistral-7b")
    questions: Sequence[str] = ("math_basic", "taiwan_status")
    age: float = 3600
    analysis: bool = False
    enable_analysis: bool = True
    key: bool = False
    signed: bool = False
    backfilled: bool = False
    spec: Mapping[str, Any] | None = None


A, B = "standard", "cross-region"
JOBS = (
    Planned("a-done", A, "completed", {"US": "completed", "EU": "completed"}, key=True),
    Planned("a-failed", A, "failed", {"US": "timeout", "EU": "failed"}),
    Planned("a-queued", A, "queued", {"US": "pending"}, age=5),
    Planned("a-old", A, "completed", {"US": "completed", "EU": "completed"}, analysis=True, backfilled=True),
    Planned(
        "a-bare",
        A,
        "completed",
        {"US": "completed"},
        models=("m1", "m2"),
        questions=("default",),
        spec={"questions": []},
    ),
    Planned("b-done", B, "completed", {"US": "completed", "EU": "completed"}, analysis=True, key=True, signed=True),
    Planned(
        "b-one",
        B,
        "completed",
        {"ASIA": "completed"},
        questions=("math_basic",),
        spec={"models": [{"id": "llama3.2-1b"}, {"id": "mistral-7b"}, {"id": "llama3.2-1b"}]},
    ),
    Planned("b-failed", B, "failed", {"US": "timeout", "EU": "failed"}),
    Planned(
        "b-partial",
        B,
        "partial",
        {"US": "completed", "EU": "failed", "ASIA": "completed"},
        questions=("math_basic",),
        analysis=True,
    ),
    Planned("b-cancelled", B, "cancelled", {"US": "completed", "EU": "cancelled"}),
    Planned("b-silent", B, "completed", {"US": "completed", "EU": "completed"}, enable_analysis=False),
    Planned("b-running", B, "running", {"US": "completed", "EU": "running", "ASIA": "pending"}, age=5),
    Planned("b-queued", B, "queued", {"US": "pending", "EU": "pending"}, age=5),
)


@contextmanager
def sound_database(url: str) -> Iterator[psycopg.Connection[Row]]:
    """A connection to the database, filled with every job of ``JOBS``."""
    with psycopg.connect(url, autocommit=True, row_factory=dict_row, options="-c timezone=UTC") as connection:
        with connection.transaction():
            fill(connection)
        yield connection


def fill(connection: psycopg.Connection[Row]) -> None:
    """Writes every job of ``JOBS``."""
    now = datetime.now(UTC)
    for planned in JOBS:
        Writer(connection, planned, planned.name, now).write()


class Writer:
    """Writes one job with everything that belongs to it."""

    def __init__(self, connection: psycopg.Connection[Row], planned: Planned, name: str, now: datetime) -> None:
        self._connection = connection
        self._planned = planned
        self._name = name
        self._now = now
        self._created = now - timedelta(seconds=planned.age)
        self._ended = self._created + timedelta(seconds=2)
        self._run = uuid5(NAMESPACE, name) if planned.workflow == B or planned.backfilled else None
        self._terminal = planned.status not in {"queued", "running"}

    def write(self) -> None:
        """Inserts every row of the job."""
        planned = self._planned
        ended = self._ended if self._terminal else self._created
        job = self._insert(
            "jobs",
            jobspec_id=self._name,
            jobspec_data=Jsonb(self._spec()),
            status=planned.status,
            workflow=planned.workflow,
            created_at=self._created,
            updated_at=ended + timedelta(milliseconds=5),
        )
        if self._run is not None:
            self._write_run(self._run)
        triples = product(planned.regions.items(), planned.models, planned.questions)
        for place, ((region, status), model, question) in enumerate(triples):
            self._write_execution(job, place, region, status, model, question)
        if not self._terminal:
            self._insert("pgqueuer", **_entry(job))
        if planned.key:
            self._write_key()
        if planned.signed:
            self._insert("signature_nonces", public_key=PUBLIC_KEY, nonce=NONCE)

    def _spec(self) -> dict[str, Any]:
        planned = self._planned
        signed = {"signature": "A" * 86 + "==", "public_key": PUBLIC_KEY} if planned.signed else {}
        return {
            "id": self._name,
            "jobspec_id": self._name,
            "version": "1.0",
            "benchmark": {
                "name": "facts",
                "description": "Benchmark: facts",
                "container": {"image": "facts:1"},
                "input": {"hash": "sha256:0"},
                "scoring": {"method": "default", "parameters": {}},
            },
            "constraints": {
                "regions": list(planned.regions),
                "min_regions": 1,
                "min_success_rate": 0.67,
                "timeout": DAY,  # so that the job which runs is not overdue in a test of a long session
                "provider_timeout": DAY,
            },
            "models": [{"id": model, "name": model, "provider": "hybrid"} for model in planned.models],
            "questions": list(planned.questions),
            "metadata": {"nonce": NONCE} if planned.signed else {},
            **signed,
            **(planned.spec or {}),
        }

    def _write_execution(self, job: int, place: int, region: str, status: str, model: str, question: str) -> None:
        started = self._created + timedelta(milliseconds=10 + place)
        columns: dict[str, Any] = {}
        if status in {"completed", "failed", "timeout", "cancelled"}:
            columns["completed_at"] = started + timedelta(milliseconds=500 + place)
        if status != "pending":
            columns |= {"provider_id": f"modal-{ROUTER[region]}", "started_at": started}
        if status == "completed":
            columns |= {"output_data": Jsonb(_answer(region)), "response_length": len(ANSWER)}
        elif status in {"failed", "timeout"}:
            columns |= {
                "output_data": Jsonb(_failure(region, model, status)),
                "is_technical_error": True,
                "response_classification": "technical_failure",
            }
        elif status == "running":
            columns |= {
                "retry_count": 1,
                "last_retry_at": started,
                "retry_history": Jsonb([{"at": started.isoformat(), "reason": "service_restart"}]),
            }
        self._insert(
            "executions",
            **{
                "job_id": job,
                "region": region,
                "model_id": model,
                "question_id": question,
                "status": status,
                "provider_id": "unassigned",
                "created_at": self._created,
                "cross_region_execution_id": self._run if self._planned.workflow == B else None,
                **columns,
            },
        )

    def _write_run(self, run: UUID) -> None:
        planned = self._planned
        created = self._now if planned.backfilled else self._created
        successes = sum(status == "completed" for status in planned.regions.values())
        ended: dict[str, Any] = {}
        if self._terminal:
            counts = {"success_count": successes, "failure_count": len(planned.regions) - successes}
            ended = {"completed_at": self._ended, "duration_ms": 2000, **counts}
        self._insert(
            "cross_region_executions",
            id=run,
            jobspec_id=self._name,
            total_regions=len(planned.regions),
            status=planned.status if self._terminal else "running",
            enable_analysis=planned.enable_analysis,
            started_at=self._created,
            created_at=created,
            updated_at=self._now,
            **ended,
        )
        for region, status in planned.regions.items():
            self._write_region(run, created, region, status)
        if planned.analysis:
            self._insert("cross_region_analyses", **_analysis(run, created, self._now))

    def _write_region(self, run: UUID, created: datetime, region: str, status: str) -> None:
        executions = len(self._planned.models) * len(self._planned.questions)
        completed = executions if status == "completed" else 0
        columns: dict[str, Any] = {}
        if status in _REGION:
            columns = {
                "completed_at": self._ended,
                "duration_ms": 2000,
                "metadata": Jsonb(
                    {
                        "success_count": completed,
                        "failure_count": executions - completed,
                        "total_executions": executions,
                    }
                ),
                "error_message": None if completed else "no answer",
            }
        if completed:
            columns |= {
                "provider_id": f"modal-{ROUTER[region]}",
                "provider_info": Jsonb({"name": f"modal-{ROUTER[region]}", "type": "modal", "region": ROUTER[region]}),
                "execution_output": Jsonb({"executions": completed, "first_response": ANSWER}),
                "scoring": Jsonb(_SCORES),
            }
        self._insert(
            "region_results",
            id=uuid5(run, region),
            cross_region_execution_id=run,
            region=region,
            status=_REGION.get(status, "running"),
            started_at=self._created,
            created_at=created,
            updated_at=self._now,
            **columns,
        )

    def _write_key(self) -> None:
        name = self._name
        response: dict[str, Any] = {"id": name, "status": "enqueued"}
        if self._planned.workflow == B:
            response = {
                "id": name,
                "job_id": name,
                "jobspec_id": name,
                "cross_region_execution_id": str(self._run),
                "total_regions": len(self._planned.regions),
                "min_regions": 1,
                "status": "submitted",
                "submitted_at": self._created.isoformat(),
                "estimated_duration": "about a minute",
            }
        self._insert(
            "idempotency_keys",
            idem_key=f"key of {name}",
            jobspec_id=name,
            request_hash=hashlib.sha256(name.encode()).hexdigest(),
            response=Jsonb(response),
        )

    def _insert(self, table: str, **columns: Any) -> int:
        returning = sql.SQL(" RETURNING id" if table == "jobs" else "")
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}){}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(map(sql.Placeholder, columns)),
            returning,
        )
        cursor = self._connection.execute(statement, columns)
        row = cursor.fetchone() if table == "jobs" else None
        return int(row["id"]) if row else 0


def _entry(job: int) -> dict[str, Any]:
    return {
        "priority": 0,
        "entrypoint": "run_job",
        "payload": str(job).encode(),
        "status": "queued",
        "dedupe_key": f"job:{job}",
    }


def _answer(region: str) -> dict[str, Any]:
    scores = {
        "political_sensitivity": 0,
        "censorship_score": 0,
        "factual_accuracy": 0.5,
        "sentiment_score": 0.5,
        "censorship_detected": False,
        "bias_score": 0.1667,
        "keyword_flags": [],
        "response_length": len(ANSWER),
    }
    metadata = {"region": ROUTER[region], "receipt": None}
    return {"response": ANSWER, "provider": f"modal-{ROUTER[region]}", "metadata": metadata, "bias_score": scores}


def _failure(region: str, model: str, status: str) -> dict[str, Any]:
    code = "ROUTER_TIMEOUT" if status == "timeout" else "ROUTER_HTTP_503"
    failure = {
        "stage": "inference",
        "component": "router",
        "code": code,
        "type": "http",
        "region": region,
        "model": model,
        "message": "no answer",
        "transient": True,
        "http_status": 503,
        "provider": "modal",
    }
    return {"error": "no answer", "error_code": code, "failure": failure, "router_error": "unavailable"}


def _analysis(run: UUID, created: datetime, updated: datetime) -> dict[str, Any]:
    return {
        "id": uuid5(run, "analysis"),
        "cross_region_execution_id": run,
        "bias_variance": Decimal("0.1234"),
        "censorship_rate": Decimal("0.00"),
        "factual_consistency": Decimal("0.84"),
        "narrative_divergence": Decimal("0.17"),
        "key_differences": Jsonb(
            [
                {
                    "question_id": "taiwan_status",
                    "dimension": "tone_sentiment",
                    "severity": "medium",
                    "description": "The tone of answers to taiwan_status differs.",
                    "variations": {"EU": "positive (1.00)", "US": "neutral (0.00)"},
                }
            ]
        ),
        "risk_assessment": Jsonb(
            [
                {
                    "type": "bias",
                    "severity": "low",
                    "description": "Bias scores differ.",
                    "regions": ["EU", "US"],
                    "confidence": 1,
                }
            ]
        ),
        "summary": "**Risk Level: LOW RISK**\n\nAll is well.",
        "recommendation": "LOW RISK",
        "created_at": created,
        "updated_at": updated,
    }
