"""Submissions that share an Idempotency-Key create one job, and get one answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from beacon.api import CROSS_REGION_JOBS, JOBS
from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.core.values import equal
from gate.oracles.registry import Oracle

CODES = register("""
BG-IDEM-001 critical request: Idempotency-Key not honoured
    Requests shared an Idempotency-Key. The same request must get the first answer again, and another request must
    be refused; otherwise a client that retries after a lost answer creates a second job.
""")

HEADER = "idempotency-key"
USABLE = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")
"""Syntax of a key after the spaces at either end, which are no part of it, are removed."""
DECIDED = frozenset({200, 202, 400, 409, 422})
"""Statuses that the key determines; others depend on load, such as 429, or precede the reading of the key."""


def wrong_answers(exchanges: Iterable[Exchange]) -> list[Finding]:
    """Findings on answers that the published rule of the key does not allow after the accepted one."""
    findings, by_key = [], dict[str, list[Exchange]]()
    for exchange in exchanges:
        key = exchange.request_headers.get(HEADER)
        if key is None or exchange.method != "POST" or exchange.path not in {JOBS, CROSS_REGION_JOBS}:
            continue
        if not USABLE.fullmatch(key.strip(" \t")):
            findings += _unusable(exchange)
        elif exchange.status in DECIDED:
            by_key.setdefault(key.strip(" \t"), []).append(exchange)
    return findings + [finding for sent in by_key.values() for finding in _compared(sent)]


def _unusable(exchange: Exchange) -> list[Finding]:
    if exchange.status >= 300:
        return []
    where = f"POST {exchange.path}, an Idempotency-Key that cannot be one"
    expected = "400 invalid_parameter"
    return [Finding(CODES[0].id, where, expected, got=str(exchange.status), request=exchange.request_id)]


def _compared(sent: list[Exchange]) -> Iterator[Finding]:
    first = next((exchange for exchange in sent if exchange.status == 202), None)
    if first is None:
        return
    for other in sent:
        same = other.path == first.path and equal(other.sent, first.sent)
        if other is first or (_replayed(other, first) if same else _refused(other)):
            continue
        yield Finding(
            CODES[0].id,
            where=f"POST {other.path}, the same key with {'the same' if same else 'another'} request",
            expected=f"200 and the first answer, {first.json}" if same else "422 idempotency_key_reuse",
            got=f"{other.status} {other.text}",
            request=other.request_id,
        )


def _replayed(other: Exchange, first: Exchange) -> bool:
    answer: Any = first.json
    return other.status == 200 and isinstance(answer, dict) and other.json == {**answer, "idempotent": True}


def _refused(other: Exchange) -> bool:
    """Return whether the request was refused for its key, or for another fault."""
    return other.status == 400 or (other.status, other.error_code) == (422, "idempotency_key_reuse")


def _violation(_: Contract) -> tuple[Record, Observations]:
    accepted = Exchange("POST", f"http://service{JOBS}", 202, {HEADER: ""})
    return Record("", [accepted]), Observations()


ORACLE = Oracle(
    name="idempotency",
    promise="Submissions that share an Idempotency-Key create one job, and get one answer.",
    codes=CODES,
    check=lambda record, _, __: wrong_answers(record.exchanges),
    violation=_violation,
)
