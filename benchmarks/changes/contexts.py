"""Places of a schema in a document: how a request or an answer is affected by what the schema accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.changes.schemas import Schema

JSON = "application/json"
HEAD = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}}
OK: Schema = {"200": {"description": "D"}}

Wrapped = Callable[[Any], tuple[Any, dict[str, Any]]]
"""A schema inside another one, and the components that it needs."""


def document(operation: Schema, path: str = "/things", method: str = "post", **more: Any) -> Schema:
    """A document with one operation."""
    return {**HEAD, "paths": {path: {method: {"responses": OK, **operation}}}, **more}


def body(schema: Any, media: str = JSON) -> Schema:
    """A request body that must be there."""
    return {"requestBody": {"required": True, "content": {media: {"schema": schema}}}}


def answer(schema: Any, status: str = "200", media: str = JSON) -> Schema:
    """The responses of an operation."""
    return {"responses": {status: {"description": "D", "content": {media: {"schema": schema}}}}}


def parameter(place: str, schema: Any, **members: Any) -> Schema:
    """A parameter."""
    return {"name": "p", "in": place, "schema": schema, **({"required": True} if place == "path" else {}), **members}


def _member(schema: Any) -> Schema:
    return {"type": "object", "properties": {"m": schema}}


def _reference(schema: Any) -> tuple[Any, dict[str, Any]]:
    return {"$ref": "#/components/schemas/X"}, {"X": schema}


WRAPPED: dict[str, Wrapped] = {
    "": lambda schema: (schema, {}),
    "member": lambda schema: (_member(schema), {}),
    "required member": lambda schema: ({**_member(schema), "required": ["m"]}, {}),
    "items": lambda schema: ({"type": "array", "items": schema}, {}),
    "map": lambda schema: ({"type": "object", "additionalProperties": schema}, {}),
    "allOf": lambda schema: ({"allOf": [schema, {"description": "D"}]}, {}),
    "anyOf": lambda schema: ({"anyOf": [{"type": "array", "items": schema}, {"type": "boolean"}]}, {}),
    "component": _reference,
    "component of a member": lambda schema: (_member({"$ref": "#/components/schemas/X"}), {"X": schema}),
    "deep": lambda schema: (_member({"type": "array", "items": _member(schema)}), {}),
}

Place = Callable[[Any, dict[str, Any]], Schema]
"""A document around a schema and the components that it needs."""


def _schemas(components: dict[str, Any]) -> Schema:
    return {"components": {"schemas": components}} if components else {}


def _hook(schema: Any, components: dict[str, Any]) -> Schema:
    sent = {"post": {"responses": OK, **body(schema)}}
    return {**HEAD, "paths": {}, "webhooks": {"done": sent}, **_schemas(components)}


def _hook_answer(schema: Any, components: dict[str, Any]) -> Schema:
    return {**HEAD, "paths": {}, "webhooks": {"done": {"post": answer(schema)}}, **_schemas(components)}


def _callback(schema: Any, components: dict[str, Any]) -> Schema:
    sent = {"done": {"{$request.body#/url}": {"post": {"responses": OK, **body(schema)}}}}
    return document({"callbacks": sent}, **_schemas(components))


def _callback_answer(schema: Any, components: dict[str, Any]) -> Schema:
    return document({"callbacks": {"done": {"{$request.body#/url}": {"post": answer(schema)}}}}, **_schemas(components))


def _component(section: str, value: Any) -> Schema:
    return {"components": {section: {"X": value}}}


# What a caller sends: a schema that accepts less breaks it.
SENT: dict[str, Place] = {
    "request body": lambda schema, parts: document(body(schema), **_schemas(parts)),
    "vendor's request body": lambda schema, parts: document(body(schema, "application/x+json"), **_schemas(parts)),
    "callback's answer": _callback_answer,
    "webhook's answer": _hook_answer,
}
# What a caller gets: a schema that accepts more breaks it.
GOT: dict[str, Place] = {
    "response": lambda schema, parts: document(answer(schema), **_schemas(parts)),
    "error": lambda schema, parts: document(answer(schema, "409"), **_schemas(parts)),
    "default response": lambda schema, parts: document(answer(schema, "default"), **_schemas(parts)),
    "webhook": _hook,
    "callback": _callback,
}
SENT_COMPONENTS: dict[str, Place] = {
    "component of a body": lambda schema, _: document(
        {"requestBody": {"$ref": "#/components/requestBodies/X"}},
        **_component("requestBodies", body(schema)["requestBody"]),
    ),
}
GOT_COMPONENTS: dict[str, Place] = {
    "component of a response": lambda schema, _: document(
        {"responses": {"200": {"$ref": "#/components/responses/X"}}},
        **_component("responses", answer(schema)["responses"]["200"]),
    ),
}

# Text on the wire; the schemas of SCALARS alone.
TEXTS: dict[str, Place] = {
    "query": lambda schema, _: document({"parameters": [parameter("query", schema)]}),
    "query list": lambda schema, _: document({"parameters": [parameter("query", {"type": "array", "items": schema})]}),
    "query by content": lambda schema, _: document(
        {"parameters": [{"name": "p", "in": "query", "content": {JSON: {"schema": schema}}}]}
    ),
    "deep object": lambda schema, _: document(
        {"parameters": [parameter("query", _member(schema), style="deepObject", explode=True)]}
    ),
    "path": lambda schema, _: document({"parameters": [parameter("path", schema)]}, "/things/{p}"),
    "path item": lambda schema, _: {
        **HEAD,
        "paths": {"/things": {"parameters": [parameter("query", schema)], "get": {"responses": OK}}},
    },
    "header": lambda schema, _: document({"parameters": [parameter("header", schema)]}),
    "cookie": lambda schema, _: document({"parameters": [parameter("cookie", schema)]}),
    "component of a parameter": lambda schema, _: document(
        {"parameters": [{"$ref": "#/components/parameters/X"}]}, **_component("parameters", parameter("query", schema))
    ),
    "form": lambda schema, _: document(body(_member(schema), "application/x-www-form-urlencoded")),
    "multipart": lambda schema, _: document(body(_member(schema), "multipart/form-data")),
}
TEXTS_GOT: dict[str, Place] = {
    "response header": lambda schema, _: document(
        {"responses": {"200": {"description": "D", "headers": {"X-A": {"schema": schema}}}}}
    ),
    "component of a header": lambda schema, _: document(
        {"responses": {"200": {"description": "D", "headers": {"X-A": {"$ref": "#/components/headers/X"}}}}},
        **_component("headers", {"schema": schema}),
    ),
}


def places(scalar: bool) -> Iterator[tuple[str, bool, Callable[[Any], Schema]]]:
    """Every place for a schema: its name, whether a caller sends it, and the document around it."""
    groups = [(SENT, True, WRAPPED), (GOT, False, WRAPPED)]
    plain = {"": WRAPPED[""]}
    groups += [(SENT_COMPONENTS, True, plain), (GOT_COMPONENTS, False, plain)]
    if scalar:
        groups += [(TEXTS, True, plain), (TEXTS_GOT, False, plain)]
    for group, sent, wrapped in groups:
        for name, place in group.items():
            for around, wrap in wrapped.items():
                yield f"{name} {around}".strip(), sent, _around(place, wrap)


def _around(place: Place, wrap: Wrapped) -> Callable[[Any], Schema]:
    return lambda schema: place(*wrap(schema))
