"""Every endpoint that shows a row shows what is stored, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from beacon import members, views
from beacon.members import Members
from beacon.rows import TABLES, JobRows
from beacon.states import CROSS_REGION, TERMINAL_BY_TABLE
from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.pointer import resolve
from gate.core.record import Observation, Observations, Record, Row
from gate.core.texts import as_json
from gate.core.values import equal
from gate.oracles.registry import Need, Oracle

CODES = register("""
BG-LIST-001 major answer: Listing and stored rows differ
    An endpoint lists rows that are not stored, omits rows that are, or returns them in the wrong order.
BG-LIST-002 major answer: Listed value differs from the stored value
    A field of a response has another value than the column that it shows.
BG-LIST-003 major answer: Incomplete or overlapping pages
    Consecutive pages must contain each row exactly once, and every page must report the same total.
""")
OTHER_ROWS, OTHER_VALUE, PAGES = (code.id for code in CODES)


@dataclass(frozen=True, slots=True)
class Listing:
    """Entries of an operation's answer: their member, the table of their rows, the member with the job's id."""

    entries: str
    table: str
    job: str
    columns: Members


LISTINGS = {
    "listJobs": Listing("jobs", "jobs", "id", members.SUMMARY),
    "listExecutions": Listing("executions", "executions", "job_id", members.EXECUTION),
    "listJobExecutions": Listing("executions", "executions", "job_id", members.EXECUTION),
    "getJob": Listing("executions", "executions", "job_id", members.EXECUTION),
    "listCrossRegionExecutions": Listing(
        "cross_region_executions", "cross_region_executions", "jobspec_id", members.RUN
    ),
}
"""Every operation whose answer shows rows as entries."""


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
    if not _objects(listed):
        return [_unreadable(name, "a list of executions", listed)]
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
        return [_unreadable(name, "an object", body)]
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
    if not _objects(listed):
        return [_unreadable(name, "a job with its executions", listed)]
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
        return [_unreadable(name, "an object", body)]
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
    if not _objects(results):
        return [_unreadable(name, "a list of region results", results)]
    listed = sorted(results, key=lambda result: str(result.get("region")))
    named = [result.get("region") for result in listed]
    if not equal(named, regions):
        return [Finding(OTHER_ROWS, name, str(regions), str(named))]
    return [
        finding
        for result, row in zip(listed, rows.regions, strict=True)
        for finding in compare(name, result, row, members.REGION)
    ]


def _objects(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    return isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value)


def _unreadable(name: str, expected: str, got: Any) -> Finding:
    return Finding(OTHER_ROWS, name, expected, as_json(got))


Judged = Iterator[tuple[Exchange, list[Finding]]]
"""Findings with the exchange that shows them."""


def check(record: Record, observations: Observations, contract: Contract) -> Iterator[Finding]:
    """Findings on every view of a record's jobs, on the entries of its other answers, and on the questions."""
    if observations.stored:
        yield from entries(record, observations, contract)
    for exchange in observations.answers.get(views.SERVICE, ()):
        if not views.texts_of(exchange.json):
            yield Finding(OTHER_ROWS, views.SERVICE, "the text of each question", "none", request=exchange.request_id)
    for observation in observations.resources.values():
        rows, answers = JobRows.of(observation.rows), observation.answers
        main = _main(answers, rows) if observations.stored else _readable(answers)
        for exchange, findings in (*main, *_others(answers, rows, stored=observations.stored)):
            for finding in findings:
                yield replace(finding, resource=observation.id, request=exchange.request_id)


def entries(record: Record, observations: Observations, contract: Contract) -> Iterator[Finding]:
    """Findings on entries of the record's own answers that show a terminal row, since it changes no more."""
    for exchange in record.exchanges:
        operation = contract.operation(exchange.method, exchange.path) if exchange.status == 200 else None
        listing = LISTINGS.get(operation.id) if operation else None
        listed = exchange.json.get(listing.entries) if listing and isinstance(exchange.json, Mapping) else None
        if listing is None or not _objects(listed):
            continue
        for entry in listed:
            observation = observations.resources.get(str(entry.get(listing.job)))
            row = _row_of(entry, listing, observation) if observation else None
            if observation and row and entry.get("status") == row["status"] in TERMINAL_BY_TABLE[listing.table]:
                for finding in compare(f"{operation}: {listing.entries}", entry, row, listing.columns):
                    yield replace(finding, resource=observation.id, request=exchange.request_id)


def _row_of(entry: Mapping[str, Any], listing: Listing, observation: Observation) -> Row | None:
    key, rows = listing.columns["id"], observation.rows.get(listing.table, ())
    row = next((row for row in rows if equal(row[key], entry.get("id"))), None)
    if row is None or listing.table != "jobs":
        return row
    summary = summarised(row, JobRows.of(observation.rows))
    # A backfill may analyse a standard job after it was listed.
    return summary if row["workflow"] == CROSS_REGION else {**summary, "risk_level": entry.get("risk_level")}


def summarised(row: Row, rows: JobRows) -> Row:
    """The row of a job that has ended, with what a listing adds from its JobSpec, its executions and its analysis."""
    started, completed = (
        [execution[column] for execution in rows.executions if execution.get(column) is not None]
        for column in ("started_at", "completed_at")
    )
    return {
        **row,
        "benchmark_name": _name(row["jobspec_data"]),
        "regions": sorted({execution["region"] for execution in rows.executions}),
        "models": sorted({execution["model_id"] for execution in rows.executions}),
        "risk_level": rows.analysis["recommendation"] if rows.analysis else None,
        "started_at": min(started, default=None),
        "completed_at": max(completed, default=None),
    }


def _name(spec: Any) -> Any:
    try:
        return resolve(spec, "/benchmark/name")
    except LookupError:  # a stored JobSpec without it is a finding of its own
        return None


def _main(answers: views.Answers, rows: JobRows) -> Judged:
    for exchange in answers.get(views.ALL, ()):
        yield exchange, executions(views.ALL, joined([exchange.json]), rows)
    for exchange in answers.get(views.RUN_VIEW, ()):
        yield exchange, run(views.RUN_VIEW, exchange.json, rows)


def _readable(answers: views.Answers) -> Judged:
    """Findings on unreadable views; without rows, these views stand for the rows and cannot be compared."""
    for exchange in answers.get(views.JOB, ()):
        if exchange.status != 200:
            got = f"{exchange.status} {exchange.error_code}".strip()
            yield exchange, [Finding(OTHER_ROWS, views.JOB, "the accepted job", got)]
    for exchange in answers.get(views.ALL, ()):
        if not isinstance(exchange.json, Mapping) or not isinstance(exchange.json.get("executions"), list):
            yield exchange, [_unreadable(views.ALL, "a list of executions", exchange.json)]


def _others(answers: views.Answers, rows: JobRows, *, stored: bool) -> Judged:
    if exchanges := answers.get(views.PAGES):
        yield exchanges[-1], pages(views.PAGES, [exchange.json for exchange in exchanges], rows)
    if exchanges := answers.get(views.FILTERED):
        newest = joined([exchange.json for exchange in exchanges])
        oldest = newest[::-1] if isinstance(newest, list) else newest
        yield exchanges[-1], executions(views.FILTERED, oldest, rows)
    columns = members.DETAILS if stored else members.EXECUTION
    for exchange, row in zip(answers.get(views.DETAILS, ()), views.detailed(rows), strict=False):
        yield exchange, executions(views.DETAILS, [exchange.json], JobRows(rows.job, [row]), columns)
    for exchange in answers.get(views.BIAS, ()):
        if exchange.status == 200 and rows.analysis is not None:
            yield exchange, analysis(views.BIAS, exchange.json, rows.analysis)


def analysis(name: str, body: Any, row: Row) -> list[Finding]:
    """Findings on a bias analysis, compared with its row; the region scores are no column."""
    summary, scores = (body.get(part) if isinstance(body, dict) else None for part in ("analysis", "region_scores"))
    if not isinstance(summary, dict) or not isinstance(scores, dict):
        return [_unreadable(name, "an analysis with region scores", body)]
    return compare(name, body, row, members.BIAS_ANALYSIS) + compare(f"{name}/analysis", summary, row, members.ANALYSIS)


def _violation(_: Contract) -> tuple[Record, Observations]:
    rows = JobRows({"jobspec_id": "a", "jobspec_data": {}, "status": "completed"}).by_table()
    page = Exchange("GET", "http://service", 200, body=b'{"executions": [{}]}')
    return Record(""), Observations({"a": Observation("a", rows, {views.ALL: [page]})})


ORACLE = Oracle(
    name="listings",
    promise="Every endpoint shows the rows as they are stored, and pages are complete.",
    codes=CODES,
    check=check,
    violation=_violation,
    reads=("jobs", *TABLES),
    wants={Need.ROWS: "the listings were compared with each other, not with the rows"},
)
