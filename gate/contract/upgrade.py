"""Brings the words of OpenAPI 3.0 to their meaning in 3.1, in documents of both versions, as many mix them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gate.contract.grammar import IN_PLACE, SECTIONS
from gate.contract.nodes import DIALECT

VERSION = "3.1.0"
DIALECTS = (DIALECT, "https://spec.openapis.org/oas/3.1/dialect/base")
NULL = {"type": "null"}
OUTSIDE = frozenset(
    {"title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly", "externalDocs"}
)
"""Keywords that hold for a value whether it is null or not."""
RANGE = re.compile("[1-5]xx")
SIZES = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})


def lone(kind: str, part: Mapping[str, Any], *, lone_references: bool) -> dict[str, Any] | None:
    """A reference beside which nothing counts, without the rest; with ``lone_references``, each of them is one."""
    if kind not in SECTIONS or (kind == "schema" and not lone_references) or not isinstance(part.get("$ref"), str):
        return None
    kept = ("$ref",) if lone_references else ("$ref", "summary", "description")
    return {key: child for key, child in part.items() if key in kept}


def upgraded(kind: str, part: dict[str, Any]) -> dict[str, Any]:
    """A part, which is changed, in the words of OpenAPI 3.1, as those below it are already."""
    if kind == "schema":
        return _nullable(_plain(part))
    if kind == "responses":
        return {key.upper() if RANGE.fullmatch(key) else key: child for key, child in part.items()}
    return part


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without the words of 3.0 but ``nullable``, and with sizes that are integers."""
    if schema.get("$schema") in DIALECTS:
        schema.pop("$schema")
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    match schema.get("format"):
        case "byte":
            schema.pop("format")
            schema.setdefault("contentEncoding", "base64")
        case "binary":
            schema.setdefault("contentMediaType", "application/octet-stream")
    for keyword in SIZES & schema.keys():
        if isinstance(schema[keyword], float) and schema[keyword].is_integer():
            schema[keyword] = int(schema[keyword])
    return schema


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without ``nullable``; where that is true, null is valid."""
    if not isinstance(schema.get("nullable"), bool) or not schema.pop("nullable"):
        return schema
    if schema.keys() & (IN_PLACE | {"$ref", "const"}):
        inner = {key: value for key, value in schema.items() if key not in OUTSIDE and not key.startswith("x-")}
        outer = {key: value for key, value in schema.items() if key not in inner}
        return {**outer, "anyOf": [inner, NULL]}
    if isinstance(schema.get("type"), str | list):
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        schema["type"] = [*types, *(["null"] if "null" not in types else [])]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    return schema
