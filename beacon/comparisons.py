"""Comparisons of what answers show with the rows: lists, pages, and single objects field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from beacon import members
from beacon.members import Members
from beacon.rows import JobRows
from gate.core.findings import Finding, register
from gate.core.record import Row
from gate.core.texts import as_json
from gate.core.values import equal

CODES = register("""
BG-LIST-001 major answer: Listing and stored rows differ
    An endpoint lists rows that are not stored, omits rows that are, or returns them in the wrong order.
BG-LIST-002 major answer: Listed value differs from the stored value
    A field of a response has another value than the column that it shows.
BG-LIST-003 major answer: Incomplete or overlapping pages
    Consecutive pages must contain each row exactly once, and every page must report the same total.
""")
OTHER_ROWS, OTHER_VALUE, PAGES = (code.id for code in CODES)


def joined(pages: Iterable[Any]) -> Any:
    """The executions on consecutive pages as one list; instead, the first page without a list, never as a list."""
    entries: list[Any] = []
    for page in pages:
        listed = page.get("executions") if isinstance(page, Mapping) else None
        if not isinstance(listed, list):
            return page if isinstance(page, Mapping) else as_json(page)
        entries += listed
    return entries


def executions(name: str, listed: Any, rows: JobRows, columns: Members = members.EXECUTION) -> list[Finding]:
    """Findings on a listing of all executions of a job, in the order of their ids."""
    stored = [row["id"] for row in rows.executions]
    if not objects(listed):
        return [unreadable(name, "a list of executions", listed)]
    ids = [execution.get("id") for execution in listed]
    if not equal(ids, stored):
        return [Finding(OTHER_ROWS, name, f"executions {stored}", f"executions {ids}")]
    findings = []
    for execution, row in zip(listed, rows.executions, strict=True):
        findings += compare(name, execution, {**row, "job_id": rows.id}, {**columns, "job_id": "job_id"})
    return findings


def compare(name: str, body: Any, row: Row, columns: Members) -> list[Finding]:
    """Findings on an object that shows a row."""
    if not isinstance(body, Mapping):
        return [unreadable(name, "an object", body)]
    return [
        Finding(OTHER_VALUE, f"{name}: {member}", as_json(row[column]), as_json(body.get(member)))
        for member, column in columns.items()
        if member not in body or not equal(body[member], row[column])
    ]


def pages(name: str, bodies: Iterable[Any], rows: JobRows) -> list[Finding]:
    """Findings on consecutive pages of a job: each row once, and on every page the job and the total."""
    stored = [row["id"] for row in rows.executions]
    pages = list(bodies)
    listed = joined(pages)
    if not objects(listed):
        return [unreadable(name, "a job with its executions", listed)]
    findings = []
    for page in pages:
        findings += compare(name, page, rows.job or {}, members.JOB if rows.job else {})
    ids, totals = [execution.get("id") for execution in listed], [page.get("executions_total") for page in pages]
    if not equal(ids, stored):
        findings.append(Finding(PAGES, name, f"each of {stored} once", str(ids)))
    else:
        findings += executions(name, listed, rows)
    if not equal(totals, [len(stored)] * len(pages)):
        findings.append(Finding(PAGES, f"{name}: total", str(len(stored)), str(totals)))
    return findings


def run(name: str, body: Any, rows: JobRows) -> list[Finding]:
    """Findings on a cross-region execution with its region results and its analysis."""
    if not isinstance(body, Mapping):
        return [unreadable(name, "an object", body)]
    if rows.run is None:
        return [Finding(OTHER_ROWS, name, "no cross-region execution", "a cross-region execution")]
    findings = compare(f"{name}/cross_region_execution", body.get("cross_region_execution"), rows.run, members.RUN)
    findings += _results(f"{name}/region_results", body.get("region_results"), rows)
    place, value = f"{name}/analysis", body.get("analysis")
    if value is not None and rows.analysis is not None:
        return findings + compare(place, value, rows.analysis, members.ANALYSIS)
    if value is not rows.analysis:
        expected = "none" if rows.analysis is None else "the stored analysis"
        findings.append(Finding(OTHER_ROWS, place, expected, as_json(value)))
    return findings


def _results(name: str, results: Any, rows: JobRows) -> list[Finding]:
    regions = [row["region"] for row in rows.regions]
    if not objects(results):
        return [unreadable(name, "a list of region results", results)]
    listed = sorted(results, key=lambda result: str(result.get("region")))
    named = [result.get("region") for result in listed]
    if not equal(named, regions):
        return [Finding(OTHER_ROWS, name, str(regions), str(named))]
    return [
        finding
        for result, row in zip(listed, rows.regions, strict=True)
        for finding in compare(name, result, row, members.REGION)
    ]


def objects(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    """Return whether a value is a list of objects."""
    return isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value)


def unreadable(name: str, expected: str, got: Any) -> Finding:
    """The finding on an answer that does not show rows at all."""
    return Finding(OTHER_ROWS, name, expected, as_json(got))


def analysis(name: str, body: Any, row: Row) -> list[Finding]:
    """Findings on a bias analysis, compared with its row; the region scores are no column."""
    summary, scores = (body.get(part) if isinstance(body, dict) else None for part in ("analysis", "region_scores"))
    if not isinstance(summary, dict) or not isinstance(scores, dict):
        return [unreadable(name, "an analysis with region scores", body)]
    return compare(name, body, row, members.BIAS_ANALYSIS) + compare(f"{name}/analysis", summary, row, members.ANALYSIS)
