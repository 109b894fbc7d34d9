"""Every answer is read anew: it shows what was answered, or stored, before its request began."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from beacon.api import CROSS_REGION_JOBS, EXECUTIONS, JOBS, job_at
from beacon.rows import JobRows
from beacon.states import EXECUTION, TERMINAL
from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Oracle

CODES = register("""
BG-MEMORY-001 critical answer: Accepted job is not known
    A request that began after a job had been accepted was answered as if there were no such job. The runner remembers
    that something was missing, or reads from a copy that lags behind.
BG-MEMORY-002 critical answer: Answer shows an earlier state
    A request was answered with a state of a job that had ended before the request began. The runner answers from
    memory, so clients poll for a change that they never see.
""")
UNKNOWN, EARLIER = (code.id for code in CODES)

UNDECIDED = frozenset(status for status, after in EXECUTION.items() if after)
"""Statuses of executions that have not ended."""


def check(record: Record, observations: Observations, contract: Contract) -> Iterator[Finding]:
    """Findings on answers that show a state of before their request."""
    known = _known(record, observations)
    seen: dict[str, float] = {}
    for exchange in record.exchanges:
        yield from _unknown(exchange, known, contract)
        for job, ended in states_in(exchange):
            if not ended and job in seen and seen[job] <= exchange.began:
                yield earlier(exchange, job, contract)
            elif ended:
                seen[job] = min(seen.get(job, exchange.ended), exchange.ended)
    yield from _observed(observations, contract)


def _known(record: Record, observations: Observations) -> dict[str, Exchange]:
    """The accepted submissions by job, without jobs that have been removed since."""
    return {
        job: created
        for job, created in record.resources.items()
        if created is not None
        and (not observations.stored or job not in observations.resources or _stored(observations, job))
    }


def _stored(observations: Observations, job: str) -> bool:
    return JobRows.of(observations.resources[job].rows).job is not None


def _place(exchange: Exchange, contract: Contract) -> str:
    operation = contract.operation(exchange.method, exchange.path)
    return f"{exchange.method} {operation.path if operation else exchange.path}"


def _unknown(exchange: Exchange, known: Mapping[str, Exchange], contract: Contract) -> Iterator[Finding]:
    """A finding on an answer that lacks a job whose acceptance had been answered before."""
    accepted = {job: created for job, created in known.items() if created.ended <= exchange.began}
    job = _addressed(exchange)
    if job in accepted and (exchange.error_code == "job_not_found" or _empty(exchange)):
        place = _place(exchange, contract)
        yield Finding(UNKNOWN, place, "the job that was accepted before", exchange.text, job, exchange.request_id)
    elif exchange.method == "GET" and exchange.path == JOBS and exchange.status == 200:
        absent = _absent(exchange, accepted)
        if absent:
            expected = f"{absent}, which was accepted before"
            yield Finding(
                UNKNOWN, _place(exchange, contract), expected, "a page of older jobs", absent, exchange.request_id
            )


def _addressed(exchange: Exchange) -> str:
    """The job that a request asks about; empty for any other request."""
    if exchange.path == EXECUTIONS:
        return parse_qs(exchange.query).get("jobspec_id", [""])[0]
    parts = exchange.path.split("/")
    return unquote(parts[4]) if len(parts) > 4 and parts[1] == "api" and parts[3] == "jobs" else ""


def _empty(exchange: Exchange) -> bool:
    return exchange.path == EXECUTIONS and isinstance(exchange.json, dict) and exchange.json.get("total") == 0


def _absent(exchange: Exchange, accepted: Mapping[str, Exchange]) -> str:
    """A job that the first page of the listing has to show: there is room for it, or a job of before is shown."""
    query, entries = parse_qs(exchange.query), _entries(exchange.json, "jobs")
    if query.keys() - {"limit", "offset"} or query.get("offset", ["0"]) != ["0"]:
        return ""
    ids = [str(entry.get("id")) for entry in entries]
    oldest = min((accepted[job].ended for job in ids if job in accepted), default=float("inf"))
    full = query.get("limit", ["50"])[0] == str(len(entries))
    missing = (job for job, created in accepted.items() if job not in ids and (not full or oldest <= created.began))
    return next(missing, "")


def states_in(exchange: Exchange) -> Iterator[tuple[str, bool]]:
    """The jobs that an answer shows, and for each whether it has ended; executions show only that it has not."""
    body = exchange.json
    if not isinstance(body, dict):
        return
    yield from _state_of(_addressed(exchange), exchange.path, body)
    for entry in _entries(body, "jobs"):
        yield str(entry.get("id")), _has_ended(entry.get("status"))
    for run in (body.get("cross_region_execution"), *_entries(body, "cross_region_executions")):
        if isinstance(run, Mapping):
            yield str(run.get("jobspec_id")), _has_ended(run.get("status"))
    for entry in _entries(body, "executions"):
        if isinstance(entry.get("status"), str) and entry["status"] in UNDECIDED:
            yield str(entry.get("job_id") or _addressed(exchange)), False


def _state_of(job: str, path: str, body: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """The state of the job that a request addresses, as far as the answer shows it."""
    if body.get("error_code") == "analysis_pending":
        yield job, False
    elif path == f"{job_at(job)}/cancel" and "new_status" in body:
        yield job, _has_ended(body["new_status"])
    elif path == job_at(job) and "status" in body:
        yield job, _has_ended(body["status"])
    elif path.endswith("/bias-analysis") and "analysis" in body:
        yield job, True


def _has_ended(status: object) -> bool:
    return isinstance(status, str) and status in TERMINAL


def _entries(body: Any, name: str) -> list[Mapping[str, Any]]:
    listed = body.get(name) if isinstance(body, Mapping) else None
    return [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []


def _observed(observations: Observations, contract: Contract) -> Iterator[Finding]:
    """Findings on views that were asked for after the rows had been read, which say that the job has ended."""
    for observation in observations.resources.values():
        rows = JobRows.of(observation.rows)
        if not observations.stored or rows.job is None or rows.job.get("status") not in TERMINAL:
            continue
        for exchange in (each for answers in observation.answers.values() for each in answers):
            if (observation.id, False) in states_in(exchange):
                yield earlier(exchange, observation.id, contract)


def earlier(exchange: Exchange, job: str, contract: Contract) -> Finding:
    """The finding on an answer that shows a job as it was before its end."""
    return Finding(EARLIER, _place(exchange, contract), "a job that has ended", exchange.text, job, exchange.request_id)


def _violation(_: Contract) -> tuple[Record, Observations]:
    def sent(method: str, path: str, status: int, body: bytes, began: float) -> Exchange:
        return Exchange(method, f"http://service{path}", status, body=body, began=began)

    created = sent("POST", CROSS_REGION_JOBS, 202, b'{"id": "a"}', 0)
    exchanges = [
        created,
        sent("GET", job_at("a"), 404, b'{"error_code": "job_not_found"}', 1),
        sent("GET", job_at("a"), 200, b'{"status": "completed"}', 2),
        sent("GET", job_at("a"), 200, b'{"status": "running"}', 3),
    ]
    return Record("", exchanges, {"a": created}), Observations()


ORACLE = Oracle(
    name="memory",
    promise="Every answer shows what was answered or stored before its request began.",
    codes=CODES,
    check=check,
    violation=_violation,
    reads=("jobs",),
)
