"""Signed JobSpecs that are nearly as the contract asks; the signature of most is valid for other bytes."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785

from beacon.jobs import UNSIGNED, Spec, canonical, key, sign, wrap

Forge = Callable[[Spec, str], Spec]
"""A JobSpec with its signature, from one without and a fresh nonce."""


def _over(form: Callable[[Spec], bytes]) -> Forge:
    """Sign the bytes that a form gives of the JobSpec in the place of its canonical form."""

    def forge(spec: Spec, nonce: str) -> Spec:
        signed = sign({**spec, "created_at": "2025-10-08T00:00:00Z"}, nonce=nonce)
        return {**signed, "signature": base64.b64encode(key().sign(form(signed))).decode()}

    return forge


def _without(spec: Mapping[str, Any], *names: str) -> Spec:
    return {name: value for name, value in spec.items() if name not in names}


def _signed_members(spec: Spec) -> Spec:
    return _without(spec, *UNSIGNED)


def _with_defaults(spec: Spec) -> bytes:
    constraints = {"min_regions": 1, "min_success_rate": 0.67, "timeout": 600000000000, **spec["constraints"]}
    return canonical({**spec, "constraints": {**constraints, "provider_timeout": 300000000000}})


def _sorted(spec: Spec) -> bytes:
    """Sorted keys with the numbers and escapes of Python, which RFC 8785 writes in another way."""
    return json.dumps(_signed_members(spec), sort_keys=True, separators=(",", ":")).encode()


def _as_text(name: str, change: Callable[[str], str]) -> Forge:
    """Write a valid signature or key in another way."""

    def forge(spec: Spec, nonce: str) -> Spec:
        signed = sign(spec, nonce=nonce)
        return {**signed, name: change(signed[name])}

    return forge


def _at(offset: timedelta, zone: Callable[[str], str] = str) -> Forge:
    return lambda spec, nonce: sign(spec, nonce=nonce, timestamp=zone((datetime.now(UTC) + offset).isoformat()))


def _of_another(spec: Spec, nonce: str) -> Spec:
    """Take the signature of another JobSpec, which differs in what nobody reads."""
    other = sign({**spec, "purpose": "another"}, nonce=nonce)
    return {**other, "purpose": "this"}


def _of_another_signer(spec: Spec, nonce: str) -> Spec:
    public = key(2).public_key().public_bytes_raw()
    return {**sign(spec, nonce=nonce), "public_key": base64.b64encode(public).decode()}


def _changed_id(spec: Spec, nonce: str) -> Spec:
    """Sign under another id, which the signature does not cover."""
    return {**sign({**spec, "id": f"{spec['id']}-before"}, nonce=nonce), "id": spec["id"]}


FORGERIES: Mapping[str, Forge] = {
    "valid": lambda spec, nonce: sign(spec, nonce=nonce),
    "valid, another id": _changed_id,
    "valid, four minutes old": _at(timedelta(minutes=-4)),
    "valid, another zone": lambda spec, nonce: sign(spec, nonce=nonce, timestamp=_in_kathmandu()),
    "over the id": _over(lambda spec: rfc8785.dumps(_without(spec, "signature", "public_key", "created_at"))),
    "over created_at": _over(lambda spec: rfc8785.dumps(_without(spec, "signature", "public_key", "id"))),
    "over id and created_at": _over(lambda spec: rfc8785.dumps(_without(spec, "signature", "public_key"))),
    "over the public key": _over(lambda spec: rfc8785.dumps(_without(spec, "signature", "id", "created_at"))),
    "over an empty signature": _over(lambda spec: rfc8785.dumps({**_signed_members(spec), "signature": ""})),
    "over defaults": _over(_with_defaults),
    "over sorted keys": _over(_sorted),
    "over keys as sent": _over(lambda spec: json.dumps(_signed_members(spec), separators=(",", ":")).encode()),
    "over blanks": _over(lambda spec: json.dumps(_signed_members(spec), sort_keys=True, ensure_ascii=False).encode()),
    "over a wrapper": _over(lambda spec: rfc8785.dumps(wrap(_signed_members(spec)))),
    "over no metadata": _over(lambda spec: rfc8785.dumps(_without(_signed_members(spec), "metadata"))),
    "over no null": _over(
        lambda spec: rfc8785.dumps({n: v for n, v in _signed_members(spec).items() if v is not None})
    ),
    "over a digest": _over(lambda spec: hashlib.sha256(canonical(spec)).digest()),
    "over a long digest": _over(lambda spec: hashlib.sha512(canonical(spec)).digest()),
    "over a digest in hex": _over(lambda spec: hashlib.sha256(canonical(spec)).hexdigest().encode()),
    "over base64": _over(lambda spec: base64.b64encode(canonical(spec))),
    "over a line feed": _over(lambda spec: canonical(spec) + b"\n"),
    "over nothing": _over(lambda _: b""),
    "over the benchmark": _over(lambda spec: rfc8785.dumps({"benchmark": spec["benchmark"]})),
    "of another JobSpec": _of_another,
    "of another signer": _of_another_signer,
    "signature unpadded": _as_text("signature", lambda text: text.rstrip("=")),
    "signature of urlsafe base64": _as_text("signature", lambda text: _urlsafe(text, "signature")),
    "signature with a line feed": _as_text("signature", lambda text: f"{text}\n"),
    "signature with blanks": _as_text("signature", lambda text: f" {text}"),
    "signature in hex": _as_text("signature", lambda text: base64.b64decode(text).hex()),
    "signature padded twice": _as_text("signature", lambda text: f"{text}=="),
    "signature cut": _as_text("signature", lambda text: base64.b64encode(base64.b64decode(text)[:63]).decode()),
    "signature with a byte more": _as_text(
        "signature", lambda text: base64.b64encode(base64.b64decode(text) + b"\0").decode()
    ),
    "key unpadded": _as_text("public_key", lambda text: text.rstrip("=")),
    "key with a line feed": _as_text("public_key", lambda text: f"{text}\n"),
    "key in hex": _as_text("public_key", lambda text: base64.b64decode(text).hex()),
    "six minutes old": _at(timedelta(minutes=-6)),
    "six minutes ahead": _at(timedelta(minutes=6)),
    "local time taken for UTC": _at(timedelta(hours=5, minutes=45)),
    "no zone": _at(timedelta(), lambda text: text.removesuffix("+00:00")),
    "a blank for the T": _at(timedelta(), lambda text: text.replace("T", " ")),
    "the date alone": _at(timedelta(), lambda text: text[:10]),
}
"""The change that makes each signed JobSpec, by its name."""


def _urlsafe(text: str, _: str) -> str:
    """The text in the other alphabet; an underscore is put in where the two do not differ."""
    other = text.translate(str.maketrans("+/", "-_"))
    return other if other != text else f"_{text[1:]}"


def _in_kathmandu() -> str:
    there = datetime.now(UTC) + timedelta(hours=5, minutes=45)
    return there.isoformat().removesuffix("+00:00") + "+05:45"


def forged(kind: str, spec: Spec, nonce: str) -> Spec:
    """A JobSpec of a kind of ``FORGERIES``; its members make the canonical form differ from all others."""
    numbers = [1.0, 1e21, 1e-7, 0.5]
    telling: Spec = {"weights": numbers, "note": "\u00dcn\u00efcode \u2028 <b>", "absent": None, "\u00e9": 1, "z": {}}
    return FORGERIES[kind]({**spec, **telling}, nonce)
