"""Views of a job: the requests that show it, and its rows as far as they show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from beacon.api import CROSS_REGION_JOBS, EXECUTIONS, JOBS, QUESTIONS, analysis_of, executions_of, job_at
from beacon.members import ANALYSIS, EXECUTION, RUN
from beacon.members import JOB as JOB_MEMBERS
from beacon.rows import JobRows
from beacon.states import CROSS_REGION, STANDARD, TERMINAL
from gate.core.exchange import Exchange
from gate.core.record import Record, Row
from gate.session.pack import Views

Answers = Mapping[str, Sequence[Exchange]]

SERVICE = "questions"
JOB, ALL, PAGES, FILTERED, DETAILS, RUN_VIEW, BIAS, COMPARED, LISTED, REGION_VIEW = (
    "job",
    "executions/all",
    "job?include=executions",
    "executions?jobspec_id",
    "executions/details",
    "executions/cross-region",
    "bias-analysis",
    "diff-analysis",
    "jobs?q",
    "executions/regions",
)
"""Names of the views; findings on a listing begin with them."""
NOT_EARLY: tuple[str, str, Mapping[str, str | int]] = ("", "", {})
LONGEST_PAGE = 200
"""Entries of the longest page that a runner gives."""


def early(job: str) -> tuple[str, str, Mapping[str, str | int]]:
    """The view that is asked for before a job is submitted, right after, and when it has ended; its path and query.

    Jobs take turns, and which turn a job has follows from its id. Every other job is not asked for early: no view.
    """
    number, half = divmod(crc32(job.encode()), 2)
    turns: tuple[tuple[str, str, Mapping[str, str | int]], ...] = (
        (JOB, job_at(job), {}),
        (ALL, executions_of(job), {}),
        (FILTERED, EXECUTIONS, {"jobspec_id": job, "limit": LONGEST_PAGE, "offset": 0}),
        (BIAS, analysis_of(job), {}),
    )
    return turns[number % len(turns)] if half else NOT_EARLY


def observe_service(views: Views) -> None:
    """Ask for the texts of the questions."""
    views.get(SERVICE, QUESTIONS)


def observe(views: Views, job: str, rows: JobRows | None, record: Record) -> None:
    """Ask for every view of a job that has ended.

    Without rows, the job, its executions and its run are asked for first: they stand for the rows.
    """
    stored = rows is not None
    if rows is None:
        views.get(JOB, job_at(job))
        rows = _rows_of_answers(views, job, record)
        if rows is None:
            return
    if rows.job is None or rows.job["status"] not in TERMINAL:
        return
    if stored:
        views.get(ALL, executions_of(job))
    # The other listings show the same rows again. Asking for all of them would cost as much as the test itself, so
    # jobs take turns; which turn a job has follows from its id.
    of_run = (_compared, _regions) if stored and rows.run is not None else (_pages, _details)
    others = (_pages, _filtered, _details, _listed if stored else _filtered, *of_run)
    others[crc32(job.encode()) % len(others)](views, job, rows)
    if stored and rows.run is not None:
        views.get(RUN_VIEW, run_at(rows.run["id"]))
    views.get(BIAS, analysis_of(job))
    view, path, query = early(job)
    if view == FILTERED and FILTERED not in views.answers:
        _filtered(views, job, rows)  # which may have more than a page by now
    elif view and view not in views.answers:
        views.get(view, path, **query)


def texts_of(catalogue: Any) -> dict[str, str]:
    """The text of each question in a body of ``GET /questions``; empty where that cannot be read."""
    categories = catalogue.get("categories") if isinstance(catalogue, Mapping) else None
    lists = categories.values() if isinstance(categories, Mapping) else ()
    entries = [entry for listed in lists if isinstance(listed, list) for entry in listed if isinstance(entry, Mapping)]
    pairs = [(entry.get("question_id"), entry.get("question")) for entry in entries]
    return {name: text for name, text in pairs if isinstance(name, str) and isinstance(text, str)}


def _rows_of_answers(views: Views, job: str, record: Record) -> JobRows | None:
    """The rows that the API shows; None where they are not enough to judge the other views by."""
    if views.answers[JOB][0].status != 200:
        return None
    views.get(ALL, executions_of(job))
    if run := _run_id(views.answers, job, record):
        views.get(RUN_VIEW, run_at(run))
    rows = shown_rows(views.answers, job, record)
    complete = rows.run is not None or (rows.job or {}).get("workflow") != CROSS_REGION
    return rows if complete and all("id" in row for row in rows.executions) else None


def run_at(run: object) -> str:
    """Path of a cross-region execution with its results."""
    return f"{EXECUTIONS}/{run}/cross-region"


def _pages(views: Views, job: str, rows: JobRows) -> None:
    number = len(rows.executions)
    size = min(max(1, (number + 1) // 2), LONGEST_PAGE)
    for offset in range(0, max(1, number), size):
        views.get(PAGES, job_at(job), include="executions", exec_limit=size, exec_offset=offset)


def _filtered(views: Views, job: str, rows: JobRows) -> None:
    for offset in range(0, max(1, len(rows.executions)), LONGEST_PAGE):
        views.get(FILTERED, EXECUTIONS, jobspec_id=job, limit=LONGEST_PAGE, offset=offset)


def _details(views: Views, _: str, rows: JobRows) -> None:
    for row in detailed(rows):
        views.get(DETAILS, f"{EXECUTIONS}/{row['id']}/details")


def _compared(views: Views, _: str, rows: JobRows) -> None:
    if rows.run is not None:
        views.get(COMPARED, compared_at(rows.run["id"]))


def _listed(views: Views, job: str, _: JobRows) -> None:
    views.get(LISTED, JOBS, q=job, limit=LONGEST_PAGE)


def _regions(views: Views, _: str, rows: JobRows) -> None:
    for row in rows.regions:
        views.get(REGION_VIEW, f"{EXECUTIONS}/{row['cross_region_execution_id']}/regions/{row['region']}")


def compared_at(run: object) -> str:
    """Path of the comparison of the regions of a cross-region execution."""
    return f"{EXECUTIONS}/{run}/diff-analysis"


def detailed(rows: JobRows) -> list[Row]:
    """The executions whose details are asked for: one in each status."""
    return list({str(row.get("status")): row for row in rows.executions}.values())


def shown_rows(answers: Answers, job: str, record: Record) -> JobRows:
    """The rows of a job as JSON shows them; columns that no answer has are None."""
    view = next(iter(answers.get(JOB, ())), None)
    if view is None or view.status != 200:
        return JobRows()
    body = view.json if isinstance(view.json, dict) else {}
    executions = _objects(answers, ALL, "executions")
    regions, body_of_run = _objects(answers, RUN_VIEW, "region_results"), _body(answers, RUN_VIEW)
    run, analysis = _object(body_of_run, "cross_region_execution", RUN), _object(body_of_run, "analysis", ANALYSIS)
    if run is not None:
        run["analysis_error"] = _reason(run, regions, analysis)
    number = list(record.resources).index(job)
    members = {column: body.get(member) for member, column in JOB_MEMBERS.items()}
    return plain(
        JobRows(
            job={"id": number, "jobspec_id": job, "workflow": _workflow(answers, job, record), **members},
            executions=[
                {**dict.fromkeys(EXECUTION.values()), **row, "output_data": row.get("output"), "job_id": number}
                for row in executions
            ],
            run=run,
            regions=sorted(regions, key=lambda row: str(row.get("region"))),
            analysis=analysis,
        )
    )


def plain(rows: JobRows) -> JobRows:
    """The same rows with every name and status as text; the published contract judges the types that were shown."""
    names = ("region", "status", "model_id", "question_id")

    def texts(row: Row) -> Row:
        return {**row, **{name: repr(row[name]) for name in names if not isinstance(row.get(name), str | None)}}

    return JobRows(
        job=texts(rows.job) if rows.job else None,
        executions=[texts(row) for row in rows.executions],
        run=texts(rows.run) if rows.run else None,
        regions=[texts(row) for row in rows.regions],
        analysis=rows.analysis,
    )


def _workflow(answers: Answers, job: str, record: Record) -> str:
    created = record.resources.get(job)
    known = {CROSS_REGION_JOBS: CROSS_REGION, JOBS: STANDARD}
    return known.get(created.path if created else "") or (CROSS_REGION if _run_id(answers, job, record) else STANDARD)


def _run_id(answers: Answers, job: str, record: Record) -> str:
    created = record.resources.get(job)
    named = [created.json if created else {}, *_objects(answers, ALL, "executions")]
    ids = (body.get("cross_region_execution_id") for body in named if isinstance(body, dict))
    return next((run for run in ids if isinstance(run, str) and run), "")


def _reason(run: Row, regions: Sequence[Row], analysis: Row | None) -> str | None:
    """The API has no field for why there is no analysis; where one was due, it must have failed."""
    successes = sum(row.get("status") == "success" for row in regions)
    return "not shown" if analysis is None and run.get("enable_analysis") is True and successes >= 2 else None


def _body(answers: Answers, view: str) -> Mapping[str, Any]:
    exchange = next(iter(answers.get(view, ())), None)
    return exchange.json if exchange and exchange.status == 200 and isinstance(exchange.json, dict) else {}


def _object(body: Mapping[str, Any], name: str, columns: Mapping[str, str]) -> Row | None:
    value = body.get(name)
    return {**dict.fromkeys(columns.values()), **value} if isinstance(value, dict) else None


def _objects(answers: Answers, view: str, name: str) -> list[Row]:
    listed = _body(answers, view).get(name)
    return [dict(entry) for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
