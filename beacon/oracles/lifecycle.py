"""Statuses follow each other as the published life-cycle allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from beacon.api import JOBS
from beacon.states import EXECUTION, JOB, Machine
from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Oracle

CODES = register("""
BG-LIFE-001 major rows: Status outside the life-cycle
    The API showed a job or an execution with a status that the published life-cycle does not have.
    Example: GET /api/v1/jobs/job-12 /status | one of queued, running, completed, partial, failed, cancelled | finished
BG-LIFE-002 critical rows: Forbidden status change
    Between two readings, a status changed in a way that the published life-cycle does not allow, for example after
    a terminal status.
""")
UNKNOWN, FORBIDDEN = (code.id for code in CODES)


def illegal_changes(exchanges: Iterable[Exchange]) -> list[Finding]:
    """Findings on illegal changes of status between readings of a job, and of each of its executions.

    A reading is compared with those that had ended before it began: of two that overlap, the answer that came later may
    show the earlier state.
    """
    seen: dict[str, dict[str, float]] = {}
    return [
        finding
        for exchange in exchanges
        if exchange.method == "GET" and exchange.status == 200 and isinstance(exchange.json, dict)
        for reading in _statuses(exchange.path, exchange.json)
        for finding in _judge(seen.setdefault(f"{reading.kind} {reading.id}", {}), exchange, reading)
    ]


@dataclass(frozen=True, slots=True)
class _Status:
    """The status of a job or an execution in a body, with the job to which it belongs."""

    kind: str
    id: str
    status: str
    machine: Machine
    job: str


def _statuses(path: str, body: Mapping[str, Any]) -> Iterator[_Status]:
    job = unquote(path.removeprefix(f"{JOBS}/").partition("/")[0]) if path.startswith(f"{JOBS}/") else ""
    if job and "status" in body:
        yield _Status("job", job, str(body["status"]), JOB, job)
    for entry in _entries(body, "jobs"):
        yield _Status("job", str(entry["id"]), str(entry.get("status")), JOB, str(entry["id"]))
    listed = _entries({"executions": [body]} if path.endswith("/details") else body, "executions")
    for entry in listed:
        owner = job or str(entry.get("job_id", ""))
        yield _Status("execution", str(entry["id"]), str(entry.get("status")), EXECUTION, owner)


def _entries(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a listing that have an id."""
    listed = body.get(name)
    return [
        entry
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, Mapping) and entry.get("id") is not None
    ]


def _judge(seen: dict[str, float], exchange: Exchange, reading: _Status) -> Iterator[Finding]:
    """Findings on a status; ``seen`` maps each earlier status to the time of its first reading."""
    where, status, machine = f"status of {reading.kind}", reading.status, reading.machine
    if status not in machine:
        expected = f"one of {', '.join(machine)}"
        yield Finding(UNKNOWN, where, expected, status, reading.job, exchange.request_id)
        return
    conflicts = [
        before
        for before, read in seen.items()
        if status != before and status not in machine[before] and read <= exchange.began
    ]
    if conflicts:
        before = conflicts[-1]
        expected = f"after {before}: {', '.join(sorted(machine[before])) or 'no other'}"
        yield Finding(FORBIDDEN, where, expected, status, reading.job, exchange.request_id)
        seen.clear()  # a step back is reported once: later readings are compared with it
    seen.setdefault(status, exchange.ended)


def _violation(_: Contract) -> tuple[Record, Observations]:
    readings = [
        Exchange("GET", f"http://service{JOBS}/a", 200, body=b'{"status": "%s"}' % status, began=began)
        for began, status in enumerate((b"completed", b"running"))
    ]
    return Record("", readings), Observations()


ORACLE = Oracle(
    name="life-cycle",
    promise="Statuses follow each other as the published life-cycle allows.",
    codes=CODES,
    check=lambda record, _, __: illegal_changes(record.exchanges),
    violation=_violation,
)
