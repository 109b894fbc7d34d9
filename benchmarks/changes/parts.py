"""Parts of documents, from which pairs of documents are made that differ in one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from benchmarks.changes.contexts import HEAD, OK, answer, document, parameter
from benchmarks.changes.schemas import INTEGER, OBJECT, A, B, S, Schema, obj

LIST: Schema = {**A, "items": S}
NONE: Schema = document({})
GET: Schema = {"get": {"responses": OK}}
KEY: Schema = {"type": "apiKey", "in": "header", "name": "X-Key"}
BEARER: Schema = {"type": "http", "scheme": "bearer"}
BASIC: Schema = {"type": "http", "scheme": "basic"}
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"

CAT = obj("kind", kind=S, lives=INTEGER)
DOG = obj("kind", kind=S, barks=B)


def oauth(flow: str = "clientCredentials", **scopes: str) -> Schema:
    """A scheme of OAuth 2 with a single flow."""
    return {"type": "oauth2", "flows": {flow: {"tokenUrl": "https://id.test/token", "scopes": scopes}}}


def parameters(*listed: Schema) -> Schema:
    """A document with these parameters."""
    return document({"parameters": [*listed]})


def query(schema: Any = S, **members: Any) -> Schema:
    """A document with one query parameter."""
    return parameters(parameter("query", schema, **members))


def place(where: str, schema: Any = S, **members: Any) -> Schema:
    """A document with one parameter at a place; a path parameter stands in the path."""
    return document({"parameters": [parameter(where, schema, **members)]}, "/t/{p}" if where == "path" else "/t")


def paths(**items: Schema) -> Schema:
    """A document with paths by name."""
    return {**HEAD, "paths": {f"/{name}": item for name, item in items.items()}}


def sent(*media: str, required: bool = True, schema: Any = OBJECT, **members: Any) -> Schema:
    """A document whose operation takes these media types."""
    content = {name: {"schema": schema, **members} for name in media}
    return document({"requestBody": {"required": required, "content": content}})


def given(*media: str, schema: Any = S, status: str = "200", **members: Any) -> Schema:
    """A document whose operation answers these media types."""
    content = {name: {"schema": schema} for name in media}
    return document({"responses": {status: {"description": "D", "content": content, **members}}})


def statuses(**schemas: Any) -> Schema:
    """A document whose operation answers these schemas by status, ``s200`` for 200."""
    listed = {name.removeprefix("s"): answer(schema)["responses"]["200"] for name, schema in schemas.items()}
    return document({"responses": listed})


def headers(**members: Any) -> Schema:
    """A document whose answer has headers; ``_`` stands for ``-`` in a name."""
    named = {name.replace("_", "-"): header for name, header in members.items()}
    return document({"responses": {"200": {"description": "D", "headers": named}}})


def linked(**links: Schema) -> Schema:
    """A document whose answer has links."""
    return document({"responses": {"200": {"description": "D", "links": links}}})


def secured(*alternatives: Schema, **schemes: Schema) -> Schema:
    """A document with schemes, and the alternatives of its operation."""
    return document({"security": [*alternatives]}, components={"securitySchemes": schemes})


def served(*servers: Schema | str) -> Schema:
    """A document with servers."""
    return document({}, servers=[{"url": server} if isinstance(server, str) else server for server in servers])


def hook(**members: Any) -> Schema:
    """A document with one webhook."""
    return {**HEAD, "paths": {}, "webhooks": {"done": {"post": {"responses": OK, **members}}}}


def called(**members: Any) -> Schema:
    """A document with one callback."""
    return document({"callbacks": {"done": {"{$request.query.url}": {"post": {"responses": OK, **members}}}}})


def variants(discriminator: Schema | None, where: Callable[[Any], Schema]) -> Schema:
    """A document with a choice of components and a discriminator."""
    chosen: Schema = {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]}
    if discriminator is not None:
        chosen["discriminator"] = discriminator
    return document(where(chosen), components={"schemas": {"Cat": CAT, "Dog": DOG}})


def by(name: str = "kind", **mapping: str) -> Schema:
    """A discriminator."""
    return {"propertyName": name, **({"mapping": mapping} if mapping else {})}


def parts(**encoding: Schema) -> Schema:
    """A document with a form of several parts, and how these are encoded."""
    return sent(
        MULTIPART, schema=obj(file={**S, "format": "binary"}, note=S, tags=LIST, data=OBJECT), encoding=encoding
    )


def changed(base: Schema, *path: str, value: Any) -> Schema:
    """A copy with another value at a place."""
    new = copy.deepcopy(base)
    inner = new
    for name in path[:-1]:
        inner = inner.setdefault(name, {})
    inner[path[-1]] = value
    return new


PAIR = obj(a=S, b=INTEGER)
VARIABLE = {"url": "https://{r}.test", "variables": {"r": {"default": "eu", "enum": ["eu", "us"]}}}
