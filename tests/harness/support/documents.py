"""Small OpenAPI documents, and the changes between two of them."""

from __future__ import annotations

from typing import Any

from gate.contract.diff import compare

Schema = dict[str, Any]


def document(paths: Schema, components: Schema | None = None, **root: Any) -> Schema:
    """A whole document around some paths."""
    head = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}}
    return {**head, "paths": paths, "components": components or {}, **root}


def operation(components: Schema | None = None, **members: Any) -> Schema:
    """A document with one operation, POST /things."""
    return document({"/things": {"post": {"responses": {"200": {"description": "D"}}, **members}}}, components)


def media(schema: Any, kind: str = "application/json") -> Schema:
    return {kind: {"schema": schema}}


def request(schema: Any, **components: Schema) -> Schema:
    """A document whose single operation takes this schema."""
    return operation({"schemas": components}, requestBody={"required": True, "content": media(schema)})


def response(schema: Any, **components: Schema) -> Schema:
    """A document whose single operation answers this schema."""
    return operation({"schemas": components}, responses={"200": {"description": "D", "content": media(schema)}})


def answer(status: str = "200", **members: Any) -> Schema:
    return operation(responses={"200": {"description": "D"}, status: {"description": "D", **members}})


def query(**members: Any) -> Schema:
    return operation(parameters=[{"name": "limit", "in": "query", "schema": {"type": "integer"}, **members}])


def body(**members: Any) -> Schema:
    return operation(requestBody={"content": media({"type": "object"}), **members})


def obj(required: str = "", closed: bool = False, **properties: Any) -> Schema:
    """An object schema; ``required`` are names separated by spaces."""
    schema: Schema = {"type": "object", "properties": properties, "required": required.split()}
    return {**schema, "additionalProperties": False} if closed else schema


def changes(old: Schema, new: Schema) -> list[tuple[str, str, str]]:
    return [
        (change.rule.removeprefix("BG-DIFF-"), change.severity, change.where.pointer) for change in compare(old, new)
    ]


def worst(old: Schema, new: Schema) -> str:
    return next((change.severity for change in compare(old, new)), "none")


S: Schema = {"type": "string"}
N: Schema = {"type": "integer"}
AB: Schema = {"type": "string", "enum": ["a", "b"]}
ABC: Schema = {"type": "string", "enum": ["a", "b", "c"]}
KEY: list[Schema] = [{"key": []}]
GET: Schema = {"get": {"responses": {}}}
NONE = operation()
