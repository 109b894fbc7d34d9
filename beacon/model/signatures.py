"""The verdict on a signature that the published contract gives, from the request and the clock alone."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beacon.ed25519 import binds_nothing
from beacon.jobs import canonical
from gate.core.exchange import Exchange

FRESH = timedelta(minutes=5)
CLOCK_SKEW = timedelta(seconds=30)
"""Clock-skew tolerance around the freshness limit."""
GOOD = "acceptance"

RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})", re.IGNORECASE
)


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
