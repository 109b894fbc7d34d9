"""Signatures judged again by the request alone: what is accepted is signed well, what is signed well is accepted."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beacon.api import CROSS_REGION_JOBS, JOBS
from beacon.jobs import canonical
from gate.core.exchange import Exchange
from gate.core.findings import Finding

FRESH = timedelta(minutes=5)
UNSURE = timedelta(seconds=30)
"""How far a timestamp may be from the limit for its verdict to depend on whose clock is asked."""
GOOD = "acceptance"
CODES = frozenset(
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
"""Refusals that follow from the request; whether a nonce was used before does not."""


def check(exchanges: Iterable[Exchange]) -> list[Finding]:
    """Submissions with a bad signature that were accepted, and others refused for their signature without a reason."""
    return [
        finding
        for exchange in exchanges
        if exchange.method == "POST" and exchange.path in {JOBS, CROSS_REGION_JOBS}
        for finding in _judged(exchange)
    ]


def _judged(exchange: Exchange) -> Iterator[Finding]:
    spec = _spec(exchange)
    if not isinstance(spec, Mapping) or not {"signature", "public_key"} & spec.keys():
        return
    got = GOOD if exchange.status == 202 else exchange.error_code if exchange.status == 400 else ""
    if got != GOOD and got not in CODES:  # refused for its form, before anybody looked at the signature
        return
    allowed = verdicts(spec, _moment(exchange))
    if got not in allowed:
        code = "BG-SIGN-001" if got == GOOD else "BG-SIGN-002"
        expected = " or ".join(sorted(allowed))
        yield Finding(code, where=f"POST {exchange.path}", expected=expected, got=got, request=exchange.request_id)


def _spec(exchange: Exchange) -> Any:
    if exchange.path == JOBS or not isinstance(exchange.sent, Mapping):
        return exchange.sent
    return exchange.sent.get("job_spec", exchange.sent.get("jobspec"))


def _moment(exchange: Exchange) -> datetime:
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
    if len(key) != 32 or len(signature) != 64:
        return {f"invalid_encoding:{'public_key' if len(key) != 32 else 'signature'}"}
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
    if age is None or age > FRESH + UNSURE:
        return {"timestamp_invalid"}
    found = GOOD
    if "nonce" not in metadata:
        found = "missing_field:nonce"
    elif not isinstance(metadata["nonce"], str) or not 1 <= len(metadata["nonce"]) <= 255:
        found = "invalid_field:nonce"
    return {found} if age < FRESH - UNSURE else {found, "timestamp_invalid"}


def _age(text: str, now: datetime) -> timedelta | None:
    """How far a time is from the present, in whichever direction; None where it is no time with a zone."""
    try:
        moment = datetime.fromisoformat(text.upper())
        return abs(now - moment)
    except (ValueError, TypeError, OverflowError):
        return None
