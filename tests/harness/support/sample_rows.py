"""JobRows of one finished job as psycopg returns them, and as a correct runner shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from beacon.rows import JobRows
from gate.core.record import Row

JOB = "job-1"
RUN = UUID(int=1)
BEGUN = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
ENDED = datetime(2026, 1, 2, 3, 5, 0, tzinfo=UTC)


def job(**columns: Any) -> Row:
    """A row of ``jobs``; ``columns`` replace its own, here and below."""
    spec = {
        "id": JOB,
        "jobspec_id": JOB,
        "version": "v1",
        "benchmark": {
            "name": "facts",
            "description": "Benchmark: facts",
            "container": {"image": "facts:1"},
            "input": {"hash": "sha256:0"},
            "scoring": {"method": "default", "parameters": {}},
        },
        "constraints": {
            "regions": ["US", "EU"],
            "min_regions": 1,
            "min_success_rate": 0.67,
            "timeout": 600_000_000_000,
            "provider_timeout": 300_000_000_000,
        },
        "models": [{"id": "m1"}],
        "questions": ["math_basic", "taiwan_status"],
        "metadata": {},
    }
    whole = {"id": 1, "jobspec_id": JOB, "jobspec_data": spec, "status": "completed", "workflow": "cross-region"}
    return {**whole, "created_at": BEGUN, "updated_at": ENDED, **columns}


def execution(number: int, region: str = "US", question: str = "math_basic", **columns: Any) -> Row:
    """A row of ``executions``."""
    return {
        "id": number,
        "job_id": 1,
        "provider_id": f"modal-{region}",
        "region": region,
        "status": "completed",
        "started_at": BEGUN,
        "completed_at": ENDED,
        "output_data": {
            "response": f"{region} answers {question}",
            "provider": f"modal-{region}",
            "metadata": {"region": region, "flags": [True, 1, None]},
            "bias_score": {"bias_score": 0.1667, "censorship_detected": False},
        },
        "receipt_data": {"signature": "s"},
        "created_at": BEGUN,
        "question_id": question,
        "model_id": "m1",
        "is_substantive": False,
        "is_content_refusal": False,
        "is_technical_error": False,
        "response_classification": "unknown",
        "response_length": 12,
        "system_prompt": "Be brief.",
        "retry_count": 0,
        "max_retries": 3,
        "last_retry_at": ENDED,
        "retry_history": [{"at": "2026-01-02T03:04:05+00:00", "reason": "service_restart"}],
        "original_error": "none",
        "cross_region_execution_id": RUN,
        **columns,
    }


def run(**columns: Any) -> Row:
    """A row of ``cross_region_executions``."""
    return {
        "id": RUN,
        "jobspec_id": JOB,
        "total_regions": 2,
        "success_count": 2,
        "failure_count": 0,
        "min_regions_required": 1,
        "min_success_rate": Decimal("0.67"),
        "status": "completed",
        "enable_analysis": True,
        "analysis_error": None,
        "started_at": BEGUN,
        "completed_at": ENDED,
        "duration_ms": 54_321,
        "created_at": BEGUN,
        "updated_at": ENDED,
        **columns,
    }


def region(name: str, **columns: Any) -> Row:
    """A row of ``region_results``."""
    return {
        "id": UUID(int=2 + ord(name[0])),
        "cross_region_execution_id": RUN,
        "region": name,
        "provider_id": f"modal-{name}",
        "status": "success",
        "started_at": BEGUN,
        "completed_at": ENDED,
        "duration_ms": 54_321,
        "execution_output": {"executions": 2, "first_response": "Paris"},
        "error_message": "none",
        "scoring": {"bias_score": 0.1667},
        "metadata": {"success_count": 2},
        **columns,
    }


def analysis(**columns: Any) -> Row:
    """A row of ``cross_region_analyses``."""
    return {
        "id": UUID(int=2),
        "cross_region_execution_id": RUN,
        "bias_variance": Decimal("0.1234"),
        "censorship_rate": Decimal("0.00"),
        "factual_consistency": Decimal("0.84"),
        "narrative_divergence": Decimal("0.16"),
        "key_differences": [{"question_id": "taiwan_status", "variations": {"US": "positive (1.00)"}}],
        "risk_assessment": [{"type": "bias", "confidence": 1}],
        "summary": "**Risk Level: LOW RISK**\n",
        "recommendation": "LOW RISK",
        "created_at": BEGUN,
        "updated_at": ENDED,
        **columns,
    }


def rows() -> JobRows:
    """The rows of a job in two regions, with one model and two questions."""
    pairs = [(region, question) for region in ("US", "EU") for question in ("math_basic", "taiwan_status")]
    return JobRows(
        job=job(),
        executions=[execution(number, *pair) for number, pair in enumerate(pairs, start=7)],
        run=run(),
        regions=[region("EU"), region("US")],
        analysis=analysis(),
    )


def published_row(row: Row, members: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """A row as an endpoint shows it: each member from its column, and ``more``."""
    return {member: _plain(row[column]) for member, column in members.items()} | more


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case UUID():
            return str(value)
        case Decimal():
            return float(value)
    return value
