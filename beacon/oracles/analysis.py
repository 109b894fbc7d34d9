"""The analysis endpoint gives the analysis that follows from the job's rows and answers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from beacon import views
from beacon.analysis.comparison import compare
from beacon.analysis.recomputation import Output, recompute
from beacon.analysis.terms import Definition
from beacon.rows import TABLES, JobRows
from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observation, Observations, Record, Row
from gate.oracles.registry import Need, Oracle

CODES = register("""
BG-ANALYSIS-001 critical: Analysis does not follow from the answers
    A number, difference, risk or label of a bias analysis is not the one that the published definition gives for
    the stored answers.
BG-ANALYSIS-002 critical: Analysis endpoint contradicts the rows
    A job's rows determine whether it has an analysis and, if it has none, why. The endpoint answered otherwise.
""")
NUMBERS, REASON = (code.id for code in CODES)


def expected_answer(rows: JobRows) -> str:
    """``200``, or the error code with the reason for a missing analysis."""
    if rows.job is None:
        return "job_not_found"
    if rows.run is None:
        return "standard_workflow"
    status = rows.job["status"]
    reasons = (
        (rows.analysis is not None, "200"),
        (status in {"queued", "running"}, "analysis_pending"),
        (not rows.run["enable_analysis"], "analysis_disabled"),
        (status in {"failed", "cancelled"} or rows.run["analysis_error"] is not None, "analysis_failed"),
    )
    return next((code for holds, code in reasons if holds), "analysis_not_applicable")


def check(_: Record, observations: Observations, contract: Contract) -> Iterator[Finding]:
    """Findings on the analysis of each of a record's jobs."""
    for observation in observations.resources.values():
        rows = JobRows.of(observation.rows)
        for exchange in observation.answers.get(views.BIAS, ()):
            yield from _analysis_findings(exchange, observation.id, rows, contract)


def _analysis_findings(exchange: Exchange, job: str, rows: JobRows, contract: Contract) -> Iterator[Finding]:
    # The contract publishes the reasons with status 404 only.
    got = exchange.error_code if exchange.status == 404 and exchange.error_code else str(exchange.status)
    expected = expected_answer(rows)
    if got != expected:
        # The expected reason is part of the place, so that each missing reason is a finding of its own.
        yield Finding(REASON, f"{views.BIAS}: {expected}", expected, got, job, exchange.request_id)
    elif exchange.status == 200:
        for place, wanted, actual in _differences(exchange.json, rows, _definition(contract)):
            yield Finding(NUMBERS, place, wanted, actual, job, exchange.request_id)


def _differences(body: Any, rows: JobRows, definition: Definition) -> Iterator[tuple[str, str, str]]:
    """Place, expected and shown value of each part of an analysis that does not follow from the answers."""
    analysis, scores = (body.get(name) if isinstance(body, dict) else None for name in ("analysis", "region_scores"))
    completed = [row for row in rows.executions if row["status"] == "completed"]
    outputs = [output for row in completed if (output := _output(row)) is not None]
    # An analysis that cannot be read is a finding of the listings, and a row that lacks its text one of the rows.
    if not isinstance(analysis, dict) or not isinstance(scores, dict) or len(outputs) < len(completed):
        return
    for mismatch in compare(recompute(outputs, len(rows.executions), definition), analysis, scores):
        place = "/".join("*" if part.isdecimal() else part for part in mismatch.pointer.split("/"))
        yield place, str(mismatch.expected), str(mismatch.got)


def _output(row: Row) -> Output | None:
    text = row["output_data"].get("response") if isinstance(row["output_data"], dict) else None
    if not isinstance(text, str) or row["question_id"] is None:
        return None
    return Output(row["region"], row["model_id"], row["question_id"], text)


@cache
def _definition(contract: Contract) -> Definition:
    return Definition.from_contract(contract.document)


def _violation(_: Contract) -> tuple[Record, Observations]:
    rows = JobRows({"jobspec_id": "a", "status": "completed"}).by_table()
    pending = Exchange("GET", "http://service", 404, body=b'{"error_code": "analysis_pending"}')
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
