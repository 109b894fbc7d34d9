"""Signatures of JobSpecs: Ed25519 over the canonical JSON of RFC 8785."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

UNSIGNED_MEMBERS: Final = frozenset({"signature", "public_key", "id", "created_at"})
"""Members of a JobSpec that no signature covers."""
MAX_SKEW: Final = timedelta(minutes=5)
"""How far a signed spec's timestamp may be from the present, in both directions."""
MAX_NONCE: Final = 255

_FIELD: Final = 2**255 - 19
_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_WEAK: Final = frozenset({0, 1, _FIELD - 1, _ORDER_8, _FIELD - _ORDER_8})
"""The y of the points whose order is 1, 2, 4 or 8: there are signatures that fit such a key and every message."""
_RFC3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


class SignatureError(ValueError):
    """A JobSpec whose signature is refused.

    Args:
        code: the contract's `error_code`.
        message: one sentence for people.
        reason: what is wrong with the timestamp, for `timestamp_invalid` only.

    """

    def __init__(self, code: str, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Nonce:
    """A value that its key may sign once.

    Attributes:
        public_key: the key in standard base64.
        value: the nonce.

    """

    public_key: str
    value: str


def verify(spec: Mapping[str, Any], *, required: bool, now: datetime | None = None) -> Nonce | None:
    """Check the signature of a JobSpec as it was received.

    Args:
        spec: the JobSpec without any default filled in.
        required: whether unsigned specs are refused.
        now: the present; the clock's when omitted.

    Returns:
        The nonce to be remembered, or None for an unsigned spec.

    Raises:
        SignatureError: with the first code that applies, in the order of the contract.

    """
    if not required and "signature" not in spec and "public_key" not in spec:
        return None
    for name in ("signature", "public_key"):
        if not spec.get(name):
            raise SignatureError(f"missing_field:{name}", f"The JobSpec has no {name}.")
    key = _strong(_decode(spec, "public_key", 32))
    signature = _decode(spec, "signature", 64)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, canonical(spec))
    except rfc8785.CanonicalizationError as error:
        raise SignatureError("canonicalization_error", f"The JobSpec has no canonical form: {error}.") from error
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("signature_mismatch", "The signature does not match the JobSpec.") from error
    metadata = spec.get("metadata")
    if metadata is None:
        raise SignatureError("missing_field:metadata", "A signed JobSpec needs metadata.")
    _fresh(metadata, now or datetime.now(UTC))
    return Nonce(base64.b64encode(key).decode("ascii"), _nonce(metadata))


def canonical(spec: Mapping[str, Any]) -> bytes:
    """The bytes that a JobSpec's signature covers.

    Raises:
        rfc8785.CanonicalizationError: for what RFC 8785 cannot express, e.g. integers beyond 2^53 - 1.

    """
    return rfc8785.dumps({name: value for name, value in spec.items() if name not in UNSIGNED_MEMBERS})


def _decode(spec: Mapping[str, Any], name: str, length: int) -> bytes:
    try:
        value = base64.b64decode(spec[name], validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError(f"invalid_encoding:{name}", f"{name} is not standard base64.") from error
    if len(value) != length:
        raise SignatureError(f"invalid_encoding:{name}", f"{name} has {len(value)} bytes instead of {length}.")
    return value


def _strong(key: bytes) -> bytes:
    """The key, unless it binds its owner to nothing or is another spelling of one (RFC 8032, section 5.1.3)."""
    y = int.from_bytes(key, "little") % 2**255  # the bit above is the sign of x
    if y >= _FIELD or y in _WEAK:
        raise SignatureError("invalid_encoding:public_key", "public_key is no canonical key of a large order.")
    return key


def _fresh(metadata: Mapping[str, Any], now: datetime) -> None:
    if "timestamp" not in metadata:
        raise SignatureError("missing_field:timestamp", "A signed JobSpec needs metadata.timestamp.")
    text = metadata["timestamp"]
    if not isinstance(text, str):
        raise SignatureError("invalid_field:timestamp", "metadata.timestamp has to be a string.")
    moment = _moment(text)
    if moment is None:
        raise _stale("is no RFC 3339 time with a zone", "format_invalid")
    if now - moment > MAX_SKEW:
        raise _stale("is more than 5 minutes ago", "too_old")
    if moment - now > MAX_SKEW:
        raise _stale("is more than 5 minutes ahead", "too_far_in_future")


def _moment(text: str) -> datetime | None:
    if not _RFC3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:  # a month 13, say
        return None


def _stale(message: str, reason: str) -> SignatureError:
    return SignatureError("timestamp_invalid", f"metadata.timestamp {message}.", reason)


def _nonce(metadata: Mapping[str, Any]) -> str:
    if "nonce" not in metadata:
        raise SignatureError("missing_field:nonce", "A signed JobSpec needs metadata.nonce.")
    value = metadata["nonce"]
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_NONCE:
        raise SignatureError("invalid_field:nonce", f"metadata.nonce is no string of 1 to {MAX_NONCE} characters.")
    return value
