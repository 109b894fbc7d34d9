"""The grammar of OpenAPI 3.1: which member of a part of a document is a part of which kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from gate.contract.nodes import METHODS
from gate.core.documents import COLLECTIONS

Form = Literal["one", "list", "map"]
Tokens = tuple[str | int, ...]
Visit = Callable[[str, Any, Tokens], Any]
"""Called with the kind, the value and the place of a part; returns what stands in its place."""

ANY = "*"
"""Stands for every other member that is not an extension."""

_CONTENT: dict[str, tuple[Form, str]] = {
    "schema": ("one", "schema"),
    "content": ("map", "media"),
    "examples": ("map", "example"),
}
SECTIONS = {
    "schema": "schemas",
    "response": "responses",
    "parameter": "parameters",
    "example": "examples",
    "requestBody": "requestBodies",
    "header": "headers",
    "security": "securitySchemes",
    "link": "links",
    "callback": "callbacks",
    "shared path": "pathItems",
}
"""The section of components in which a part of a kind has a name."""
IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"})
"""Keywords whose schemas describe the same value as the schema around them."""

MEMBERS: dict[str, dict[str, tuple[Form, str]]] = {
    "document": {"paths": ("one", "paths"), "webhooks": ("map", "path"), "components": ("one", "components")},
    "components": {section: ("map", kind) for kind, section in SECTIONS.items()},
    "paths": {ANY: ("one", "path")},
    "path": {"parameters": ("list", "parameter"), **dict.fromkeys(METHODS, ("one", "operation"))},
    "operation": {
        "parameters": ("list", "parameter"),
        "requestBody": ("one", "requestBody"),
        "responses": ("one", "responses"),
        "callbacks": ("map", "callback"),
    },
    "responses": {ANY: ("one", "response")},
    "response": {"headers": ("map", "header"), "content": ("map", "media"), "links": ("map", "link")},
    "media": {"schema": ("one", "schema"), "examples": ("map", "example"), "encoding": ("map", "encoding")},
    "encoding": {"headers": ("map", "header")},
    "parameter": _CONTENT,
    "header": _CONTENT,
    "requestBody": {"content": ("map", "media")},
    "callback": {ANY: ("one", "shared path")},
    "schema": {
        **dict.fromkeys(
            ("items", "additionalProperties", "unevaluatedItems", "unevaluatedProperties", "contains"),
            ("one", "schema"),
        ),
        **dict.fromkeys(("propertyNames", "contentSchema", "not", "if", "then", "else"), ("one", "schema")),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), ("list", "schema")),
        **dict.fromkeys(
            ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions"), ("map", "schema")
        ),
    },
}
MEMBERS["shared path"] = MEMBERS["path"]
FORMS: dict[Form, type | tuple[type, ...]] = {"one": COLLECTIONS, "list": list, "map": dict}
"""The type of the value of a member of a form."""


def part(kind: str, member: str) -> tuple[Form, str] | None:
    """The form and kind of a member of a part; None where it is no part of its own."""
    members = MEMBERS.get(kind, {})
    return members.get(member) or (None if member.startswith("x-") else members.get(ANY))


def rebuilt(kind: str, value: Any, place: Tokens, visit: Visit) -> Any:
    """A part with ``visit`` applied to each part directly below it; what has the wrong form stays as it is."""
    return filled(kind, dict(value), place, visit) if isinstance(value, dict) else value


def filled(kind: str, part: dict[str, Any], place: Tokens, visit: Visit) -> dict[str, Any]:
    """The same for a part that is the caller's own, which is changed."""
    for key, form, below, child in _below(kind, part) if kind in MEMBERS else ():
        if form == "one":
            part[key] = visit(below, child, (*place, key))
        elif form == "list":
            part[key] = [visit(below, entry, (*place, key, index)) for index, entry in enumerate(child)]
        else:
            part[key] = {name: visit(below, entry, (*place, key, name)) for name, entry in child.items()}
    return part


def _below(kind: str, value: dict[str, Any]) -> list[tuple[str, Form, str, Any]]:
    """The members that are parts, each with its form, its kind and its value; those of the wrong form are left out."""
    members = MEMBERS[kind]
    others = members.get(ANY)
    below = []
    for key, child in value.items():
        if type(child) in COLLECTIONS:
            known = members.get(key) or (others if others and not key.startswith("x-") else None)
            if known is not None and isinstance(child, FORMS[known[0]]):
                below.append((key, *known, child))
    return below


def parts(kind: str, value: Any, place: Tokens = ()) -> Iterator[tuple[str, Any, Tokens]]:
    """The part itself and every part below it: kind, value, place."""
    outcome = [(kind, value, place)]
    while outcome:
        kind, value, place = here = outcome.pop()
        yield here
        if not isinstance(value, dict) or kind not in MEMBERS:
            continue
        nested: list[tuple[str, Any, Tokens]] = []
        for key, form, below, child in _below(kind, value):
            if form == "one":
                nested.append((below, child, (*place, key)))
            else:
                named = enumerate(child) if form == "list" else child.items()
                nested += [(below, entry, (*place, key, name)) for name, entry in named]
        outcome += reversed(nested)


def kind_at(tokens: Tokens) -> str | None:
    """The kind of the part at a place in a document; None where no part begins there."""
    kind, remaining = "document", list(tokens)
    while remaining:
        outcome = part(kind, str(remaining.pop(0)))
        if outcome is None or (outcome[0] != "one" and not remaining):
            return None
        if outcome[0] != "one":
            remaining.pop(0)
        kind = outcome[1]
    return kind
