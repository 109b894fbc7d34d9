"""A signed submission is accepted if and only if its signature is valid, judged from the request alone."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beacon.api import CROSS_REGION_JOBS, JOBS
from beacon.ed25519 import binds_nothing
from beacon.jobs import canonical
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

FRESH = timedelta(minutes=5)
CLOCK_SKEW = timedelta(seconds=30)
"""Clock-skew tolerance around the freshness limit."""
GOOD = "acceptance"
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


RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})", re.IGNORECASE
)


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


def clock(exchange: Exchange) -> datetime:
    """The runner's clock at the answer, else ours."""
    try:
        return parsedate_to_datetime(exchange.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC)


def verdicts(spec: Mapping[str, Any], now: datetime) -> set[str]:
    """``acceptance``, or the first error code that applies to a signed spec; both where a clock decides."""
    for name in ("signature", "public_key"):
        if not spec.get(name):
            return {f"missing_field:{name}"}
    key, signature = (_decoded(spec[name]) for name in ("public_key", "signature"))
    if len(key) != 32 or binds_nothing(key):
        return {"invalid_encoding:public_key"}
    if len(signature) != 64:
        return {"invalid_encoding:signature"}
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, canonical(spec))
    except rfc8785.CanonicalizationError:
        return {"canonicalization_error"}
    except (InvalidSignature, ValueError):
        return {"signature_mismatch"}
    return _metadata(spec.get("metadata"), now)


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        return b""


def _metadata(metadata: Any, now: datetime) -> set[str]:
    if not isinstance(metadata, Mapping):
        return {"missing_field:metadata"}
    if "timestamp" not in metadata:
        return {"missing_field:timestamp"}
    if not isinstance(metadata["timestamp"], str):
        return {"invalid_field:timestamp"}
    age = _age(metadata["timestamp"], now)
    if age is None or age > FRESH + CLOCK_SKEW:
        return {"timestamp_invalid"}
    verdict = GOOD
    if "nonce" not in metadata:
        verdict = "missing_field:nonce"
    elif not isinstance(metadata["nonce"], str) or not 1 <= len(metadata["nonce"]) <= 255:
        verdict = "invalid_field:nonce"
    return {verdict} if age < FRESH - CLOCK_SKEW else {verdict, "timestamp_invalid"}


def _age(text: str, now: datetime) -> timedelta | None:
    """Distance of a time from the present, past or future; None unless it is a time with a zone in RFC 3339."""
    if not RFC_3339.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
        return abs(now - moment)
    except (ValueError, TypeError, OverflowError):
        return None


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
