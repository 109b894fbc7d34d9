"""The life-cycle as a state machine: the statuses that were seen follow each other as the contract allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from beacon.api import JOBS
from gate.core.exchange import Exchange
from gate.core.findings import Finding

Machine = Mapping[str, frozenset[str]]

ENDED: frozenset[str] = frozenset()
JOB: Machine = {
    "queued": frozenset({"running", "completed", "partial", "failed", "cancelled"}),
    "running": frozenset({"completed", "partial", "failed", "cancelled"}),
    **dict.fromkeys(("completed", "partial", "failed", "cancelled"), ENDED),
}
EXECUTION: Machine = {
    "pending": frozenset({"running", "completed", "failed", "timeout", "cancelled"}),
    "running": frozenset({"completed", "failed", "timeout", "cancelled"}),
    **dict.fromkeys(("completed", "failed", "timeout", "cancelled"), ENDED),
}
"""What each status may become. Between two looks more than one step may have been taken."""


def check(exchanges: Iterable[Exchange]) -> list[Finding]:
    """Illegal changes of status between readings of a job, and of each of its executions.

    A reading is held against those that had ended before it began: of two that overlap, the one that was answered later
    may have looked earlier.
    """
    seen: dict[str, dict[str, float]] = {}
    return [
        finding
        for exchange in exchanges
        if exchange.method == "GET" and exchange.status == 200 and isinstance(exchange.json, dict)
        for what, status, machine, job in _shown(exchange.path, exchange.json)
        for finding in _step(seen.setdefault(what, {}), exchange, what, status, machine, job)
    ]


def _shown(path: str, body: Mapping[str, Any]) -> Iterator[tuple[str, str, Machine, str]]:
    """Every status that a body shows, with what has it and whose job that is."""
    job = unquote(path.removeprefix(f"{JOBS}/").partition("/")[0]) if path.startswith(f"{JOBS}/") else ""
    if job and "status" in body:
        yield f"job {job}", str(body["status"]), JOB, job
    for entry in _entries(body, "jobs"):
        yield f"job {entry['id']}", str(entry.get("status")), JOB, str(entry["id"])
    listed = _entries({"executions": [body]} if path.endswith("/details") else body, "executions")
    for entry in listed:
        yield f"execution {entry['id']}", str(entry.get("status")), EXECUTION, job or str(entry.get("job_id", ""))


def _entries(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a listing that say which one they are."""
    listed = body.get(name)
    return [
        entry
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, Mapping) and entry.get("id") is not None
    ]


def _step(
    seen: dict[str, float], exchange: Exchange, what: str, status: str, machine: Machine, job: str
) -> list[Finding]:
    """Holds a status against those ``seen`` before, which has when each of them had been read first."""
    where = f"status of {what.partition(' ')[0]}"
    if status not in machine:
        return [Finding("BG-LIFE-001", where=where, expected=f"one of {', '.join(machine)}", got=status, job=job)]
    found = []
    for before, read in seen.items():
        if status != before and status not in machine[before] and read <= exchange.began:
            legal = ", ".join(sorted(machine[before])) or "no other"
            found = [Finding("BG-LIFE-002", where=where, expected=f"after {before}: {legal}", got=status, job=job)]
    if found:
        seen.clear()  # a step back is told once: what follows is held against it
    seen.setdefault(status, exchange.ended)
    return found
