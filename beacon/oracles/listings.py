"""Every endpoint that shows a row shows what is stored, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from beacon import members, views
from beacon.api import JOBS
from beacon.comparisons import (
    CODES,
    OTHER_ROWS,
    analysis,
    compare,
    executions,
    joined,
    objects,
    pages,
    run,
    unreadable,
)
from beacon.members import Members
from beacon.rows import TABLES, JobRows
from beacon.states import CROSS_REGION, TERMINAL_BY_TABLE
from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.pointer import resolve
from gate.core.record import Observation, Observations, Record, Row
from gate.core.values import equal
from gate.oracles.registry import Need, Oracle


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
        main = (*_main(answers, rows), *_in_lists(observation, rows)) if observations.stored else _readable(answers)
        for exchange, findings in (*main, *_others(answers, rows, stored=observations.stored)):
            for finding in findings:
                yield replace(finding, resource=observation.id, request=exchange.request_id)


def entries(record: Record, observations: Observations, contract: Contract) -> Iterator[Finding]:
    """Findings on entries of the record's own answers that show a terminal row, since it changes no more."""
    for exchange in record.exchanges:
        operation = contract.operation(exchange.method, exchange.path) if exchange.status == 200 else None
        listing = LISTINGS.get(operation.id) if operation else None
        listed = exchange.json.get(listing.entries) if listing and isinstance(exchange.json, Mapping) else None
        if listing is None or not objects(listed):
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


def _in_lists(observation: Observation, rows: JobRows) -> Judged:
    """Findings on the job's entry in the list of all jobs, and on the view of each of its regions."""
    listing, name = LISTINGS["listJobs"], f"GET {JOBS}: jobs"
    for exchange in observation.answers.get(views.LISTED, ()):
        listed = exchange.json.get(listing.entries) if isinstance(exchange.json, Mapping) else None
        own = [entry for entry in listed if entry.get(listing.job) == observation.id] if objects(listed) else []
        if len(own) != 1:
            yield (
                exchange,
                [Finding(OTHER_ROWS, name, "the job once among those that its id finds", f"{len(own)} times")],
            )
        elif row := _row_of({**own[0], "id": observation.id}, listing, observation):
            yield exchange, compare(name, own[0], row, listing.columns)
    for exchange, row in zip(observation.answers.get(views.REGION_VIEW, ()), rows.regions, strict=False):
        body = exchange.json if isinstance(exchange.json, Mapping) else {}
        ran = JobRows(rows.job, [each for each in rows.executions if each["region"] == row["region"]])
        yield (
            exchange,
            [
                *compare(f"{views.REGION_VIEW}: region_result", body.get("region_result"), row, members.REGION),
                *executions(views.REGION_VIEW, body.get("executions"), ran),
            ],
        )


def _readable(answers: views.Answers) -> Judged:
    """Findings on unreadable views; without rows, these views stand for the rows and cannot be compared."""
    for exchange in answers.get(views.JOB, ()):
        if exchange.status != 200:
            got = f"{exchange.status} {exchange.error_code}".strip()
            yield exchange, [Finding(OTHER_ROWS, views.JOB, "the accepted job", got)]
    for exchange in answers.get(views.ALL, ()):
        if not isinstance(exchange.json, Mapping) or not isinstance(exchange.json.get("executions"), list):
            yield exchange, [unreadable(views.ALL, "a list of executions", exchange.json)]


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
