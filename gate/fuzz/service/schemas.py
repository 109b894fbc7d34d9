"""The schemas of requests: the members that they have, and what these may be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gate.contract.nodes import Node, Operation

UNIQUE = re.compile(r"\b(unique|distinct)\b", re.IGNORECASE)
TAKEN = re.compile(r"\b(already|taken|exists|duplicate|unique|in use)\b", re.IGNORECASE)
"""Descriptions of a member that no two resources share, and of a conflict between two."""
NOTES = frozenset({"title", "description", "example", "examples", "default", "deprecated"})
"""Keywords that no value violates."""
IGNORED = re.compile(r"[^.;\n]*\bignored?\b[^.;\n]*", re.IGNORECASE)
"""A part of a description that says that something is not used."""
DEEPEST = 6
"""Depth down to which the parts of a schema are followed."""


def asks_for_nothing(operation: Operation) -> bool:
    """Return whether an operation has no parameter that has to be known, beside those of its path."""
    nodes = operation.parameters().items()
    return not any(place != "path" and node.value.get("required") for (place, _), node in nodes)


def takes_anything(operation: Operation) -> bool:
    """Return whether no value can be invalid: there is no body, and each parameter is any text."""
    schemas = [node.child("schema", default={}).follow().value for node in operation.parameters().values()]
    rules = [{key: each[key] for key in each.keys() - NOTES} for each in schemas]
    return "requestBody" not in operation.document and all(each in ({}, {"type": "string"}) for each in rules)


def request_schema(operation: Operation) -> Node:
    """The schema of the JSON that an operation takes; of nothing where it takes none."""
    content = operation.node.child("requestBody").follow().child("content", default={})
    media = next((key for key in content.value if "json" in key), "")
    return content.child(media, "schema", default={}) if media else Node(operation.node.document, "", {})


def defaults(schema: Node) -> dict[str, Any]:
    """The documented defaults of an object's members; none of one that may have several forms."""
    rules = schema.follow().value
    if not isinstance(rules, Mapping) or {"anyOf", "oneOf"} & rules.keys():
        return {}
    members = properties(schema).items()
    return {name: node.value["default"] for name, node in members if node.value.get("default") is not None}


def required(schema: Node, depth: int = 0) -> set[str]:
    """The members that an object has to have, those of its parts included."""
    rules = schema.follow()
    names = set(rules.value.get("required", ())) if isinstance(rules.value, Mapping) else set()
    parts = rules.value.get("allOf", ()) if isinstance(rules.value, Mapping) and depth < DEEPEST else ()
    return names.union(*(required(rules.child("allOf", index), depth + 1) for index in range(len(parts))))


def properties(schema: Node, depth: int = 0) -> dict[str, Node]:
    """The members that a schema describes, those of its parts included."""
    if depth > DEEPEST:
        return {}
    schema = schema.follow()
    if not isinstance(schema.value, Mapping):
        return {}
    members = {name: schema.child("properties", name).follow() for name in schema.value.get("properties", {})}
    for part in _parts(schema):
        members = {**properties(part, depth + 1), **members}
    return {name: node for name, node in members.items() if isinstance(node.value, Mapping)}


def _parts(schema: Node) -> Iterator[Node]:
    for keyword in ("allOf", "anyOf", "oneOf"):
        listed = schema.value.get(keyword)
        for index in range(len(listed) if isinstance(listed, list) else 0):
            yield schema.child(keyword, index)


def unique(operation: Operation) -> set[str]:
    """The members of a request that no two resources may share, as their descriptions or that of a conflict say."""
    members = properties(request_schema(operation))
    conflict = str(operation.node.child("responses", "409").follow().child("description", default="").value)
    words = {word.lower() for word in re.findall(r"\w+", conflict)} if TAKEN.search(conflict) else set()
    described = {name: str(node.value.get("description", "")) for name, node in members.items()}
    return {name for name, text in described.items() if UNIQUE.search(text) or name.lower() in words}


def ignored(members: Mapping[str, Node]) -> set[str]:
    """The members of a request that the description of a member says to be ignored, perhaps with some values of it."""
    texts = [text for node in members.values() for text in IGNORED.findall(str(node.value.get("description", "")))]
    return {name for name in members if any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)}


def nullable(node: Node) -> bool:
    """Return whether a schema allows null."""
    rules = node.follow().value
    types = rules.get("type", ()) if isinstance(rules, Mapping) else ()
    if "null" in ([types] if isinstance(types, str) else types):
        return True
    keywords = ("anyOf", "oneOf")
    parts = [node.follow().child(each, index) for each in keywords for index in range(len(rules.get(each, [])))]
    return any(map(nullable, parts))


def choices(node: Node, depth: int = 0) -> list[Node]:
    """The schema, or its choices that are not null."""
    schema = node.follow()
    keyword = next((each for each in ("anyOf", "oneOf") if schema.value.get(each)), "")
    if not keyword or depth > DEEPEST:
        return [schema]
    parts = (schema.child(keyword, index) for index in range(len(schema.value[keyword])))
    branches = [each for part in parts for each in choices(part, depth + 1) if each.value.get("type") != "null"]
    return branches or [schema]


def chosen(node: Node) -> Node:
    """The schema, or the first of its choices that is not null."""
    return choices(node)[0]


def type_of(rules: Mapping[str, Any]) -> Any:
    """The first type of a schema that is not null."""
    types = rules.get("type")
    return next((each for each in types if each != "null"), "") if isinstance(types, list) else types
