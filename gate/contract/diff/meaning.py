"""The set of values of a schema in keywords that containment takes: formats of numbers are bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gate.contract.nodes import DATA, MAPS
from gate.core.values import equal

FLOAT = 3.4028234663852886e38

RANGES: dict[str, tuple[float, float]] = {
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    "float": (-FLOAT, FLOAT),
}
"""The least and the greatest number of a format."""

ENCODINGS = frozenset({"byte", "binary", "base64url"})
"""Formats that say how octets are written; they are compared like contentEncoding."""

MATCH_ALL = frozenset({"", "^", "$", ".*", "^.*", ".*$", "^.*$", "(.*)", "^(.*)$", r"^[\s\S]*$", r"[\s\S]*"})
"""Patterns that match every text."""

NO_LIMIT = frozenset({"double", "password", "html", "markdown", "commonmark"}) | ENCODINGS
"""Formats that refuse no value."""

INDEPENDENT = (
    ("if", "then", "else"),
    ("contains", "minContains", "maxContains"),
    ("not",),
    ("propertyNames",),
    ("dependentRequired",),
    ("dependentSchemas",),
    ("pattern",),
    ("format",),
    ("anyOf",),
    ("oneOf",),
    ("allOf",),
    ("$ref",),
)
"""Keywords whose effect does not depend on other keywords, so that they can be left out where both sides have them."""


def meant(schema: Any) -> Any:
    """The schema with bounds in place of the formats of numbers."""
    return _throughout(schema, _bounded)


def undeclared(schema: Any) -> Any:
    """The schema without declared members that have the schema of all others; it accepts the same."""
    return _throughout(schema, _without_usual)


def _throughout(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]], named: bool = False) -> Any:
    """A copy with each schema in it changed, the inner ones first; ``named`` says that its keys are names."""
    if isinstance(schema, list):
        return [_throughout(entry, change) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    result = {
        key: child
        if not isinstance(child, dict | list) or (key in DATA and not named)
        else _throughout(child, change, named=not named and key in MAPS)
        for key, child in schema.items()
    }
    return result if named else change(result)


def _bounded(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("pattern") in MATCH_ALL:
        del schema["pattern"]
    patterns = schema.get("patternProperties")
    if isinstance(patterns, Mapping) and len(patterns) == 1 and "properties" not in schema:
        [(pattern, member)] = patterns.items()
        if pattern in MATCH_ALL:
            del schema["patternProperties"]
            schema["additionalProperties"] = member  # which no name is left for otherwise
    members = schema.get("properties")
    if isinstance(members, Mapping) and schema.get("additionalProperties") is False and not patterns:
        schema["properties"] = {name: member for name, member in members.items() if not refuses_all(member)}
    name = schema.get("format")
    if name in NO_LIMIT:
        del schema["format"]
    elif isinstance(name, str) and name in RANGES:
        del schema["format"]
        least, greatest = RANGES[name]
        schema["minimum"] = max(schema.get("minimum", least), least)
        schema["maximum"] = min(schema.get("maximum", greatest), greatest)
    return schema


def _without_usual(schema: dict[str, Any]) -> dict[str, Any]:
    members, others = schema.get("properties"), schema.get("additionalProperties")
    if isinstance(members, Mapping) and others is not None and "patternProperties" not in schema:
        schema["properties"] = {name: member for name, member in members.items() if not equal(member, others)}
    return schema


def refuses_all(schema: Any) -> bool:
    """Return whether a schema refuses every value at first sight."""
    return schema is False or (isinstance(schema, Mapping) and schema.get("not") in ({}, True))


def without_common(wide: Any, narrow: Any) -> tuple[Any, Any]:
    """Both schemas without the conditions that they share.

    If the wide rest covers the narrow rest, the wide schema covers the narrow one; the opposite does not follow.
    """
    if equal(wide, narrow):
        return True, True
    if not isinstance(wide, Mapping) or not isinstance(narrow, Mapping) or _open_ended(wide, narrow):
        return wide, narrow
    first, second = dict(wide), dict(narrow)
    for keywords in INDEPENDENT:
        if all(equal(wide.get(key), narrow.get(key)) for key in keywords):
            for key in keywords:
                first.pop(key, None)
                second.pop(key, None)
    both = wide.get("properties"), narrow.get("properties")
    if isinstance(both[0], Mapping) and isinstance(both[1], Mapping):
        pairs = {name: without_common(both[0][name], both[1][name]) for name in both[0] if name in both[1]}
        first["properties"] = {**both[0], **{name: pair[0] for name, pair in pairs.items()}}
        second["properties"] = {**both[1], **{name: pair[1] for name, pair in pairs.items()}}
    for key in ("items", "additionalProperties"):
        if key in wide and key in narrow and "prefixItems" not in wide and "prefixItems" not in narrow:
            if key == "additionalProperties" and not _same_names(wide, narrow):
                continue
            first[key], second[key] = without_common(wide[key], narrow[key])
    return first, second


def _open_ended(*schemas: Mapping[str, Any]) -> bool:
    return any(key.startswith("unevaluated") or "dynamic" in key.lower() for schema in schemas for key in schema)


def _same_names(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    names = [schema.get("properties", {}).keys() for schema in (wide, narrow)]
    return bool(names[0] == names[1] and wide.get("patternProperties") == narrow.get("patternProperties"))
