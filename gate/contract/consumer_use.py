"""The parts of a contract that consumer contracts use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gate.contract.document import Contract
from gate.contract.drift import Uses
from gate.contract.surface import BODY, Surface, shown
from gate.core.errors import GateError

KINDS = ("operations", "statuses", "parameters", "fields", "values")


def consumer_use(directory: Path, contract: Contract, published: Surface) -> Uses | None:
    """The parts that the consumer contracts (Pact) in ``directory`` use, by kind; None without any."""
    paths = sorted(directory.glob("*.json"))
    if not paths:
        return None
    used: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for path in paths:
        try:
            for interaction in json.loads(path.read_text(encoding="utf-8"))["interactions"]:
                for kind, name in _interaction(interaction, contract, published):
                    used[kind].add(name)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise GateError(f"{path} is no Pact file: {error!r}.", "Make the consumer contract again.") from error
    return used


def _interaction(interaction: Mapping[str, Any], contract: Contract, published: Surface) -> Iterator[tuple[str, str]]:
    request, response = interaction["request"], interaction["response"]
    operation = contract.operation(request["method"], request["path"])
    name = operation.id if operation else f"{request['method']} {request['path']}"
    yield "operations", name
    yield "statuses", f"{name} {response['status']}"
    for parameter, values in request.get("query", {}).items():
        yield "parameters", f"{name} query {parameter}"
        for value in values:
            yield from shown(published, f"{name} query {parameter}", value)
    for part, body in ((BODY, request), (str(response["status"]), response)):
        if body.get("body"):
            yield from _body(published, f"{name} {part}", body["body"]["content"])


def _body(published: Surface, name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Documented fields and values, and those fields that are not documented."""
    yield from shown(published, name, value)
    for pointer in _pointers(value, ""):
        if not any(f"{name} {one}" in published.fields for one in _readings(pointer)):
            yield "fields", f"{name} {pointer}"


def _pointers(value: Any, above: str) -> Iterator[str]:
    pairs = (
        value.items() if isinstance(value, dict) else (("*", one) for one in value) if isinstance(value, list) else ()
    )
    for key, child in pairs:
        yield f"{above}/{key}"
        yield from _pointers(child, f"{above}/{key}")


def _readings(pointer: str) -> Iterator[str]:
    """A pointer, and what it may be where schemas leave names of members open."""
    head, _, last = pointer.rpartition("/")
    heads = _readings(head) if head else iter([""])
    for one in heads:
        yield f"{one}/{last}"
        if last != "*":
            yield f"{one}/*"
