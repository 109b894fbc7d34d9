"""Every endpoint that shows a row shows what is stored, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from gate.database import Row, Rows
from gate.findings import Finding

EXECUTION = {
    name: name
    for name in [
        "id",
        "region",
        "provider_id",
        "status",
        "model_id",
        "question_id",
        "created_at",
        "started_at",
        "completed_at",
        "response_classification",
        "is_substantive",
        "is_content_refusal",
        "is_technical_error",
        "response_length",
        "retry_count",
        "max_retries",
        "cross_region_execution_id",
    ]
} | {"output": "output_data"}
DETAILS = EXECUTION | {
    "receipt": "receipt_data",
    **{name: name for name in ("system_prompt", "original_error", "retry_history", "last_retry_at")},
}
RUN = {
    name: name
    for name in [
        "id",
        "jobspec_id",
        "total_regions",
        "success_count",
        "failure_count",
        "min_regions_required",
        "min_success_rate",
        "status",
        "enable_analysis",
        "started_at",
        "completed_at",
        "duration_ms",
        "created_at",
        "updated_at",
    ]
}
REGION = {
    name: name
    for name in [
        "id",
        "cross_region_execution_id",
        "region",
        "provider_id",
        "status",
        "started_at",
        "completed_at",
        "duration_ms",
        "execution_output",
        "error_message",
        "scoring",
        "metadata",
    ]
}
ANALYSIS = {
    name: name
    for name in [
        "id",
        "cross_region_execution_id",
        "bias_variance",
        "censorship_rate",
        "factual_consistency",
        "narrative_divergence",
        "key_differences",
        "risk_assessment",
        "summary",
        "recommendation",
        "created_at",
        "updated_at",
    ]
}
"""Members of what is shown, and the columns that they show."""


def executions(
    name: str, listed: Sequence[Mapping[str, Any]], rows: Rows, members: Mapping[str, str] = EXECUTION
) -> list[Finding]:
    """A complete listing of a job's executions, in the order of their ids."""
    job = _job(rows)
    ids = [shown.get("id") for shown in listed]
    stored = [row["id"] for row in rows.executions]
    if ids != stored:
        return [Finding("BG-LIST-001", where=name, expected=f"executions {stored}", got=f"executions {ids}", job=job)]
    found = []
    for shown, row in zip(listed, rows.executions, strict=True):
        found += one(name, shown, row, members, job)
        if shown.get("job_id") != job:
            found.append(
                Finding("BG-LIST-002", where=f"{name}: job_id", expected=job, got=str(shown.get("job_id")), job=job)
            )
    return found


def one(name: str, shown: Mapping[str, Any], row: Row, members: Mapping[str, str], job: str) -> list[Finding]:
    """One shown object against the row that it shows."""
    return [
        Finding(
            "BG-LIST-002", where=f"{name}: {member}", expected=repr(row[column]), got=repr(shown.get(member)), job=job
        )
        for member, column in members.items()
        if member not in shown or not _same(shown[member], row[column])
    ]


def pages(name: str, shown: Iterable[Mapping[str, Any]], rows: Rows) -> list[Finding]:
    """Consecutive pages of a job's executions: together they are complete, no row is on two, each tells the total."""
    job, stored = _job(rows), [row["id"] for row in rows.executions]
    pages = list(shown)
    ids = [execution["id"] for page in pages for execution in page["executions"]]
    totals = {page["executions_total"] for page in pages}
    found = []
    if ids != stored:
        found.append(Finding("BG-LIST-003", where=name, expected=f"each of {stored} once", got=str(ids), job=job))
    if totals != {len(stored)}:
        found.append(
            Finding("BG-LIST-003", where=f"{name}: total", expected=str(len(stored)), got=str(totals), job=job)
        )
    return found


def run(name: str, shown: Mapping[str, Any], rows: Rows) -> list[Finding]:
    """A cross-region execution with its region results and its analysis."""
    job = _job(rows)
    if rows.run is None:
        return [Finding("BG-LIST-001", where=name, expected="no cross-region execution", got="one is shown", job=job)]
    found = one(f"{name}/cross_region_execution", shown["cross_region_execution"], rows.run, RUN, job)
    listed = sorted(shown["region_results"], key=lambda result: str(result.get("region")))
    if [result.get("region") for result in listed] != [row["region"] for row in rows.regions]:
        regions = [row["region"] for row in rows.regions]
        found.append(
            Finding("BG-LIST-001", where=f"{name}/region_results", expected=str(regions), got=str(listed), job=job)
        )
    else:
        for result, row in zip(listed, rows.regions, strict=True):
            found += one(f"{name}/region_results", result, row, REGION, job)
    if (shown["analysis"] is None) != (rows.analysis is None):
        found.append(
            Finding(
                "BG-LIST-001",
                where=f"{name}/analysis",
                expected=str(rows.analysis),
                got=str(shown["analysis"]),
                job=job,
            )
        )
    elif rows.analysis is not None:
        found += one(f"{name}/analysis", shown["analysis"], rows.analysis, ANALYSIS, job)
    return found


def _job(rows: Rows) -> str:
    return str(rows.job["jobspec_id"]) if rows.job else ""


def _same(shown: Any, stored: Any) -> bool:
    match stored:
        case datetime():
            return isinstance(shown, str) and _time(shown) == stored
        case UUID():
            return bool(shown == str(stored))
        case Decimal():
            return isinstance(shown, (int, float)) and Decimal(str(shown)) == stored
    return bool(shown == stored)


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
