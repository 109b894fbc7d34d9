"""The life-cycle as a state machine: the statuses that were seen follow each other as the contract allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from gate.client import JOBS
from gate.exchange import Exchange
from gate.findings import Finding

ENDED: frozenset[str] = frozenset()
JOB: Mapping[str, frozenset[str]] = {
    "queued": frozenset({"running", "completed", "partial", "failed", "cancelled"}),
    "running": frozenset({"completed", "partial", "failed", "cancelled"}),
    **dict.fromkeys(("completed", "partial", "failed", "cancelled"), ENDED),
}
EXECUTION: Mapping[str, frozenset[str]] = {
    "pending": frozenset({"running", "completed", "failed", "timeout", "cancelled"}),
    "running": frozenset({"completed", "failed", "timeout", "cancelled"}),
    **dict.fromkeys(("completed", "failed", "timeout", "cancelled"), ENDED),
}
"""What each status may become. Between two looks more than one step may have been taken."""


def check(exchanges: Iterable[Exchange]) -> list[Finding]:
    """Illegal changes of status between consecutive readings of a job, and of each of its executions."""
    seen: dict[str, str] = {}
    found: list[Finding] = []
    for exchange in exchanges:
        job = exchange.path.removeprefix(f"{JOBS}/")
        if exchange.method != "GET" or exchange.status != 200 or job == exchange.path:
            continue
        job = unquote(job.partition("/")[0])
        body = exchange.json if isinstance(exchange.json, dict) else {}
        if "status" in body:
            found += _step(seen, f"job {job}", str(body["status"]), JOB, job)
        for execution in body.get("executions") or []:
            found += _step(seen, f"execution {execution.get('id')}", str(execution.get("status")), EXECUTION, job)
    return found


def _step(
    seen: dict[str, str], what: str, status: str, machine: Mapping[str, frozenset[str]], job: str
) -> list[Finding]:
    before = seen.get(what, status)
    seen[what] = status
    where = f"status of {what.partition(' ')[0]}"
    if status not in machine:
        return [Finding("BG-LIFE-001", where=where, expected=f"one of {', '.join(machine)}", got=status, job=job)]
    if status != before and status not in machine.get(before, ENDED):
        legal = ", ".join(sorted(machine.get(before, ENDED))) or "no other"
        return [Finding("BG-LIFE-002", where=where, expected=f"after {before}: {legal}", got=status, job=job)]
    return []
