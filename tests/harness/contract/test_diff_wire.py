"""The worst severity of a change of what is written on the wire: XML, forms, headers, links, addresses, bodies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.support.documents import (
    AB,
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
LIST: Schema = {"type": "array", "items": S}
JSON, XML, MIXED, PARTS = "application/json", "application/xml", "multipart/mixed", "multipart/form-data"
FORM, OCTETS = "application/x-www-form-urlencoded", "application/octet-stream"


def xml(schema: Schema = S, **words: Any) -> Schema:
    return body(content=media({"type": "object", "properties": {"a": {**schema, "xml": words}}}, XML))


def part(kind: str, schema: Schema = OBJECT, **encoding: Any) -> Schema:
    return body(content={kind: {"schema": obj(a=schema), "encoding": {"a": encoding}}})


def headed(**header: Any) -> Schema:
    return answer(headers={"X-A": {"schema": OBJECT, **header}})


def linked(**members: Any) -> Schema:
    there = {"get": {"operationId": "see", "parameters": [{"name": "id", "in": "path", "required": True}]}}
    here = {"post": {"responses": {"200": {"description": "D", "links": {"L": members}}}}}
    return document({"/things": here, "/things/{id}": there})


def called(*names: str, url: str = "{$request.body#/url}") -> Schema:
    return operation(callbacks={name: {url: {"post": {"responses": {}}}} for name in names})


def served(*urls: str, path: str = "/a") -> Schema:
    return {**document({path: GET}), "servers": [{"url": url} for url in urls]}


def bodiless(method: str, status: str, schema: Schema) -> Schema:
    return document({"/a": {method: {"responses": {status: {"description": "D", "content": media(schema)}}}}})


def granted(**flows: Schema) -> Schema:
    schemes = {"o": {"type": "oauth2", "flows": {name: {"tokenUrl": "/t", "scopes": {}} for name in flows}}}
    return document({"/a": GET}, {"securitySchemes": schemes}, security=[{"o": []}])


ID = {"id": "$response.body#/id"}
SEE = "#/paths/~1things~1{id}/get"

KINDS: dict[str, tuple[Schema, Schema, str]] = {
    "element renamed": (xml(), xml(name="b"), "breaking"),
    "element named as before": (xml(), xml(name="a"), "none"),
    "element to attribute": (xml(), xml(attribute=True), "breaking"),
    "list wrapped": (xml(LIST), xml(LIST, wrapped=True), "breaking"),
    "name of a list without an element": (xml(LIST), xml(LIST, name="b"), "none"),
    "namespace": (xml(namespace="urn:a"), xml(namespace="urn:b"), "breaking"),
    "prefix": (xml(namespace="urn:a", prefix="p"), xml(namespace="urn:a", prefix="q"), "none"),
    "xml of JSON": (request({**OBJECT, "xml": {"name": "a"}}), request({**OBJECT, "xml": {"name": "b"}}), "none"),
    "part of another type": (
        part(MIXED, contentType="application/json"),
        part(MIXED, contentType="application/xml"),
        "breaking",
    ),
    "member of a form of another type": (part(FORM), part(FORM, contentType="text/csv"), "breaking"),
    "member of a form of its own type": (part(FORM), part(FORM, contentType="application/json"), "none"),
    "header of a part limited": (
        part(MIXED, headers={"A": {"schema": S}}),
        part(MIXED, headers={"A": {"schema": AB}}),
        "breaking",
    ),
    "number in a part that is JSON": (part(PARTS, obj(n=N)), part(PARTS, obj(n=S)), "breaking"),
    "number in a list of parts that are JSON": (
        part(PARTS, {**LIST, "items": obj(n=N)}),
        part(PARTS, {**LIST, "items": obj(n=S)}),
        "breaking",
    ),
    "number in a member that is written as JSON": (
        part(FORM, obj(n=N), contentType=JSON),
        part(FORM, obj(n=S), contentType=JSON),
        "breaking",
    ),
    "number of 32 bits to a text that holds it": (
        query(schema={**N, "format": "int32"}),
        query(schema={**S, "maxLength": 11}),
        "safe",
    ),
    "number of 32 bits to a shorter text": (
        query(schema={**N, "format": "int32"}),
        query(schema={**S, "maxLength": 10}),
        "breaking",
    ),
    "digit to a pattern of it": (
        query(schema={**N, "minimum": 0, "maximum": 9}),
        query(schema={**S, "pattern": "^[0-9]$"}),
        "safe",
    ),
    "digits to a pattern of one": (
        query(schema={**N, "minimum": 0, "maximum": 10}),
        query(schema={**S, "pattern": "^[0-9]$"}),
        "breaking",
    ),
    "number or word to a text": (query(schema={"anyOf": [N, AB]}), query(schema=S), "safe"),
    "number that is a part": (part(PARTS, N), part(PARTS, S), "safe"),
    "numbers that are parts": (part(PARTS, {**LIST, "items": N}), part(PARTS, LIST), "safe"),
    "header of an object": (headed(), headed(explode=True), "breaking"),
    "header of a list": (headed(schema=LIST), headed(schema=LIST, explode=True), "none"),
    "stricter type beside its range": (
        body(content=media(OBJECT, "application/*")),
        body(content={**media(OBJECT, "application/*"), **media(obj("a", a=S))}),
        "breaking",
    ),
    "charset replaced": (
        body(content=media(S, "text/plain;charset=utf-16")),
        body(content=media(S, "text/plain;charset=utf-8")),
        "breaking",
    ),
    "octets in the words of 3.0": (
        body(content=media({**S, "format": "binary"}, OCTETS)),
        body(content={OCTETS: {}}),
        "none",
    ),
    "octets that are limited": (
        body(content=media({**S, "format": "binary"}, OCTETS)),
        body(content=media({**S, "maxLength": 9}, OCTETS)),
        "breaking",
    ),
    "body of 204": (bodiless("get", "204", AB), bodiless("get", "204", N), "none"),
    "body for HEAD": (bodiless("head", "200", AB), bodiless("head", "200", N), "none"),
    "body for GET": (bodiless("get", "200", AB), bodiless("get", "200", N), "breaking"),
    "reserved characters of a number": (query(allowReserved=True), query(), "none"),
    "reserved characters of words": (query(schema=AB, allowReserved=True), query(schema=AB), "none"),
    "reserved characters of a text": (query(schema=S, allowReserved=True), query(schema=S), "breaking"),
    "link by reference": (linked(operationId="see", parameters=ID), linked(operationRef=SEE, parameters=ID), "none"),
    "link by encoded reference": (
        linked(operationRef=SEE),
        linked(operationRef=SEE.replace("{id}", "%7Bid%7D")),
        "none",
    ),
    "parameter of a link in full": (
        linked(operationId="see", parameters=ID),
        linked(operationId="see", parameters={"path.id": ID["id"]}),
        "none",
    ),
    "link elsewhere": (linked(operationRef=SEE), linked(operationRef="#/paths/~1things/post"), "risky"),
    "text of a link": (linked(operationId="see"), linked(operationId="see", description="D"), "none"),
    "callback renamed": (called("done"), called("finished"), "safe"),
    "callback to another address": (called("done"), called("finished", url="{$request.body#/to}"), "breaking"),
    "server's variable renamed": (served("https://{a}.test"), served("https://{b}.test"), "none"),
    "server covered by a variable": (served("https://a.test"), served("https://{b}.test"), "safe"),
    "server no longer variable": (served("https://{b}.test"), served("https://a.test"), "breaking"),
    "server's base into the path": (served("https://a.test/v1"), served("https://a.test", path="/v1/a"), "none"),
    "path into the server's base": (served("/", path="/v1/a"), served("/v1"), "none"),
    "server's base and another path": (served("/v1"), served("/", path="/v2/a"), "breaking"),
    "text of a link's server": (
        linked(operationId="see", server={"url": "/a"}),
        linked(operationId="see", server={"url": "/a", "description": "D"}),
        "none",
    ),
    "link to another server": (
        linked(operationId="see", server={"url": "/a"}),
        linked(operationId="see", server={"url": "/b"}),
        "risky",
    ),
    "flow of a token added": (granted(password={}), granted(password={}, clientCredentials={}), "safe"),
    "keywords of other types": (request({**obj(a=S), **N}), request(N), "none"),
    "member in another condition": (
        request({"allOf": [obj(a=S), obj(b=N)]}),
        request({"allOf": [obj(), obj(a=S, b=N)]}),
        "none",
    ),
    "member in a closed whole": (
        response({"allOf": [obj(a=S)], "unevaluatedProperties": False}),
        response({"allOf": [obj(a=S, b=N)], "unevaluatedProperties": False}),
        "breaking",
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), KINDS.values(), ids=KINDS)
def test_change_is_judged_by_what_is_on_the_wire(old: Schema, new: Schema, expected: str) -> None:
    assert worst(old, new) == expected
