"""Requests, workers and processes that run side by side have the same effect as one after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from beacon.api import CROSS_REGION_JOBS, JOBS, job_at
from beacon.rows import JobRows
from beacon.states import TERMINAL
from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observation, Observations, Record
from gate.oracles.registry import Oracle

CODES = register("""
BG-RACE-001 critical request: Accepted twice
    Two submissions with the same job id, or with the same nonce of one public key, were both accepted. Requests that
    arrive at the same moment must have the effect of requests that arrive one after the other.
BG-RACE-002 critical request: Cancellation contradicts the job
    The answers to the cancellations of a job contradict each other or its rows: only one of them ends the job, it names
    the number of executions that it cancelled, and the status that they name is the one in which the job stays.
BG-RACE-003 critical rows: Execution run twice
    An execution was run again although no process of the runner ended. Two workers took the same job, or one worker
    took it twice.
BG-RACE-005 critical answer: Answer mixes two moments
    An answer shows a job or a run as under way beside parts that only its end brings about, or as ended beside parts
    that are under way. Its rows were read at different moments.
""")
TWICE, CANCELLED, AGAIN, MIXED = (code.id for code in CODES)

UNDER_WAY = frozenset({"pending", "running"})


def check(record: Record, observations: Observations, _: Contract) -> Iterator[Finding]:
    """Findings on pairs of exchanges, on single answers, and on the executions of a record's jobs."""
    yield from accepted_twice(record.exchanges)
    yield from mixed_moments(record.exchanges)
    cancellations = _cancellations(record.exchanges)
    for job, observation in observations.resources.items():
        rows = JobRows.of(observation.rows)
        yield from _of_job(job, cancellations.get(job, []), rows)
        if not record.interrupted:
            yield from run_again(observation, rows)


def accepted_twice(exchanges: Iterable[Exchange]) -> Iterator[Finding]:
    """Findings on accepted submissions that share an id, or a public key and its nonce."""
    taken = set[Hashable]()
    for exchange in exchanges:
        if exchange.method != "POST" or exchange.status != 202 or exchange.path not in {JOBS, CROSS_REGION_JOBS}:
            continue
        for name, value in _unique(exchange):
            if (name, value) in taken:
                expected = f"one accepted submission for the {name}"
                yield Finding(
                    TWICE, f"POST {exchange.path}", expected, f"202 again for {value}", "", exchange.request_id
                )
            taken.add((name, value))


def _unique(exchange: Exchange) -> Iterator[tuple[str, Hashable]]:
    """The values of an accepted submission that no other may have."""
    if isinstance(exchange.json, dict) and isinstance(exchange.json.get("id"), str):
        yield "id", exchange.json["id"]
    spec: Any = exchange.sent
    if exchange.path == CROSS_REGION_JOBS and isinstance(spec, Mapping):
        spec = spec.get("job_spec", spec.get("jobspec"))
    metadata = spec.get("metadata") if isinstance(spec, Mapping) else None
    pair = (
        (spec["public_key"], metadata.get("nonce")) if isinstance(metadata, Mapping) and spec.get("public_key") else ()
    )
    if pair and all(isinstance(part, str) for part in pair):
        yield "nonce", pair


def mixed_moments(exchanges: Iterable[Exchange]) -> Iterator[Finding]:
    """Findings on answers whose parts contradict the status of the whole."""
    for exchange in exchanges:
        body = exchange.json if exchange.method == "GET" and exchange.status == 200 else None
        if not isinstance(body, dict):
            continue
        run = body.get("cross_region_execution")
        whole = run.get("status") if isinstance(run, Mapping) else body.get("status")
        listed = body.get("region_results" if isinstance(run, Mapping) else "executions")
        if not isinstance(whole, str) or not isinstance(listed, list):
            continue
        statuses = {str(part.get("status")) for part in listed if isinstance(part, Mapping)}
        impossible = statuses & (UNDER_WAY if whole in TERMINAL else {"cancelled"})
        if impossible:
            where = "GET cross-region execution" if isinstance(run, Mapping) else "GET job"
            got = f"{whole} with parts that are {', '.join(sorted(impossible))}"
            yield Finding(MIXED, where, "a status and parts of one moment", got, "", exchange.request_id)


def _cancellations(exchanges: Iterable[Exchange]) -> dict[str, list[Exchange]]:
    """The answered cancellations by job."""
    answered: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in exchanges:
        if exchange.method == "POST" and exchange.status == 200 and isinstance(exchange.json, dict):
            job = unquote(exchange.path.removeprefix(f"{JOBS}/").removesuffix("/cancel"))
            if exchange.path == f"{job_at(job)}/cancel":
                answered[job].append(exchange)
    return answered


def _of_job(job: str, cancellations: Iterable[Exchange], rows: JobRows) -> Iterator[Finding]:
    """Findings on the cancellations of a job."""
    status = rows.job.get("status") if rows.job else None
    cancelled = sum(row.get("status") == "cancelled" for row in rows.executions)
    ended = False
    for exchange in cancellations:
        answer: Mapping[str, Any] = exchange.json
        before, after, number = (answer.get(name) for name in ("previous_status", "new_status", "executions_cancelled"))
        wrong: tuple[str, object] | None = None
        if before != after and ended:
            wrong = "a job that another cancellation has ended", f"{before} -> {after}"
        elif status in TERMINAL and after != status:
            wrong = f"new_status {status}, as the job stays", after
        elif status in TERMINAL and number != (cancelled if before != after else 0):
            wrong = f"executions_cancelled {cancelled if before != after else 0}, as the rows", number
        ended = ended or before != after
        if wrong:
            where = f"POST {JOBS}/{{job_id}}/cancel"
            yield Finding(CANCELLED, where, wrong[0], str(wrong[1]), job, exchange.request_id)


def run_again(observation: Observation, rows: JobRows) -> Iterator[Finding]:
    """Findings on executions that count more calls than the first."""
    for row in rows.executions:
        if row.get("retry_count"):
            where = "executions.retry_count"
            yield Finding(AGAIN, where, "0 without a restart of the runner", str(row["retry_count"]), observation.id)


def _violation(_: Contract) -> tuple[Record, Observations]:
    def sent(method: str, path: str, status: int, body: bytes) -> Exchange:
        return Exchange(method, f"http://service{path}", status, body=body)

    cancelled = b'{"previous_status": "running", "new_status": "cancelled", "executions_cancelled": 0}'
    exchanges = [
        *[sent("POST", JOBS, 202, b'{"id": "a"}')] * 2,
        *[sent("POST", f"{job_at('b')}/cancel", 200, cancelled)] * 2,
        sent("GET", job_at("c"), 200, b'{"status": "running", "executions": [{"status": "cancelled"}]}'),
    ]
    rows = JobRows({"jobspec_id": "b", "status": "cancelled"}, [{"status": "cancelled", "retry_count": 1}])
    return Record("", exchanges), Observations({"b": Observation("b", rows.by_table())})


ORACLE = Oracle(
    name="races",
    promise="What happens at the same time has the effect of one after the other.",
    codes=CODES,
    check=check,
    violation=_violation,
    reads=("jobs", "executions"),
)
