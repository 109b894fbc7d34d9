"""The reports of health follow from the states that they list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.core.texts import as_json
from gate.oracles.registry import Oracle

CODES = register("""
BG-READY-001 major: Report of health contradicts itself
    The status, or the member that sums up a report of /health or /health/ready, does not follow from the states of its
    services; or the process is said not to live although it answers. A load balancer sends jobs to a runner that cannot
    take them, or ends one that could.
""")
HEALTH, LIVE, READY = "/health", "/health/live", "/health/ready"
WORST = ("unhealthy", "degraded", "healthy")
SERVICES = {"database", "queue", "router"}


def check(record: Record, _: Observations, __: Contract) -> Iterator[Finding]:
    """Findings on the reports of a record."""
    for exchange in record.exchanges:
        if exchange.method != "GET" or exchange.path not in {HEALTH, LIVE, READY}:
            continue
        expected = _expected(exchange.path, exchange.json)
        got = exchange.status, *_summary(exchange)
        if expected is not None and got != expected:
            where = f"GET {exchange.path}"
            yield Finding(CODES[0].id, where, as_json(expected), f"{got} {exchange.text}", request=exchange.request_id)


def _summary(exchange: Exchange) -> tuple[Any, ...]:
    body = exchange.json if isinstance(exchange.json, Mapping) else {}
    return (body.get("ready") if exchange.path == READY else body.get("status"),)


def _expected(path: str, body: Any) -> tuple[int, Any] | None:
    """Status and summary that follow from the services; None where the report lists others than it has to."""
    if path == LIVE:
        return 200, "alive"
    services = body.get("services") if isinstance(body, Mapping) else None
    if not isinstance(services, list):
        return None
    states = {str(service.get("name")): service.get("status") for service in services if isinstance(service, Mapping)}
    if states.keys() != SERVICES:
        return 0, f"the services {sorted(SERVICES)}"
    worst = next((state for state in WORST if state in states.values()), "healthy")
    if states["router"] == "unhealthy" or (states["database"] == "unhealthy") > (states["queue"] == "unhealthy"):
        return 0, "a router that is at worst degraded, and no queue without its database"
    status = 503 if worst == "unhealthy" else 200
    return status, (status == 200 if path == READY else worst)


def _violation(_: Contract) -> tuple[Record, Observations]:
    states = (b'{"name": "%s", "status": "unhealthy"}' % name for name in (b"database", b"queue"))
    body = b'{"ready": true, "services": [%s, {"name": "router", "status": "healthy"}]}' % b", ".join(states)
    return Record("", [Exchange("GET", f"http://service{READY}", 200, body=body)]), Observations()


ORACLE = Oracle(
    name="health",
    promise="The reports of health follow from the states of database, queue and router that they list.",
    codes=CODES,
    check=check,
    violation=_violation,
)
