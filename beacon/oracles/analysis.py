"""The analysis endpoint gives the analysis that follows from the job's rows and answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from beacon import views
from beacon.analysis.comparison import compare
from beacon.analysis.recomputation import Output, recompute
from beacon.analysis.terms import Definition
from beacon.api import analysis_of
from beacon.decisions import Facts, analysis_answer, decide
from beacon.rows import TABLES, JobRows
from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observation, Observations, Record, Row
from gate.core.texts import as_json
from gate.core.values import equal
from gate.oracles.registry import Need, Oracle

CODES = register("""
BG-ANALYSIS-001 critical result: Analysis does not follow from the answers
    A number, difference, risk, label or sentence of an analysis is not the one that the published definition gives for
    the stored answers.
BG-ANALYSIS-002 critical answer: Analysis endpoint contradicts the rows
    A job's rows determine whether it has an analysis, what is said of the job beside it and, if it has none, why. The
    endpoint answered otherwise.
BG-ANALYSIS-003 major answer: Retry-After does not say whether to wait for an analysis
    An analysis that is pending has the header, so that clients ask again; no other answer for an analysis has it.
    Example: GET /api/v2/jobs/{job_id}/bias-analysis 404 analysis_pending | Retry-After | none
""")
NUMBERS, REASON, WAIT = (code.id for code in CODES)

PATH = re.compile(r"/(bias|diff)-analysis$")
"""The operations that show an analysis."""
KINDS = {
    "200": "with an analysis",
    "analysis_disabled": "with its analysis disabled",
    "analysis_failed": "without an analysis",
    "analysis_not_applicable": "with fewer than two successful regions",
    "insufficient_regions": "with fewer than two successful regions",
}
"""Jobs by the answer that is due for them, so that each missing reason is a finding of its own."""


def expected_answer(rows: JobRows) -> str:
    """``200``, or the error code with the reason for a missing analysis."""
    run = rows.run or {}
    facts = {
        "status": "none" if rows.job is None else str(rows.job["status"]),
        "run": _yes(rows.run is not None),
        "analysis": _yes(rows.analysis is not None),
        "enabled": _yes(run.get("enable_analysis")),
        "error": _yes(run.get("analysis_error") is not None),
    }
    return decide(analysis_answer()["answer"], facts)


def expected_comparison(rows: JobRows) -> str:
    """``200``, or the error code of a comparison of the regions of a run that has ended."""
    facts: Facts = {"status": str((rows.run or {}).get("status")), "successes": len(_successful(rows))}
    return decide(analysis_answer()["comparison"], facts)


def check(record: Record, observations: Observations, contract: Contract) -> Iterator[Finding]:
    """Findings on every answer for an analysis of a record's jobs."""
    for observation in observations.resources.values():
        rows = JobRows.of(observation.rows)
        for view, due in ((views.BIAS, expected_answer), (views.COMPARED, expected_comparison)):
            for exchange in observation.answers.get(view, ()):
                yield from _reason(_operation(exchange, contract), due(rows), exchange, rows, observation.id)
        answers = [exchange for exchange in _asked(record, observation, rows) if exchange.status == 200]
        if answers:
            yield from _analysis_findings(answers, observation.id, rows, contract)
    for exchange in record.exchanges:
        waits = exchange.error_code == "analysis_pending"
        # An answer that keeps clients waiting for the service itself is not about the analysis.
        of_analysis = PATH.search(exchange.path) and exchange.status in {200, 404, 409}
        if of_analysis and waits != ("retry-after" in exchange.headers):
            where = f"{_operation(exchange, contract)} {_answer(exchange)}"
            got = exchange.headers.get("retry-after", "none")
            yield Finding(WAIT, where, "Retry-After" if waits else "none", got, request=exchange.request_id)


def _asked(record: Record, observation: Observation, rows: JobRows) -> Iterator[Exchange]:
    """Every answer for an analysis of a job, a later one with the same bytes left out."""
    places = {analysis_of(observation.id)}
    if rows.run is not None:
        places.add(views.compared_at(rows.run.get("id")))
    of_test = [exchange for exchange in record.exchanges if exchange.path in places]
    asked = [*observation.answers.get(views.BIAS, ()), *observation.answers.get(views.COMPARED, ()), *of_test]
    yield from {(exchange.path, exchange.body): exchange for exchange in reversed(asked)}.values()


def _operation(exchange: Exchange, contract: Contract) -> str:
    return str(contract.operation(exchange.method, exchange.path) or f"{exchange.method} {exchange.path}")


def _answer(exchange: Exchange) -> str:
    return f"{exchange.status} {exchange.error_code}".strip()


def _reason(operation: str, expected: str, exchange: Exchange, rows: JobRows, job: str) -> Iterator[Finding]:
    # The contract publishes each reason with a single status.
    published = 409 if exchange.path.endswith("diff-analysis") else 404
    due = expected if expected == "200" else f"{published} {expected}"
    got = _answer(exchange)
    if (str(exchange.status) if expected == "200" else got) != due:
        where = f"{operation} answered {got} for {_described(rows, expected)}"
        yield Finding(REASON, where, due, got, job, exchange.request_id)
        return
    for place, value, actual in _around(exchange, rows):
        if not equal(actual, value):
            yield Finding(
                REASON, f"{operation} {got} {place}", as_json(value), as_json(actual), job, exchange.request_id
            )


def _described(rows: JobRows, expected: str) -> str:
    if rows.job is None:
        return "a job that is not stored"
    workflow = "standard" if rows.run is None else "cross-region"
    return f"a {rows.job['status']} {workflow} job {KINDS.get(expected, '')}".strip()


def missing_details(code: str, rows: JobRows) -> dict[str, Any]:
    """The details of the error that says why a job has no analysis."""
    job, run, successes = rows.job or {}, rows.run or {}, len(_successful(rows))
    details: dict[str, Any] = {"status": job.get("status")}
    if code == "analysis_not_applicable":
        details["successful_regions"] = successes
    if code == "analysis_failed":
        total, least = run.get("total_regions"), run.get("min_regions_required")
        failed = f"the job failed: {successes} of {total} regions succeeded, at least {least} had to"
        cancelled = "the job was cancelled" if job.get("status") == "cancelled" else None
        details["reason"] = cancelled or run.get("analysis_error") or failed
    return details


def metadata(rows: JobRows) -> dict[str, Any]:
    """The metadata of a job that its analysis shows."""
    spec = rows.spec
    benchmark = spec.get("benchmark") or {}
    return {
        "status": (rows.job or {}).get("status"),
        "questions": list(dict.fromkeys(spec.get("questions") or ["default"])),
        "models": list(dict.fromkeys(model.get("id") for model in spec.get("models") or ())),
        "benchmark": {name: benchmark.get(name, "") for name in ("name", "description")},
        "metadata": spec.get("metadata") or {},
    }


def _around(exchange: Exchange, rows: JobRows) -> Iterator[tuple[str, Any, Any]]:
    """Place, expected and actual value of what stands around an analysis."""
    body = exchange.json if isinstance(exchange.json, dict) else {}
    if exchange.status == 404 and exchange.error_code not in {"job_not_found", ""}:
        yield "details", missing_details(exchange.error_code, rows), body.get("details")
    # A job from before workflow B may lack members of its JobSpec that every newer one has.
    if exchange.status != 200 or rows.run is None or not rows.spec.get("models"):
        return
    analysis: dict[str, Any] = body["analysis"] if isinstance(body.get("analysis"), dict) else {}
    run, stored = str(rows.run.get("id")), rows.analysis or {}
    yield "job_id", rows.id, body.get("job_id")
    yield "cross_region_execution_id", run, body.get("cross_region_execution_id")
    yield "analysis/cross_region_execution_id", run, analysis.get("cross_region_execution_id")
    for name in ("id", "created_at", "updated_at"):
        yield f"analysis/{name}", stored.get(name), analysis.get(name)
    if exchange.path.endswith("bias-analysis"):
        yield "job_metadata", metadata(rows), body.get("job_metadata")


def _analysis_findings(answers: Iterable[Exchange], job: str, rows: JobRows, contract: Contract) -> Iterator[Finding]:
    """Findings on each part of an analysis that does not follow from the answers."""
    successful = _successful(rows)
    completed = [row for row in rows.executions if row["status"] == "completed" and row["region"] in successful]
    outputs = [output for row in completed if (output := _output(row)) is not None]
    # A row that lacks its text is a finding of the rows.
    if len(outputs) < len(completed):
        return
    targets = [row["region"] for row in rows.regions]
    expected = recompute(outputs, len(rows.executions), definition(contract), targets)
    for exchange in answers:
        body = exchange.json if isinstance(exchange.json, dict) else {}
        analysis, scores = body.get("analysis"), body.get("region_scores")
        # An analysis that cannot be read is a finding of the listings.
        if isinstance(analysis, dict) and isinstance(scores, dict):
            for mismatch in compare(expected, analysis, scores):
                place = "/".join("*" if part.isdecimal() else part for part in mismatch.pointer.split("/"))
                yield Finding(NUMBERS, place, str(mismatch.expected), str(mismatch.got), job, exchange.request_id)


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _successful(rows: JobRows) -> list[str]:
    return [row["region"] for row in rows.regions if row.get("status") == "success"]


def _output(row: Row) -> Output | None:
    text = row["output_data"].get("response") if isinstance(row["output_data"], dict) else None
    if not isinstance(text, str) or row["question_id"] is None:
        return None
    return Output(row["region"], row["model_id"], row["question_id"], text)


@cache
def definition(contract: Contract) -> Definition:
    """The published definition of the analysis."""
    return Definition.from_contract(contract.document)


def _violation(_: Contract) -> tuple[Record, Observations]:
    rows = JobRows({"jobspec_id": "a", "status": "completed"}).by_table()
    pending = Exchange(
        "GET", "http://service/api/v2/jobs/a/bias-analysis", 404, body=b'{"error_code": "analysis_pending"}'
    )
    return Record(""), Observations({"a": Observation("a", rows, {views.BIAS: [pending]})})


ORACLE = Oracle(
    name="analysis",
    promise="The analysis of a job is the one that the gate computes again from the stored answers.",
    codes=CODES,
    check=check,
    violation=_violation,
    reads=("jobs", *TABLES),
    wants={Need.ROWS: "recomputed from the answers that the API shows, not from the stored ones"},
)
