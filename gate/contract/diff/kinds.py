"""The types of JSON that a schema allows, and the values that it lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gate.core.values import equal

TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
JSON_TYPES: dict[type, str] = {
    str: "string",
    float: "number",
    int: "integer",
    bool: "boolean",
    dict: "object",
    list: "array",
    type(None): "null",
}
"""The JSON type of a Python value."""


def listed_types(schema: Mapping[str, Any]) -> frozenset[str]:
    """The types that a schema allows."""
    listed = listed_values(schema)
    if "type" not in schema and listed is not None:
        return frozenset(JSON_TYPES[type(value)] for value in listed.values())
    named = schema.get("type", TYPES)
    return frozenset([named] if isinstance(named, str) else named)


def listed_values(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The values that ``enum`` and ``const`` leave, by their text; None without a limit to such values."""
    values = schema.get("enum")
    if "const" in schema:
        constant = schema["const"]
        values = [constant] if values is None or any(equal(constant, value) for value in values) else []
    return None if values is None else {json.dumps(value, sort_keys=True): value for value in values}
