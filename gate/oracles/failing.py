"""No request makes the service fail."""

from __future__ import annotations

from collections.abc import Iterator

from gate.contract.document import Contract
from gate.core.effect import Effect
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Oracle

CODES = register("""
BG-FAILED-001 critical request F100: Request made the service fail
    The service answered with a status from 500 up, documented or not: no request may make it fail.
""")
(FAILED,) = (code.id for code in CODES)
BY_INTENTION = frozenset({501, 503, 504})
"""Statuses by which a service says that it lacks a part or waits for another one."""


def check(record: Record, _: Observations, __: Contract) -> Iterator[Finding]:
    """A finding for each failure of a record."""
    for effect in record.effects:
        status = effect.exchange.status
        if status >= 500:
            got = " ".join(f"{status} {effect.exchange.text}".split())
            expected, request = "an answer below 500", effect.exchange.request_id
            yield Finding(FAILED, f"{effect.operation} {status}", expected, got, request=request)


def _violation(_: Contract) -> tuple[Record, Observations]:
    return Record("", effects=[Effect(Exchange("POST", "http://service/items", 500), "POST /items")]), Observations()


ORACLE = Oracle(
    name="failing",
    promise="No request makes the service fail.",
    codes=CODES,
    check=check,
    violation=_violation,
)
