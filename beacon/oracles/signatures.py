"""A signed submission is accepted if and only if its signature is valid, judged from the request alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from beacon.api import CROSS_REGION_JOBS, JOBS
from beacon.model.signatures import GOOD, clock, verdicts
from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Oracle

CODES = register("""
BG-SIGN-001 critical request: Badly signed job accepted
    The runner accepted a JobSpec whose signature is incomplete or does not match, or whose timestamp or nonce is
    not acceptable. Anybody can then submit a job in another's name, or replay an old one.
BG-SIGN-002 critical request: Wrong verdict on a signature
    The runner refused a JobSpec whose signature is valid, or refused an invalid one with another code than the
    first that applies. It verifies other bytes than those that were signed, or checks in another order than
    published.
""")
ACCEPTED, REFUSED = (code.id for code in CODES)

REFUSALS = frozenset(
    {
        "missing_field:signature",
        "missing_field:public_key",
        "invalid_encoding:public_key",
        "invalid_encoding:signature",
        "canonicalization_error",
        "signature_mismatch",
        "missing_field:metadata",
        "missing_field:timestamp",
        "invalid_field:timestamp",
        "timestamp_invalid",
        "missing_field:nonce",
        "invalid_field:nonce",
    }
)
"""Refusals that the request alone determines; the reuse of a nonce is not among them."""


def wrong_verdicts(exchanges: Iterable[Exchange]) -> list[Finding]:
    """Findings on submissions accepted with a bad signature, and on those refused for a good one."""
    return [
        finding
        for exchange in exchanges
        if exchange.method == "POST" and exchange.path in {JOBS, CROSS_REGION_JOBS}
        for finding in _verdict_findings(exchange)
    ]


def _verdict_findings(exchange: Exchange) -> Iterator[Finding]:
    spec = _spec(exchange)
    if not isinstance(spec, Mapping) or not {"signature", "public_key"} & spec.keys():
        return
    got = GOOD if exchange.status == 202 else exchange.error_code if exchange.status == 400 else ""
    if got != GOOD and got not in REFUSALS:  # refused for its form, before anybody looked at the signature
        return
    allowed = verdicts(spec, clock(exchange))
    if got not in allowed:
        code = ACCEPTED if got == GOOD else REFUSED
        expected = " or ".join(sorted(allowed))
        yield Finding(code, where=f"POST {exchange.path}", expected=expected, got=got, request=exchange.request_id)


def _spec(exchange: Exchange) -> Any:
    if exchange.path == JOBS or not isinstance(exchange.sent, Mapping):
        return exchange.sent
    return exchange.sent.get("job_spec", exchange.sent.get("jobspec"))


def _violation(_: Contract) -> tuple[Record, Observations]:
    accepted = Exchange("POST", f"http://service{JOBS}", 202, request_body=b'{"signature": "x"}')
    return Record("", [accepted]), Observations()


ORACLE = Oracle(
    name="signatures",
    promise="A signed submission is accepted if its signature is valid, and refused otherwise.",
    codes=CODES,
    check=lambda record, _, __: wrong_verdicts(record.exchanges),
    violation=_violation,
)
