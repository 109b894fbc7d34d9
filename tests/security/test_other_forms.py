"""A signature over any other form of a JobSpec than the published one is refused, whatever the runner tries again."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import rfc8785

from beacon.boundaries import everywhere, has, put
from beacon.jobs import UNSIGNED, Spec, canonical, key, sign, wrap
from beacon.scenario import Scenario

EXTRA: Spec = {
    "list": [],
    "zero": 0,
    "note": "\u5929\u5b89\u9580 caf\u00e9",
    "whole": 1.0,
    "none": None,
    "keys": {"\U0001f600": 1, "\ufb33": 2},
}
"""Members that other ways to write JSON write in another way."""


def of_bytes(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Other bytes that stand for the canonical ones."""
    yield "line feed at the end", text + b"\n"
    yield "byte order mark", b"\xef\xbb\xbf" + text
    yield "UTF-16", text.decode().encode("utf-16-be")
    yield "digest", hashlib.sha256(text).digest()
    yield "digest in hexadecimal", hashlib.sha256(text).hexdigest().encode()
    yield "as a text", rfc8785.dumps(text.decode())
    yield "base64", base64.b64encode(text)
    yield "nothing", b""


def of_writers(signed: Spec) -> Iterator[tuple[str, bytes]]:
    """The signed members as writers of JSON other than RFC 8785 write them."""
    yield "escaped", json.dumps(signed, sort_keys=True, separators=(",", ":")).encode()
    yield "with blanks", json.dumps(signed, sort_keys=True, ensure_ascii=False).encode()
    yield "indented", json.dumps(signed, sort_keys=True, ensure_ascii=False, indent=2).encode()
    yield "as sent", json.dumps(signed, separators=(",", ":"), ensure_ascii=False).encode()
    yield "sorted by code point", json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def of_members(spec: Spec, signed: Spec) -> Iterator[tuple[str, Spec]]:
    """JobSpecs with other members than the signed ones."""
    for name in signed:
        yield f"without {name}", {member: value for member, value in signed.items() if member != name}
        if isinstance(signed[name], dict):
            for inner in signed[name]:
                kept = {member: value for member, value in signed[name].items() if member != inner}
                yield f"without {name}.{inner}", {**signed, name: kept}
    for name in ("id", "created_at", "public_key"):
        yield f"with {name}", {**signed, name: spec.get(name, "")}
    yield "with an empty signature", {**signed, "signature": ""}
    yield "with all but the signature", {**spec, "signature": None}
    yield "with a default", {**signed, "version": "1.0"}
    yield "with defaults of constraints", {**signed, "constraints": {**signed["constraints"], "provider_timeout": 3e11}}
    yield "without null", {name: value for name, value in signed.items() if value is not None}
    yield "without empty values", {name: value for name, value in signed.items() if value not in (None, "", [], {})}
    yield "without zero", {name: value for name, value in signed.items() if value}
    yield "without unknown members", {name: value for name, value in signed.items() if name not in EXTRA}
    yield "with the id in both members", {**signed, "jobspec_id": spec["id"]}
    yield "wrapped", wrap(signed)
    yield "empty", {}


def forms(spec: Spec) -> Iterator[tuple[str, bytes]]:
    """Each other form of a signed JobSpec, with its name."""
    published = canonical(spec)
    signed: dict[str, Any] = json.loads(published)
    yield from of_bytes(published)
    yield from of_writers({**signed, "whole": 1.0})
    yield from ((name, rfc8785.dumps(other)) for name, other in of_members(spec, signed))


def stored_forms(scenario: Scenario, workflow: str, plain: Spec, spec: Spec) -> Iterator[tuple[str, bytes]]:
    """The canonical forms of what the runner stores, all of it and each part of it, as an unsigned twin shows it."""
    twin = scenario.submit({**plain, "id": scenario.new_id()}, workflow)
    stored: Spec = {**twin.wait().view().json["job"], "jobspec_id": spec["id"], "metadata": spec["metadata"]}
    yield "as it is stored", canonical(stored)
    for pointer, value in everywhere({name: stored[name] for name in stored.keys() - UNSIGNED}):
        above = has(spec, pointer.rpartition("/")[0])
        if above and (form := canonical(put(copy.deepcopy(spec), pointer, value))) != canonical(spec):
            yield f"with {pointer} as it is stored", form


def test_signature_over_another_form_is_refused(scenario: Scenario, workflow: str) -> None:
    plain: Spec = {**scenario.spec(regions=["APAC", "US"]), **EXTRA, "created_at": "2025-10-08T00:00:00Z"}
    spec = sign(plain, nonce=scenario.new_id())
    for name, form in [*forms(spec), *stored_forms(scenario, workflow, plain, spec)]:
        assert form != canonical(spec), name
        signature = base64.b64encode(key().sign(form)).decode()
        answer = scenario.send({**spec, "signature": signature}, workflow)
        assert (answer.status, answer.error_code) == (400, "signature_mismatch"), name
    assert not any(scenario.rows(spec["id"]).counts().values())
