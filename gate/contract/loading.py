"""Reads OpenAPI documents from YAML or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

from gate.contract.nodes import DIALECT, DanglingReferenceError, locate
from gate.core.documents import load_json, load_text, parse_yaml
from gate.core.errors import DocumentError
from gate.core.pointer import join
from gate.core.texts import clip

OPENAPI = Path(__file__).with_name("openapi-3.1.json")
"""The published schema of OpenAPI 3.1; its licence stands in the file NOTICE beside it."""

DATA = frozenset({"example", "examples", "default", "const", "enum"})
"""Members whose content is not part of the document's structure."""


def load_openapi(path: Path) -> dict[str, Any]:
    """The OpenAPI 3.1 document in a file, references not followed; raises DocumentError."""
    return parse(load_text(path), path)


def parse(text: str, path: Path) -> dict[str, Any]:
    """The OpenAPI 3.1 document in a text that comes from ``path``; raises DocumentError."""
    document = parse_yaml(text, path)
    if not isinstance(document, dict):
        raise DocumentError(path, 1, "an OpenAPI document, which is a mapping")
    version = document.get("openapi")
    if not isinstance(version, str) or not version.startswith("3.1."):
        raise DocumentError(path, 1, f"a member openapi of 3.1.x, not {version!r}")
    check(document, path)
    return document


def check(document: Mapping[str, Any], path: Path) -> None:
    """Raises DocumentError for a document that breaks the schema of OpenAPI 3.1, JSON Schema, or its own references."""
    schema = load_json(OPENAPI)
    fault = next(jsonschema_rs.validator_for(schema).iter_errors(document), None)
    if fault is not None:
        raise DocumentError(path, None, f"OpenAPI 3.1 at {join(*fault.instance_path) or '/'} ({clip(fault.message)})")
    for pointer, schema in _schemas(document, ()):
        try:
            jsonschema_rs.meta.validate({"$schema": DIALECT, **schema})
        except jsonschema_rs.ValidationError as error:
            where = join(*pointer, *error.instance_path)
            raise DocumentError(path, None, f"JSON Schema at {where} ({clip(error.message)})") from error
    for pointer, reference in _references(document, ()):
        try:
            locate(document, reference)
        except DanglingReferenceError as error:
            expected = f"a reference within the document that leads somewhere at {join(*pointer)}, not {reference!r}"
            raise DocumentError(path, None, expected) from error


def _schemas(value: Any, pointer: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    for key, child in _children(value):
        here = (*pointer, key)
        if isinstance(child, dict) and (key == "schema" or pointer == ("components", "schemas")):
            yield here, child
        else:
            yield from _schemas(child, here)


def _references(value: Any, pointer: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for key, child in _children(value):
        if key == "$ref" and isinstance(child, str):
            yield (*pointer, key), child
        else:
            yield from _references(child, (*pointer, key))


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    """The values below, without examples and extensions."""
    if isinstance(value, Mapping):
        yield from ((key, child) for key, child in value.items() if key not in DATA and not key.startswith("x-"))
    elif isinstance(value, list):
        yield from enumerate(value)
