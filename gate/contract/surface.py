"""What a document offers: one name for each thing that a client can use or see, so that documents can be compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gate.contract.nodes import METHODS, Node

JSON = "application/json"
BODY = "body"
KINDS = ("operations", "parameters", "statuses", "media", "headers", "fields", "values")
DEEPEST = 12
"""Members below which a schema that contains itself is not followed."""


@dataclass(slots=True)
class Surface:
    """Names of what is offered.

    ``getJob``; ``getJob query limit``; ``getJob 200``; ``getJob 200 application/json``; ``getJob 200 X-Request-ID``;
    ``getJob 200 /executions/*/status``, and the same after ``body`` for requests; ``getJob 200 /status "completed"``.
    A ``*`` in a pointer stands for every entry of a list, and for members whose names a schema leaves open.
    """

    operations: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)
    statuses: set[str] = field(default_factory=set)
    media: set[str] = field(default_factory=set)
    headers: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    roots: dict[str, Node] = field(
        default_factory=dict
    )  # schemas of bodies and parameters, by the start of their names

    def names(self) -> dict[str, set[str]]:
        """All of them, by kind."""
        return {kind: getattr(self, kind) for kind in KINDS}


def surface(document: Mapping[str, Any], ids: Mapping[str, str] | None = None) -> Surface:
    """What ``document`` offers; ``ids`` names operations by method and shape of path, which name them otherwise."""
    found = Surface()
    root = Node(document, "", document)
    for path, item in root.child("paths").items():
        for method in METHODS:
            if method in item.value:
                key = shape(method, path)
                _operation(found, (ids or {}).get(key, key), item, item.child(method))
    return found


def shape(method: str, path: str) -> str:
    """Method and path without the names of its parameters."""
    return f"{method.upper()} {re.sub(r'{[^{}]*}', '{}', path)}"


def operation_ids(document: Mapping[str, Any]) -> dict[str, str]:
    """The names of a document's operations by method and shape of path."""
    return {
        shape(method, path): item[method]["operationId"]
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    }


def _operation(found: Surface, name: str, item: Node, operation: Node) -> None:
    found.operations.add(name)
    for owner in (item, operation):
        given = owner.child("parameters", default=[])
        for number in range(len(given.value)):
            one = given.child(number).follow()
            written = one.value["name"].lower() if one.value["in"] == "header" else one.value["name"]
            parameter = f"{name} {one.value['in']} {written}"
            found.parameters.add(parameter)
            _schema(found, parameter, one.child("schema", default={}))
    body = operation.child("requestBody").follow().child("content", JSON, "schema")
    if body.value is not None:
        _schema(found, f"{name} {BODY}", body)
    for status, response in operation.child("responses").items():
        answer = f"{name} {status}"
        found.statuses.add(answer)
        found.headers |= {f"{answer} {header.lower()}" for header, _ in response.child("headers").items()}
        for media, content in response.child("content").items():
            found.media.add(f"{answer} {media}")
            if media == JSON:
                _schema(found, answer, content.child("schema", default={}))


def _schema(found: Surface, name: str, root: Node) -> None:
    found.roots[name] = root
    for pointer, node in fields(root):
        here = f"{name} {pointer}".strip()
        if pointer:
            found.fields.add(here)
        found.values |= {f"{here} {json.dumps(value)}" for value in _values(node.value)}


def fields(
    node: Node, pointer: str = "", above: frozenset[tuple[str, str]] = frozenset()
) -> Iterator[tuple[str, Node]]:
    """Every schema at and below ``node``, with the JSON pointer of the values that it is about."""
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
                yield from ((node.child(keyword, number), pointer) for number in range(len(value)))
            case "if" | "then" | "else" | "contains", dict():
                yield node.child(keyword), pointer
            case "dependentSchemas", dict():
                yield from ((node.child(keyword, name), pointer) for name in value)
            case "properties", dict():
                yield from ((node.child(keyword, name), f"{pointer}/{name}") for name in value)
            case "items" | "additionalProperties", dict():
                yield node.child(keyword), f"{pointer}/*"


def _values(schema: Mapping[str, Any]) -> list[Any]:
    return [*schema.get("enum", []), *([schema["const"]] if "const" in schema else [])]


def shown(found: Surface, name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Kind and name of each documented field and value in ``value``, which is the body or parameter ``name``."""
    todo = [("", value)]
    while todo:
        pointer, one = todo.pop()
        here = f"{name} {pointer}".strip()
        if pointer:
            yield "fields", here
        if isinstance(one, dict):
            for member, child in one.items():
                for below in (f"{pointer}/{member}", f"{pointer}/*"):
                    if f"{name} {below}" in found.fields:
                        todo.append((below, child))
                        break
        elif isinstance(one, list):
            todo.extend((f"{pointer}/*", child) for child in one)
        elif (written := f"{here} {json.dumps(one)}") in found.values:
            yield "values", written
