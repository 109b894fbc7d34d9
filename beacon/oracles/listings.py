"""Every endpoint that shows a row shows what is stored, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gate.core.database import Row, Rows
from gate.core.findings import Finding
from gate.core.texts import clip
from gate.core.values import equal

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
BIAS_ANALYSIS = {name: name for name in ("cross_region_execution_id", "created_at")}
JOB = {"job": "jobspec_data", "status": "status"}
"""Members of what is shown, and the columns that they show."""


def joined(pages: Iterable[Any]) -> Any:
    """The executions on consecutive pages as one list; the first page that has none instead, and never as a list."""
    found: list[Any] = []
    for page in pages:
        listed = page.get("executions") if isinstance(page, Mapping) else None
        if not isinstance(listed, list):
            return page if isinstance(page, Mapping) else repr(page)
        found += listed
    return found


def executions(name: str, listed: Any, rows: Rows, members: Mapping[str, str] = EXECUTION) -> list[Finding]:
    """A complete listing of a job's executions, in the order of their ids."""
    job, stored = _job(rows), [row["id"] for row in rows.executions]
    if not _objects(listed):
        return [_unreadable(name, "a list of executions", listed, job)]
    ids = [shown.get("id") for shown in listed]
    if not equal(ids, stored):
        return [Finding("BG-LIST-001", where=name, expected=f"executions {stored}", got=f"executions {ids}", job=job)]
    found = []
    for shown, row in zip(listed, rows.executions, strict=True):
        found += one(name, shown, {**row, "job_id": job}, {**members, "job_id": "job_id"}, job)
    return found


def one(name: str, shown: Any, row: Row, members: Mapping[str, str], job: str) -> list[Finding]:
    """One shown object against the row that it shows."""
    if not isinstance(shown, Mapping):
        return [_unreadable(name, "an object", shown, job)]
    return [
        Finding(
            "BG-LIST-002", where=f"{name}: {member}", expected=repr(row[column]), got=repr(shown.get(member)), job=job
        )
        for member, column in members.items()
        if member not in shown or not equal(shown[member], row[column])
    ]


def pages(name: str, shown: Iterable[Any], rows: Rows) -> list[Finding]:
    """Consecutive views of a job with its executions: together complete, no row on two, each with job and total."""
    job, stored = _job(rows), [row["id"] for row in rows.executions]
    pages = list(shown)
    listed = joined(pages)
    if not _objects(listed):
        return [_unreadable(name, "a job with its executions", listed, job)]
    found = []
    for page in pages:
        found += one(name, page, rows.job or {}, JOB if rows.job else {}, job)
    ids, totals = [execution.get("id") for execution in listed], [page.get("executions_total") for page in pages]
    if not equal(ids, stored):
        found.append(Finding("BG-LIST-003", where=name, expected=f"each of {stored} once", got=str(ids), job=job))
    else:
        found += executions(name, listed, rows)
    if not equal(totals, [len(stored)] * len(pages)):
        found.append(
            Finding("BG-LIST-003", where=f"{name}: total", expected=str(len(stored)), got=str(totals), job=job)
        )
    return found


def run(name: str, shown: Any, rows: Rows) -> list[Finding]:
    """A cross-region execution with its region results and its analysis."""
    job = _job(rows)
    if not isinstance(shown, Mapping):
        return [_unreadable(name, "an object", shown, job)]
    if rows.run is None:
        return [Finding("BG-LIST-001", where=name, expected="no cross-region execution", got="one is shown", job=job)]
    found = one(f"{name}/cross_region_execution", shown.get("cross_region_execution"), rows.run, RUN, job)
    found += _results(f"{name}/region_results", shown.get("region_results"), rows)
    analysis = shown.get("analysis")
    if analysis is None or rows.analysis is None:
        if analysis is not rows.analysis:
            found.append(
                Finding(
                    "BG-LIST-001",
                    where=f"{name}/analysis",
                    expected="none" if rows.analysis is None else "the one that is stored",
                    got=clip(repr(analysis)),
                    job=job,
                )
            )
        return found
    return found + one(f"{name}/analysis", analysis, rows.analysis, ANALYSIS, job)


def _results(name: str, results: Any, rows: Rows) -> list[Finding]:
    job, regions = _job(rows), [row["region"] for row in rows.regions]
    if not _objects(results):
        return [_unreadable(name, "a list of region results", results, job)]
    listed = sorted(results, key=lambda result: str(result.get("region")))
    shown = [result.get("region") for result in listed]
    if not equal(shown, regions):
        return [Finding("BG-LIST-001", where=name, expected=str(regions), got=str(shown), job=job)]
    return [
        finding
        for result, row in zip(listed, rows.regions, strict=True)
        for finding in one(name, result, row, REGION, job)
    ]


def _job(rows: Rows) -> str:
    return str(rows.job["jobspec_id"]) if rows.job else ""


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value)


def _unreadable(name: str, expected: str, got: Any, job: str) -> Finding:
    return Finding("BG-LIST-001", where=name, expected=expected, got=clip(repr(got)), job=job)
