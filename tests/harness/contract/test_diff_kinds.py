"""The worst severity of a change, where the same may be written in several ways."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.support.documents import (
    AB,
    ABC,
    GET,
    N,
    S,
    Schema,
    answer,
    body,
    document,
    media,
    obj,
    operation,
    query,
    request,
    response,
    worst,
)

OBJECT: Schema = {"type": "object"}
B: Schema = {"type": "boolean"}
LIST: Schema = {"type": "array", "items": S}
READ: Schema = {**S, "readOnly": True}
WRITE: Schema = {**S, "writeOnly": True}
KEY: Schema = {"type": "apiKey", "in": "header", "name": "X-Key"}
BEARER: Schema = {"type": "http", "scheme": "bearer"}


def sized(format_: str, kind: str = "integer") -> Schema:
    return {"type": kind, "format": format_}


# The worst severity of each change of a schema, in a request body and in a response body.
SCHEMAS: dict[str, tuple[Any, Any, str, str]] = {
    "format narrowed": (sized("int64"), sized("int32"), "breaking", "safe"),
    "format added": (N, sized("int32"), "breaking", "safe"),
    "format within bounds": (
        {**N, "minimum": 0, "maximum": 9},
        {**sized("int32"), "minimum": 0, "maximum": 9},
        "none",
        "none",
    ),
    "format of a number": (sized("double", "number"), sized("float", "number"), "breaking", "safe"),
    "const beside values without it": ({"const": "a"}, {"const": "a", "enum": ["b", "c"]}, "breaking", "safe"),
    "const beside values with it": ({"const": 1}, {"const": 1, "enum": [1.0, 2]}, "none", "none"),
    "members that a condition declares": (
        {"allOf": [{**obj("a", a=S), "minProperties": 1}, {"not": N}]},
        {"allOf": [{**obj("a", a=S), "minProperties": 1}, {"not": N}], "properties": {"a": {**S, "maxLength": 2}}},
        "breaking",
        "safe",
    ),
    "format to a pattern of its texts": (
        {**S, "format": "date"},
        {**S, "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "safe",
        "breaking",
    ),
    "pattern beside the format that implies it": (
        {**S, "format": "uuid"},
        {**S, "format": "uuid", "pattern": "^[0-9a-fA-F-]{36}$"},
        "none",
        "none",
    ),
    "pattern beside a format that does not imply it": (
        {**S, "format": "uuid"},
        {**S, "format": "uuid", "pattern": "^[0-9a-f-]{36}$"},
        "breaking",
        "safe",
    ),
    "condition at the begin of a pattern removed": (
        {**S, "pattern": "^(?!admin$)[a-z]+$"},
        {**S, "pattern": "^[a-z]+$"},
        "safe",
        "unknown",
    ),
    "member that a pattern of names declares": (
        {**obj(xa=S), "patternProperties": {"^x": S}},
        {**obj(), "patternProperties": {"^x": S}},
        "none",
        "none",
    ),
    "member that an unevaluated rest refuses": (
        {"allOf": [obj(a=S, b=S)], "unevaluatedProperties": False},
        {"allOf": [obj(a=S)], "unevaluatedProperties": False},
        "breaking",
        "safe",
    ),
    "readOnly member that another one needs": (
        obj(a=S, id=READ),
        {**obj(a=S, id=READ), "dependentRequired": {"a": ["id"]}},
        "safe",
        "safe",
    ),
    "values that look like references": (
        {"enum": [{"$ref": "#/a"}]},
        {"enum": [{"$ref": "#/a"}, 1]},
        "safe",
        "breaking",
    ),
    "format for people": (S, {**S, "format": "password"}, "none", "none"),
    "encoding replaced": (
        {**S, "contentEncoding": "base64"},
        {**S, "contentEncoding": "base32"},
        "breaking",
        "breaking",
    ),
    "encoding removed": ({**S, "contentEncoding": "base64"}, S, "risky", "risky"),
    "encoding added": (S, {**S, "contentEncoding": "base64"}, "breaking", "risky"),
    "media type replaced": (
        {**S, "contentMediaType": "application/json"},
        {**S, "contentMediaType": "text/csv"},
        "breaking",
        "breaking",
    ),
    "byte to binary": ({**S, "format": "byte"}, {**S, "format": "binary"}, "risky", "risky"),
    "member of a base declared beside it, closed": (
        {"allOf": [obj(a=S)], **obj("", True, b=S)},
        {"allOf": [obj(a=S)], **obj("", True, a=S, b=S)},
        "safe",
        "breaking",
    ),
    "names restricted": (OBJECT, {**OBJECT, "propertyNames": {"maxLength": 3}}, "breaking", "safe"),
    "patterned members": (OBJECT, {**OBJECT, "patternProperties": {"_id$": N}}, "breaking", "safe"),
    "patterned members, closed": (
        {**OBJECT, "additionalProperties": False},
        {**OBJECT, "additionalProperties": False, "patternProperties": {"_id$": N}},
        "safe",
        "breaking",
    ),
    "contains": ({"type": "array"}, {"type": "array", "contains": S}, "breaking", "safe"),
    "contains twice": (
        {"type": "array", "contains": S},
        {"type": "array", "contains": S, "minContains": 2},
        "breaking",
        "safe",
    ),
    "prefix": ({"type": "array"}, {"type": "array", "prefixItems": [N]}, "breaking", "safe"),
    "unevaluated": (OBJECT, {**OBJECT, "unevaluatedProperties": N}, "breaking", "safe"),
    "dependent schema": (OBJECT, {**OBJECT, "dependentSchemas": {"a": {"required": ["b"]}}}, "breaking", "safe"),
    "condition": (OBJECT, {**OBJECT, "if": {"required": ["a"]}, "then": {"required": ["b"]}}, "breaking", "safe"),
    "promised member without a schema": (obj("a", a=S), {**OBJECT, "required": ["a"]}, "risky", "breaking"),
    "readOnly required": (obj(a=S), obj("a id", a=S, id=READ), "breaking", "safe"),
    "readOnly gone": (obj(id=READ), obj(), "safe", "risky"),
    "readOnly replaced": (obj(id=READ), obj(id={**N, "readOnly": True}), "safe", "breaking"),
    "no longer readOnly, required": (obj("id", id=READ), obj("id", id=S), "breaking", "none"),
    "writeOnly required": (obj(a=WRITE), obj("a", a=WRITE), "breaking", "safe"),
    "required became writeOnly": (obj("a", a=S), obj("a", a=WRITE), "none", "breaking"),
    "writeOnly in a closed object": (obj(closed=True), obj(closed=True, p=WRITE), "safe", "safe"),
    "readOnly by a wrapper": (
        obj(id={"allOf": [S], "readOnly": True}),
        obj("id", id={"allOf": [S], "readOnly": True}),
        "safe",
        "safe",
    ),
    "pattern of everything": (S, {**S, "pattern": "^.*$"}, "none", "none"),
    "steps in decimals": (
        {"type": "number", "multipleOf": 0.01},
        {"type": "number", "multipleOf": 0.1},
        "breaking",
        "safe",
    ),
    "allOf flattened": ({"allOf": [obj("a", a=S), obj(b=N)]}, obj("a", a=S, b=N), "none", "none"),
    "null by type or variant": ({"type": ["string", "null"]}, {"oneOf": [S, {"type": "null"}]}, "none", "none"),
    "bounds of integers": ({**N, "exclusiveMaximum": 10}, {**N, "maximum": 9}, "none", "none"),
    "discriminator of another form": ({**OBJECT, "discriminator": "kind"}, OBJECT, "none", "none"),
    "overlap removed": ({"anyOf": [S, AB]}, {"anyOf": [S]}, "none", "none"),
    "pattern of words": ({**S, "pattern": "^(a|b)$"}, AB, "none", "none"),
    "pattern of more words": ({**S, "pattern": "^(a|b|c)$"}, AB, "breaking", "safe"),
    "group with a name": ({**S, "pattern": "^(?<word>a|b)$"}, {**S, "pattern": "^(a|b)$"}, "none", "none"),
    "another pattern of names": (
        {**OBJECT, "patternProperties": {"^x-": S}, "additionalProperties": False},
        {**OBJECT, "patternProperties": {"^x-": S, "^y-": S}, "additionalProperties": False},
        "safe",
        "breaking",
    ),
    "pattern of fewer names": (
        {**OBJECT, "patternProperties": {"^x": S}},
        {**OBJECT, "patternProperties": {"^x-": S}},
        "safe",
        "breaking",
    ),
    "pattern of fewer names, of another type": (
        {**OBJECT, "patternProperties": {"^x": S}},
        {**OBJECT, "patternProperties": {"^x-": N}},
        "breaking",
        "breaking",
    ),
    "fewer are counted": (
        {"type": "array", "contains": S, "minContains": 0, "maxContains": 1},
        {"type": "array", "contains": {**S, "minLength": 1}, "minContains": 0, "maxContains": 1},
        "safe",
        "breaking",
    ),
    "declared like all others": (
        {**OBJECT, "additionalProperties": S},
        {**obj(a=S), "additionalProperties": S},
        "none",
        "none",
    ),
    "declared unlike all others": (
        {**OBJECT, "additionalProperties": {"const": 1}},
        {**OBJECT, "properties": {"a": {"const": True}}, "additionalProperties": {"const": 1}},
        "breaking",
        "breaking",
    ),
    "email of the world": ({**S, "format": "email"}, {**S, "format": "idn-email"}, "safe", "breaking"),
}


@pytest.mark.parametrize(("old", "new", "sent", "answered"), SCHEMAS.values(), ids=SCHEMAS)
def test_schema_is_judged_by_the_values_of_its_direction(old: Any, new: Any, sent: str, answered: str) -> None:
    assert (worst(request(old), request(new)), worst(response(old), response(new))) == (
        sent,
        answered,
    )


def header(schema: Schema) -> Schema:
    return answer(headers={"X-Limit": {"required": True, "schema": schema}})


def with_servers(*urls: str, **variables: Schema) -> Schema:
    return {**document({"/a": GET}), "servers": [{"url": url, "variables": variables} for url in urls]}


def secured(*names: str, **schemes: Schema) -> Schema:
    return document({"/a": GET}, {"securitySchemes": schemes}, security=[{name: []} for name in names])


def hook(schema: Schema, kind: str = "application/json", **members: Any) -> Schema:
    sent = {
        "post": {"requestBody": {"content": media(schema, kind)}, "responses": {"200": {"description": "D"}}, **members}
    }
    return document({"/a": GET}, webhooks={"done": sent})


def statuses(**schemas: Schema) -> Schema:
    named = {name.removeprefix("s"): {"description": "D", "content": media(schema)} for name, schema in schemas.items()}
    return operation(responses=named)


def taking(kind: str, schema: Schema = AB) -> Schema:
    return body(required=True, content=media(schema, kind))


def giving(*kinds: str) -> Schema:
    return answer(content={kind: {"schema": S} for kind in kinds})


DOCUMENTS: dict[str, tuple[Schema, Schema, str]] = {
    "header to a free string": (header(S), header(B), "safe"),
    "header from an integer": (header(N), header(S), "breaking"),
    "query to a string": (query(), query(schema=S), "safe"),
    "query from a string": (query(schema=S), query(), "breaking"),
    "query to a list": (query(schema=S), query(schema=LIST), "safe"),
    "query to a list of two": (query(schema=S), query(schema={**LIST, "minItems": 2}), "breaking"),
    "query from a list": (query(schema=LIST), query(schema=S), "breaking"),
    "query to words": (query(schema={**N, "enum": [1, 2]}), query(schema={**S, "enum": ["1", "2", "3"]}), "safe"),
    "query to other words": (query(schema={**N, "enum": [1, 2]}), query(schema={**S, "enum": ["1", "3"]}), "breaking"),
    "reserved characters refused": (query(schema=S, allowReserved=True), query(schema=S), "breaking"),
    "style of a list": (query(schema=LIST), query(schema=LIST, style="pipeDelimited"), "breaking"),
    "ignored header": (operation(), query(**{"name": "Accept", "in": "header", "required": True}), "none"),
    "vendor's case": (taking("application/VND.a+json"), taking("application/vnd.a+json;charset=UTF-8"), "none"),
    "request type by a range": (taking("application/json"), taking("application/*"), "safe"),
    "request range narrowed": (taking("application/*"), taking("application/json"), "breaking"),
    "response type within a range": (giving("image/*"), giving("image/png"), "none"),
    "response type widened": (giving("image/png"), giving("image/*"), "risky"),
    "version of a type": (taking("application/json;version=1"), taking("application/json;version=2"), "breaking"),
    "key in another place": (secured("a", a=KEY), secured("a", a={**KEY, "in": "query"}), "breaking"),
    "renamed scheme": (secured("a", a=BEARER), secured("b", b={**BEARER, "scheme": "Bearer"}), "none"),
    "another scheme as well": (secured("a", a=BEARER), secured("a", "b", a=BEARER, b=KEY), "safe"),
    "unused scheme": (secured("a", a=BEARER, b=KEY), secured("a", a=BEARER, b=BEARER), "none"),
    "server gone": (with_servers("https://a.test", "https://b.test"), with_servers("https://a.test"), "breaking"),
    "server added": (with_servers("https://a.test"), with_servers("https://a.test", "https://b.test"), "safe"),
    "server in other words": (with_servers("https://a.test/v1/"), with_servers("HTTPS://A.test:443/v1"), "none"),
    "server's value gone": (
        with_servers("https://{r}.test", r={"default": "a", "enum": ["a", "b"]}),
        with_servers("https://{r}.test", r={"default": "a", "enum": ["a"]}),
        "breaking",
    ),
    "range to a status": (statuses(s2XX=AB), statuses(s200=AB), "safe"),
    "status to a range, other schema": (statuses(s200=AB), statuses(s2XX=ABC), "breaking"),
    "named as default said": (statuses(s200=S, default=AB), statuses(s200=S, default=AB, s404=AB), "none"),
    "within a range": (statuses(s200=S, s4XX=AB), statuses(s200=S, s4XX=AB, s404=ABC), "breaking"),
    "error falls to default": (
        statuses(s200=S, s404=AB, default=N),
        statuses(s200=S, default=N),
        "breaking",
    ),
    "payload limited": (hook(S), hook(AB), "safe"),
    "payload widened": (hook(AB), hook(S), "breaking"),
    "payload of another type": (hook(S), hook(S, "text/csv"), "breaking"),
    "payload's field added": (hook(obj(a=S)), hook(obj("b", a=S, b=S)), "safe"),
    "webhook gone": (hook(S), document({"/a": GET}), "breaking"),
    "webhook added": (document({"/a": GET}), hook(S), "safe"),
    "callback's payload": (
        operation(callbacks={"done": {"{$url}": {"post": {"requestBody": {"content": media(AB)}, "responses": {}}}}}),
        operation(callbacks={"done": {"{$url}": {"post": {"requestBody": {"content": media(ABC)}, "responses": {}}}}}),
        "breaking",
    ),
    "path item without operations": (document({"/a": GET, "/b": {"summary": "S"}}), document({"/a": GET}), "none"),
}


@pytest.mark.parametrize(("old", "new", "expected"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_document_is_judged_by_what_callers_and_subscribers_notice(old: Schema, new: Schema, expected: str) -> None:
    assert worst(old, new) == expected
