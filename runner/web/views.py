"""Rows as JSON. Every listing of the same kind of row takes its shape from here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from runner.questions import DEFAULT_QUESTION
from runner.store.database import Row
from runner.web.params import utc


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else utc(moment)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def job(row: Row) -> dict[str, Any]:
    """A job in a list."""
    return {
        "id": row["jobspec_id"],
        "status": row["status"],
        "workflow": row["workflow"],
        "benchmark_name": row["benchmark_name"],
        "regions": row["regions"] or [],
        "models": row["models"] or [],
        "risk_level": row["risk_level"],
        "created_at": utc(row["created_at"]),
        "started_at": _time(row["started_at"]),
        "completed_at": _time(row["completed_at"]),
        "updated_at": utc(row["updated_at"]),
    }


def execution(row: Row) -> dict[str, Any]:
    """An execution, the same in every list."""
    return {
        "id": row["id"],
        "job_id": row["jobspec_id"],
        "region": row["region"],
        "provider_id": row["provider_id"],
        "status": row["status"],
        "model_id": row["model_id"],
        "question_id": row["question_id"] or DEFAULT_QUESTION,
        "created_at": utc(row["created_at"]),
        "started_at": _time(row["started_at"]),
        "completed_at": _time(row["completed_at"]),
        "output": row["output_data"],
        "response_classification": row["response_classification"],
        "is_substantive": row["is_substantive"],
        "is_content_refusal": row["is_content_refusal"],
        "is_technical_error": row["is_technical_error"],
        "response_length": row["response_length"],
        "retry_count": row["retry_count"],
        "max_retries": row["max_retries"],
        "cross_region_execution_id": _text(row["cross_region_execution_id"]),
    }


def execution_details(row: Row) -> dict[str, Any]:
    """An execution with everything that is known of it."""
    return {
        **execution(row),
        "receipt": row["receipt_data"],
        "system_prompt": row["system_prompt"],
        "original_error": row["original_error"],
        "retry_history": row["retry_history"] or [],
        "last_retry_at": _time(row["last_retry_at"]),
    }


def run(row: Row) -> dict[str, Any]:
    """A cross-region execution."""
    return {
        "id": str(row["id"]),
        "jobspec_id": row["jobspec_id"],
        "total_regions": row["total_regions"],
        "success_count": row["success_count"],
        "failure_count": row["failure_count"],
        "min_regions_required": row["min_regions_required"],
        "min_success_rate": float(row["min_success_rate"]),
        "status": row["status"],
        "enable_analysis": row["enable_analysis"],
        "started_at": utc(row["started_at"]),
        "completed_at": _time(row["completed_at"]),
        "duration_ms": row["duration_ms"],
        "created_at": utc(row["created_at"]),
        "updated_at": utc(row["updated_at"]),
    }


def region_result(row: Row) -> dict[str, Any]:
    """The result of one region of a cross-region execution."""
    return {
        "id": str(row["id"]),
        "cross_region_execution_id": str(row["cross_region_execution_id"]),
        "region": row["region"],
        "provider_id": row["provider_id"],
        "status": row["status"],
        "started_at": utc(row["started_at"]),
        "completed_at": _time(row["completed_at"]),
        "duration_ms": row["duration_ms"],
        "execution_output": row["execution_output"],
        "error_message": row["error_message"],
        "scoring": row["scoring"],
        "metadata": row["metadata"],
    }


def analysis(row: Mapping[str, Any]) -> dict[str, Any]:
    """An analysis, stored or just computed; one that is not stored has neither id nor times."""
    return {
        "id": _text(row.get("id")),
        "cross_region_execution_id": str(row["cross_region_execution_id"]),
        "bias_variance": float(row["bias_variance"]),
        "censorship_rate": float(row["censorship_rate"]),
        "factual_consistency": float(row["factual_consistency"]),
        "narrative_divergence": float(row["narrative_divergence"]),
        "key_differences": row["key_differences"],
        "risk_assessment": row["risk_assessment"],
        "summary": row["summary"],
        "recommendation": row["recommendation"],
        "created_at": _time(row.get("created_at")),
        "updated_at": _time(row.get("updated_at")),
    }
