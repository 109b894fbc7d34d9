"""The parts of a document: a name for each that a client can use or see, so that documents can be compared."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gate.contract.nodes import Node, Operation, operations

JSON = "application/json"
BODY = "body"
KINDS = ("operations", "parameters", "statuses", "media", "headers", "fields", "values")
BOUNDS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems"}
    | {"pattern", "default"}
)
"""Keywords whose value two documents of the same service may not state differently."""
DEEPEST = 12
"""Levels of fields to which a schema that contains itself is followed."""


@dataclass(slots=True)
class Parts:
    """Names of all parts of a document.

    ``getItem``; ``getItem query limit``; ``getItem 200``; ``getItem 200 application/json``; ``getItem 200 etag``;
    ``getItem 200 /parts/*/status``, and the same after ``body`` for requests; ``getItem 200 /status "ready"``.
    A ``*`` in a pointer stands for every entry of a list, and for members whose names a schema leaves open.
    """

    operations: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)
    statuses: set[str] = field(default_factory=set)
    media: set[str] = field(default_factory=set)
    headers: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    enumerated: set[str] = field(default_factory=set)
    """The bodies, fields and parameters that have values."""
    roots: dict[str, Node] = field(default_factory=dict)
    """Schemas of bodies and parameters, by the beginning of their names."""
    header_roots: dict[str, Node] = field(default_factory=dict)
    """Schemas of the headers of answers, by their names."""

    def names_in(self, name: str, value: Any) -> Iterator[tuple[str, str]]:
        """Kind and name of each documented field and value in ``value``, which is the body or parameter ``name``."""
        pending = [("", value)]
        while pending:
            pointer, part = pending.pop()
            here = f"{name} {pointer}".strip()
            if pointer:
                yield "fields", here
            if isinstance(part, dict):
                for member, child in part.items():
                    places = (f"{pointer}/{member}", f"{pointer}/*")
                    pending += [(place, child) for place in places if f"{name} {place}" in self.fields][:1]
            elif isinstance(part, list):
                pending.extend((f"{pointer}/*", child) for child in part)
            elif here in self.enumerated and (written := f"{here} {json.dumps(part)}") in self.values:
                yield "values", written

    def bounds(self) -> dict[tuple[str, str], set[str]]:
        """The values, as JSON, of each keyword of BOUNDS, by the name of what it bounds and the keyword."""
        stated: dict[tuple[str, str], set[str]] = defaultdict(set)
        for name, root in {**self.roots, **self.header_roots}.items():
            for pointer, node in fields(root):
                for keyword in BOUNDS & node.value.keys():
                    stated[f"{name} {pointer}".strip(), keyword].add(_written(node.value[keyword]))
        return stated

    def names(self) -> dict[str, set[str]]:
        """The names by kind."""
        return {kind: getattr(self, kind) for kind in KINDS}


def _written(value: Any) -> str:
    """A value as JSON, with numbers that are equal written alike."""
    whole = isinstance(value, float) and value.is_integer()
    return json.dumps(int(value) if whole else value)


def parts_of(document: Mapping[str, Any], ids: Mapping[str, str]) -> Parts:
    """The parts of a document; ``ids`` names operations by shape, and others keep the shape as their name."""
    parts = Parts()
    for operation in operations(document):
        _add_operation(parts, ids.get(operation.shape, operation.shape), operation)
    return parts


def _add_operation(parts: Parts, name: str, operation: Operation) -> None:
    parts.operations.add(name)
    for (place, written), parameter in operation.parameters().items():
        parts.parameters.add(f"{name} {place} {written}")
        _add_schema(parts, f"{name} {place} {written}", parameter.child("schema", default={}))
    body = operation.node.child("requestBody").follow().child("content", JSON, "schema")
    if body.value is not None:
        _add_schema(parts, f"{name} {BODY}", body)
    for status, response in operation.node.child("responses").items():
        answer = f"{name} {status}"
        parts.statuses.add(answer)
        for header, node in response.child("headers").items():
            parts.headers.add(f"{answer} {header.lower()}")
            parts.header_roots[f"{answer} {header.lower()}"] = node.child("schema", default={})
        for media, content in response.child("content").items():
            parts.media.add(f"{answer} {media}")
            if media == JSON:
                _add_schema(parts, answer, content.child("schema", default={}))


def _add_schema(parts: Parts, name: str, root: Node) -> None:
    parts.roots[name] = root
    for pointer, node in fields(root):
        here = f"{name} {pointer}".strip()
        if pointer:
            parts.fields.add(here)
        values = [*node.value.get("enum", []), *([node.value["const"]] if "const" in node.value else [])]
        parts.values |= {f"{here} {json.dumps(value)}" for value in values}
        parts.enumerated |= {here} if values else set()


def fields(
    node: Node, pointer: str = "", above: frozenset[tuple[str, str]] = frozenset()
) -> Iterator[tuple[str, Node]]:
    """Every schema at and below ``node``, with the JSON pointer of the values that it describes."""
    if not isinstance(node.value, Mapping) or (node.pointer, pointer) in above or pointer.count("/") > DEEPEST:
        return
    yield pointer, node
    for child, below in _children(node, pointer):
        yield from fields(child, below, above | {(node.pointer, pointer)})


def _children(node: Node, pointer: str) -> Iterator[tuple[Node, str]]:
    for keyword, value in node.value.items():
        match keyword, value:
            case "$ref", str():
                yield node.follow(), pointer
            case "allOf" | "anyOf" | "oneOf", list():
                yield from ((node.child(keyword, index), pointer) for index in range(len(value)))
            case "if" | "then" | "else" | "contains", dict():
                yield node.child(keyword), pointer
            case "dependentSchemas", dict():
                yield from ((node.child(keyword, name), pointer) for name in value)
            case "properties", dict():
                yield from ((node.child(keyword, name), f"{pointer}/{name}") for name in value)
            case "items" | "additionalProperties", dict():
                yield node.child(keyword), f"{pointer}/*"
