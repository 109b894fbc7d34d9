"""Places in an OpenAPI document: its operations, its references, and its schemas in a form that can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema_rs

from gate.core import pointer as pointers

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
DIALECT = "https://json-schema.org/draft/2020-12/schema"

MOST_URLS = 100
"""URLs of a server that are made of the values of its variables."""

ANNOTATIONS = frozenset(
    {"title", "description", "$comment", "example", "examples", "externalDocs", "deprecated", "xml"}
)
"""Keywords of a schema that are for people."""

MAPS = frozenset({"properties", "patternProperties", "dependentSchemas", "dependentRequired", "$defs"})
"""Keywords of a schema whose members have names of the author's choice."""

DATA = frozenset({"const", "enum", "default", "required"})
"""Keywords of a schema that hold values, not schemas."""


class DanglingReferenceError(LookupError):
    """A reference that leads nowhere, out of the document, or to itself; the argument is the reference."""


def annotation(keyword: str) -> bool:
    """Return whether a keyword says nothing about values."""
    return keyword in ANNOTATIONS or keyword.startswith("x-")


@dataclass(slots=True, eq=False)
class Node:
    """A value in a document, with the JSON pointer that leads to it; not frozen, as there are very many of them."""

    document: Mapping[str, Any] = field(repr=False)
    pointer: str
    value: Any

    def child(self, *parts: str | int, default: Any = None) -> Node:
        """The place below, references not followed; its value is ``default`` where there is nothing."""
        value = self.value
        for part in parts:
            try:
                value = value[part]
            except (LookupError, TypeError):
                value = default
                break
        return Node(self.document, self.pointer + pointers.join(*parts), value)

    def follow(self) -> Node:
        """The node itself, or the target of its reference; raises DanglingReferenceError."""
        node, seen = self, set[str]()
        while isinstance(node.value, pointers.MAPPINGS) and "$ref" in node.value:
            reference = node.value["$ref"]
            if reference in seen:
                raise DanglingReferenceError(reference)
            seen.add(reference)
            node = locate(self.document, reference)
        return node

    def items(self) -> Iterator[tuple[str, Node]]:
        """The members of a mapping, references followed; none where there is no mapping."""
        for key in self.value if isinstance(self.value, pointers.MAPPINGS) else ():
            yield str(key), self.child(key).follow()


@dataclass(frozen=True)
class Operation:
    """A documented operation, with the path item that it belongs to."""

    method: str
    path: str
    item: Node
    node: Node
    bases: tuple[str, ...] = ()
    """Paths of its servers, one of which may stand before its own path."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def document(self) -> Mapping[str, Any]:
        """The operation as documented."""
        members: Mapping[str, Any] = self.node.value
        return members

    @property
    def id(self) -> str:
        """The operation's id, or its shape where it has none."""
        return str(self.document.get("operationId", self.shape))

    @property
    def shape(self) -> str:
        """Method and path without the names of its parameters."""
        return f"{self.method} {shape(self.path)}"

    @property
    def literal(self) -> tuple[int, int]:
        """How much of the path is text: of the paths that match a request, that with the greatest is addressed."""
        return -self.path.count("{"), len(re.sub(r"\{[^{}]*\}", "", self.path))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = re.split(r"\{[^{}]*\}", self.path)
        base = "|".join(map(re.escape, sorted(self.bases, key=len, reverse=True)))
        return re.compile(f"(?:{base})?" + "([^/]+)".join(map(re.escape, parts)))

    def response(self, status: int) -> tuple[str, Any] | None:
        """Key and value of the documented response: that of the code, of its range, or the default; None without."""
        documented = self.document.get("responses", {})
        keys = (str(status), f"{status // 100}XX", "default")
        return next(((key, documented[key]) for key in keys if key in documented), None)

    def path_values(self, path: str) -> dict[str, str] | None:
        """Values of the path's parameters by name, decoded; None for a path that is not this operation's."""
        match = self._pattern.fullmatch(path.replace("%2F", "/").replace("%2f", "/"))  # routed as what it stands for
        if match is None:
            return None
        names = re.findall(r"\{([^{}]*)\}", self.path)
        return {name: unquote(value) for name, value in zip(names, match.groups(), strict=True)}

    def parameters(self) -> dict[tuple[str, str], Node]:
        """Parameters by place and name, header names in lower case; the operation's win over its path's."""
        by_name: dict[tuple[str, str], Node] = {}
        for owner in (self.item, self.node):
            listed = owner.child("parameters", default=[])
            for index in range(len(listed.value)):
                parameter = listed.child(index).follow()
                place, name = parameter.value["in"], parameter.value["name"]
                by_name[place, name.lower() if place == "header" else name] = parameter
        return by_name


def shape(path: str) -> str:
    """A path without the names of its parameters: ``/items/{id}`` and ``/items/{item_id}`` are the same."""
    return re.sub(r"\{[^{}]*\}", "{}", path)


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Every operation of a document, in the order of its paths."""
    for path, item in Node(document, "", document).child("paths").items():
        for method in METHODS if path.startswith("/") else ():
            if method in item.value:
                yield Operation(
                    method.upper(), path, item, item.child(method), _bases(item.value[method], item.value, document)
                )


def _bases(*owners: Mapping[str, Any]) -> tuple[str, ...]:
    """The paths of the servers of the first that names any, each enumerated value of a variable put in."""
    paths: dict[str, None] = {}
    for server in next((owner["servers"] for owner in owners if owner.get("servers")), ()):
        urls = [server.get("url", "")]
        for name, variable in (server.get("variables") or {}).items():
            values = [*variable.get("enum", ()), variable.get("default", "")]
            urls = [url.replace(f"{{{name}}}", value) for url in urls for value in dict.fromkeys(values)][:MOST_URLS]
        paths |= dict.fromkeys(f"/{urlsplit(url).path.strip('/')}" for url in urls)
    return tuple(path for path in paths if path != "/")


def locate(document: Mapping[str, Any], reference: str) -> Node:
    """The place that ``#/...`` leads to; raises DanglingReferenceError."""
    if reference != "#" and not reference.startswith("#/"):
        raise DanglingReferenceError(reference)
    try:
        value = pointers.resolve(document, unquote(reference)[1:])
    except LookupError as error:
        raise DanglingReferenceError(reference) from error
    return Node(document, reference.removeprefix("#"), value)


def absolute(schema: Any, base: str) -> Any:
    """A schema whose references into its document begin with the URI ``base``, so that it can stand alone."""
    if isinstance(schema, Mapping):
        return {
            key: f"{base}{value}"
            if key == "$ref" and isinstance(value, str) and value.startswith("#")
            else absolute(value, base)
            for key, value in schema.items()
        }
    return [absolute(value, base) for value in schema] if isinstance(schema, list) else schema


def registry(document: Mapping[str, Any], base: str) -> jsonschema_rs.Registry:
    """A document under the URI ``base``, for schemas that refer to it."""
    return jsonschema_rs.Registry([(base, {"$schema": DIALECT, **document})])


def simplified(node: Node) -> Node:
    """The schema as a mapping without annotations, and without a reference or ``allOf`` that only wraps another."""
    seen = set[str]()
    while True:
        schema = node.value
        if not isinstance(schema, pointers.MAPPINGS):
            return Node(node.document, node.pointer, {"not": {}} if schema is False else {})
        keywords = {key: value for key, value in schema.items() if key not in ANNOTATIONS and not key.startswith("x-")}
        if "$ref" in keywords:
            if keywords["$ref"] in seen:
                raise DanglingReferenceError(keywords["$ref"])
            seen.add(keywords["$ref"])
            if len(keywords) == 1:
                node = locate(node.document, keywords["$ref"])
                continue
            reference = {"$ref": keywords.pop("$ref")}
            return Node(node.document, node.pointer, {**keywords, "allOf": [*keywords.get("allOf", ()), reference]})
        if keywords.keys() == {"allOf"} and len(keywords["allOf"]) == 1:
            node = node.child("allOf", 0)
            continue
        return Node(node.document, node.pointer, keywords)


def inlined(node: Node, levels: int | None = None) -> Any:
    """A schema with every reference replaced by its target; a reference to a schema around it stays.

    With ``levels``, references are followed that deeply, and what lies deeper accepts everything.
    """
    return _inlined(node.document, node.value, levels, frozenset())


def _inlined(
    document: Mapping[str, Any], value: Any, levels: int | None, above: frozenset[str], in_map: bool = False
) -> Any:
    """``in_map`` says that the author chose the names of the value's members, so that none of them is an annotation."""
    if isinstance(value, list):
        return [_inlined(document, entry, levels, above) for entry in value]
    if not isinstance(value, dict):
        return value
    members = {
        key: child
        if not isinstance(child, dict | list) or (key in DATA and not in_map)
        else _inlined(document, child, levels, above, in_map=not in_map and key in MAPS)
        for key, child in value.items()
        if in_map or not (annotation(key) or key == "$ref")
    }
    reference = value.get("$ref")
    if in_map or not isinstance(reference, str):
        return members
    if levels == 0 or (levels is not None and reference in above):
        return members
    if reference in above:
        return {**members, "$ref": reference}
    below = None if levels is None else levels - 1
    target = _inlined(document, locate(document, reference).value, below, above | {reference})
    return {"allOf": [target], **members} if members else target
