"""Places in a document: following references, and bringing schemas to a form in which they can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

NOTES = frozenset({"title", "description", "$comment", "example", "examples", "externalDocs", "deprecated", "xml"})
"""Members of a schema that are for people."""

NAMED = frozenset({"properties", "patternProperties", "dependentSchemas", "dependentRequired", "$defs"})
"""Members of a schema whose own members have names of the author's choice."""

DATA = frozenset({"const", "enum", "default", "required"})
"""Members of a schema that are values, not schemas."""


class DanglingReferenceError(LookupError):
    """A reference leads nowhere, out of the document, or to itself; the argument says which."""


def noted(key: str) -> bool:
    """Whether a schema's member says nothing about values."""
    return key in NOTES or key.startswith("x-")


def escape(part: str | int) -> str:
    """``part`` as a part of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")


@dataclass(frozen=True, eq=False)
class Node:
    """A value in a document, with the JSON pointer that leads to it."""

    document: Mapping[str, Any] = field(repr=False)
    pointer: str
    value: Any

    def child(self, *parts: str | int, default: Any = None) -> Node:
        """What is below, references not followed; ``default`` where there is nothing."""
        value = self.value
        for part in parts:
            try:
                value = value[part]
            except (LookupError, TypeError):
                value = default
                break
        return Node(self.document, "/".join((self.pointer, *map(escape, parts))), value)

    def follow(self) -> Node:
        """The node itself, or what its reference leads to; raises DanglingReferenceError."""
        node, seen = self, set[str]()
        while isinstance(node.value, Mapping) and "$ref" in node.value:
            reference = node.value["$ref"]
            if reference in seen:
                raise DanglingReferenceError(reference)
            seen.add(reference)
            node = locate(self.document, reference)
        return node

    def items(self) -> Iterator[tuple[str, Node]]:
        """The members of a mapping, references followed; none where there is no mapping."""
        for key in self.value if isinstance(self.value, Mapping) else ():
            yield str(key), self.child(key).follow()


def locate(document: Mapping[str, Any], reference: str) -> Node:
    """What ``#/...`` leads to; raises DanglingReferenceError."""
    if reference != "#" and not reference.startswith("#/"):
        raise DanglingReferenceError(reference)
    value: Any = document
    for part in unquote(reference).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(name)] if isinstance(value, list) else value[name]
        except (LookupError, TypeError, ValueError) as error:
            raise DanglingReferenceError(reference) from error
    return Node(document, reference.removeprefix("#"), value)


def settle(node: Node) -> Node:
    """The schema in a plain form: a mapping, without a reference or an ``allOf`` that only wraps another schema."""
    seen = set[str]()
    while True:
        schema = node.value
        if not isinstance(schema, Mapping):
            return Node(node.document, node.pointer, {"not": {}} if schema is False else {})
        telling = {key: value for key, value in schema.items() if not noted(key)}
        if "$ref" in telling:
            if telling["$ref"] in seen:
                raise DanglingReferenceError(telling["$ref"])
            seen.add(telling["$ref"])
            if len(telling) == 1:
                node = locate(node.document, telling["$ref"])
                continue
            reference = {"$ref": telling.pop("$ref")}
            return Node(node.document, node.pointer, {**telling, "allOf": [*telling.get("allOf", ()), reference]})
        if telling.keys() == {"allOf"} and len(telling["allOf"]) == 1:
            node = node.child("allOf", 0)
            continue
        return Node(node.document, node.pointer, telling)


def inlined(node: Node, above: frozenset[str] = frozenset(), names: bool = False) -> Any:
    """A schema with every reference replaced by what it leads to; a reference to what is around it stays.

    ``names`` says that the members of the value are named by the author, so that none of them is a note.
    """
    value = node.value
    if isinstance(value, list):
        return [inlined(node.child(number), above) for number in range(len(value))]
    if not isinstance(value, Mapping):
        return value
    below = {
        key: child if key in DATA and not names else inlined(node.child(key), above, names=not names and key in NAMED)
        for key, child in value.items()
        if names or not (noted(key) or key == "$ref")
    }
    reference = value.get("$ref")
    if names or not isinstance(reference, str):
        return below
    if reference in above:
        return {**below, "$ref": reference}
    target = inlined(locate(node.document, reference), above | {reference})
    return {"allOf": [target], **below} if below else target
