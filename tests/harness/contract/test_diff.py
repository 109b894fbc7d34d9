"""Each kind of change of a contract has its rule, and no other change is reported."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from gate.contract.diff import compare
from gate.contract.diff.rules import SEVERITIES, Direction, Rule, SchemaRule, rules
from tests.harness.support.documents import (
    AB,
    ABC,
    GET,
    KEY,
    NONE,
    N,
    S,
    Schema,
    answer,
    body,
    changes,
    document,
    media,
    obj,
    operation,
    query,
    request,
    response,
)

LIST: Schema = {"type": "array", "items": N}

OPERATIONS: dict[str, tuple[Schema, Schema, str]] = {
    "path removed": (document({"/a": GET}), document({}), "001 breaking"),
    "path added": (document({}), document({"/a": GET}), "002 safe"),
    "operation removed": (document({"/a": {**GET, "put": GET["get"]}}), document({"/a": GET}), "003 breaking"),
    "operation added": (document({"/a": GET}), document({"/a": {**GET, "put": GET["get"]}}), "004 safe"),
    "operationId changed": (operation(operationId="a"), operation(operationId="b"), "005 risky"),
    "security asked for": (NONE, operation(security=KEY), "006 breaking"),
    "security of the root": (document({"/a": GET}), document({"/a": GET}, security=KEY), "006 breaking"),
    "security alternative": (operation(security=KEY), operation(security=[*KEY, {"other": []}]), "007 safe"),
    "security scope": (operation(security=[{"o": ["r"]}]), operation(security=[{"o": ["r", "w"]}]), "006 breaking"),
    "security scheme": (
        document(
            {"/a": GET}, {"securitySchemes": {"key": {"type": "apiKey", "name": "a", "in": "header"}}}, security=KEY
        ),
        document(
            {"/a": GET}, {"securitySchemes": {"key": {"type": "apiKey", "name": "b", "in": "header"}}}, security=KEY
        ),
        "006 breaking",
    ),
    "deprecated": (NONE, operation(deprecated=True), "009 safe"),
    "required parameter": (NONE, query(required=True), "010 breaking"),
    "optional parameter": (NONE, query(), "011 safe"),
    "parameter removed": (query(), NONE, "012 breaking"),
    "parameter elsewhere": (query(), query(**{"in": "header"}), "012 breaking, 011 safe"),
    "parameter required": (query(), query(required=True), "013 breaking"),
    "parameter optional": (query(required=True), query(), "014 safe"),
    "parameter of the path item": (
        document({"/a": {"parameters": [{"name": "q", "in": "query", "schema": N}], **GET}}),
        document({"/a": {"parameters": [{"name": "q", "in": "query", "schema": {"type": "boolean"}}], **GET}}),
        "103 breaking",
    ),
    "path parameter renamed": (
        document({"/a/{x}": {"parameters": [{"name": "x", "in": "path", "required": True, "schema": S}], **GET}}),
        document({"/a/{y}": {"parameters": [{"name": "y", "in": "path", "required": True, "schema": S}], **GET}}),
        "015 safe",
    ),
    "parameter style": (query(schema=LIST), query(schema=LIST, explode=False), "016 breaking"),
    "style of a scalar": (query(), query(explode=False), ""),
    "style spelt out": (query(), query(style="form", explode=True), ""),
    "required body": (NONE, body(required=True), "020 breaking"),
    "optional body": (NONE, body(), "021 safe"),
    "body removed": (body(), NONE, "022 breaking"),
    "body required": (body(), body(required=True), "023 breaking"),
    "body optional": (body(required=True), body(), "024 safe"),
    "request type replaced": (body(), body(content=media({"type": "object"}, "text/csv")), "025 breaking, 026 safe"),
    "success removed": (answer("202"), answer(), "030 breaking"),
    "success added": (answer(), answer("202"), "031 risky"),
    "error removed": (answer("409"), answer(), "032 safe"),
    "error added": (answer(), answer("409"), "033 risky"),
    "response type replaced": (
        answer(content=media(S)),
        answer(content=media(S, "text/plain")),
        "034 breaking, 035 risky",
    ),
    "required header removed": (answer(headers={"A": {"required": True}}), answer(), "036 breaking"),
    "optional header removed": (answer(headers={"A": {}}), answer(), "037 risky"),
    "header optional": (answer(headers={"A": {"required": True}}), answer(headers={"a": {}}), "038 breaking"),
    "header required": (answer(headers={"A": {}}), answer(headers={"A": {"required": True}}), "039 safe"),
    "header added": (answer(), answer(headers={"A": {}}), "040 safe"),
    "header schema": (answer(headers={"A": {"schema": N}}), answer(headers={"A": {"schema": S}}), "203 breaking"),
    "link removed": (answer(links={"L": {"operationId": "a"}}), answer(), "041 risky"),
    "link changed": (answer(links={"L": {"operationId": "a"}}), answer(links={"L": {"operationId": "b"}}), "042 risky"),
    "link added": (answer(), answer(links={"L": {"operationId": "a"}}), "043 safe"),
    "extension": (document({}, **{"x-words": {"a": ["b"]}}), document({}, **{"x-words": {"a": ["c"]}}), "050 risky"),
    "callback": (NONE, operation(callbacks={"done": {"{$url}": GET}}), "051 risky"),
    "texts, examples, tags": (
        query(description="D"),
        {**query(description="E", example=3), "tags": [{"name": "t"}]},
        "",
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), OPERATIONS.values(), ids=OPERATIONS)
def test_each_change_outside_the_schemas_has_its_rule_and_severity(old: Schema, new: Schema, expected: str) -> None:
    assert ", ".join(f"{rule} {severity}" for rule, severity, _ in changes(old, new)) == expected


# The rule of each change of a schema, for a request body and for a response body.
SCHEMAS: dict[str, tuple[Any, Any, str, str]] = {
    "type narrowed": ({"type": ["string", "integer"]}, S, "101 breaking", "201 safe"),
    "type widened": (N, {"type": "number"}, "102 safe", "202 breaking"),
    "type replaced": (S, N, "103 breaking", "203 breaking"),
    "null refused": ({"type": ["string", "null"]}, S, "104 breaking", "204 safe"),
    "null allowed": (S, {"type": ["string", "null"]}, "105 safe", "205 breaking"),
    "null by anyOf": (S, {"anyOf": [S, {"type": "null"}]}, "105 safe", "205 breaking"),
    "null in an enum": (AB, {"type": ["string", "null"], "enum": ["a", "b", None]}, "105 safe", "205 breaking"),
    "value removed": (ABC, AB, "106 breaking", "206 safe"),
    "value added": (AB, ABC, "107 safe", "207 breaking"),
    "const replaced": ({"const": "a"}, {"const": "b"}, "106 breaking, 107 safe", "207 breaking, 206 safe"),
    "values limited": (S, AB, "108 breaking", "208 safe"),
    "values not limited": (AB, S, "109 safe", "209 breaking"),
    "member required": (obj(a=S), obj("a", a=S), "110 breaking", "210 safe"),
    "member optional": (obj("a", a=S), obj(a=S), "111 safe", "211 breaking"),
    "required member added": (obj(), obj("a", a=S), "112 breaking", "214 safe"),
    "required member added, closed": (obj(closed=True), obj("a", True, a=S), "112 breaking", "213 breaking"),
    "member added, closed": (obj(closed=True), obj(closed=True, a=S), "113 safe", "213 breaking"),
    "member added, open": (obj(), obj(a=S), "114 risky", "214 safe"),
    "any member added, open": (obj(), obj(a=True), "", ""),
    "member removed, closed": (obj(closed=True, a=S), obj(closed=True), "115 breaking", "215 safe"),
    "member removed, open": (obj(a=S), obj(), "116 risky", "216 risky"),
    "required member removed": (obj("a", True, a=S), obj(closed=True), "117 breaking", "217 breaking"),
    "length tightened": ({**S, "maxLength": 9}, {**S, "maxLength": 8}, "118 breaking", "218 safe"),
    "items loosened": ({"type": "array", "minItems": 2}, {"type": "array"}, "119 safe", "219 breaking"),
    "limit exclusive": ({**N, "minimum": 0}, {**N, "exclusiveMinimum": 0}, "118 breaking", "218 safe"),
    "limit spelt otherwise": ({**N, "minimum": 1}, {**N, "exclusiveMinimum": 0}, "", ""),
    "multiple": ({**N, "multipleOf": 4}, {**N, "multipleOf": 2}, "119 safe", "219 breaking"),
    "unique": ({"type": "array"}, {"type": "array", "uniqueItems": True}, "118 breaking", "218 safe"),
    "pattern added": (S, {**S, "pattern": "^a"}, "120 breaking", "220 safe"),
    "pattern removed": ({**S, "pattern": "^a"}, S, "121 safe", "221 breaking"),
    "pattern within another": ({**S, "pattern": "^a+b"}, {**S, "pattern": "^a*b"}, "121 safe", "221 breaking"),
    "pattern changed": ({**S, "pattern": "^(?!a)b"}, {**S, "pattern": "^(?!c)b"}, "122 unknown", "222 unknown"),
    "format added": (S, {**S, "format": "uuid"}, "123 breaking", "223 safe"),
    "format removed": ({**S, "format": "uuid"}, S, "124 safe", "224 breaking"),
    "format nobody knows": (S, {**S, "format": "beacon"}, "125 unknown", "223 safe"),
    "closed": (obj(a=S), obj(closed=True, a=S), "126 breaking", "226 safe"),
    "opened": (obj(closed=True, a=S), obj(a=S), "127 safe", "227 breaking"),
    "variant removed": ({"anyOf": [S, N]}, {"anyOf": [S]}, "128 breaking", "228 safe"),
    "variant added": ({"oneOf": [S, N]}, {"oneOf": [S, N, {"type": "boolean"}]}, "129 safe", "229 breaking"),
    "overlapping variant": (
        {"oneOf": [{"type": "object", "required": ["a"]}, N]},
        {"oneOf": [{"type": "object", "required": ["a"]}, N, {"type": "object", "required": ["b"]}]},
        "132 breaking, 129 safe",
        "229 breaking",
    ),
    "inside a variant": (
        {"anyOf": [obj("k", k={"const": "a"}, v=AB), obj("k", k={"const": "b"}, v=S)]},
        {"anyOf": [obj("k", k={"const": "b"}, v=S), obj("k", k={"const": "a"}, v=ABC)]},
        "107 safe",
        "207 breaking",
    ),
    "condition gone": ({"allOf": [S, {"minLength": 1}]}, {"allOf": [S]}, "131 safe", "231 breaking"),
    "condition added": ({"allOf": [S]}, {"allOf": [S, {"minLength": 1}]}, "130 breaking", "230 safe"),
    "accepts less": (
        {"type": "object", "dependentRequired": {"a": ["b"]}},
        {"type": "object", "dependentRequired": {"a": ["b", "c"]}},
        "132 breaking",
        "232 safe",
    ),
    "accepts more": ({**S, "not": {"const": "a"}}, S, "133 safe", "233 breaking"),
    "condition tightened": (
        {"if": {"required": ["a"]}, "then": {"properties": {"a": S}}},
        {"if": {"required": ["a"]}, "then": {"properties": {"a": AB}}},
        "132 breaking",
        "232 safe",
    ),
    "default": ({**N, "default": 1}, {**N, "default": 2}, "135 risky", ""),
    "write only": (obj(a=S), obj(a={**S, "writeOnly": True}), "", "236 risky"),
    "map values": (
        {"type": "object", "additionalProperties": N},
        {"type": "object", "additionalProperties": S},
        "103 breaking",
        "203 breaking",
    ),
    "items": ({"type": "array", "items": AB}, {"type": "array", "items": ABC}, "107 safe", "207 breaking"),
    "same values, said otherwise": (AB, {"anyOf": [{"const": "a"}, {"const": "b"}]}, "", ""),
    "refused anyway": (
        {"allOf": [AB, {"type": "string", "enum": ["a", "c"]}]},
        {"allOf": [{"const": "a"}, {"type": "string", "enum": ["a", "c"]}]},
        "",
        "",
    ),
    "texts": (obj(a=S), {**obj(a={**S, "title": "T", "examples": ["x"]}), "description": "D"}, "", ""),
    "member named title": (obj("title", title=S), obj(title=S), "111 safe", "211 breaking"),
}


@pytest.mark.parametrize(("old", "new", "sent", "answered"), SCHEMAS.values(), ids=SCHEMAS)
def test_each_change_of_a_schema_has_the_rule_and_severity_of_its_direction(
    old: Any, new: Any, sent: str, answered: str
) -> None:
    for where, expected in ((request, sent), (response, answered)):
        reported = [f"{rule} {severity}" for rule, severity, _ in changes(where(old), where(new))]
        assert ", ".join(reported) == expected


def test_schema_has_no_change_against_its_copy() -> None:
    for old, new, *_ in SCHEMAS.values():
        assert changes(request(old), request(copy.deepcopy(old))) == []
        assert changes(response(new), response(copy.deepcopy(new))) == []


def test_pointer_names_the_smallest_place() -> None:
    """The pointer leads through members and items to the keyword that changed."""
    old, new = (response(obj(rows={"type": "array", "items": obj(status=schema)})) for schema in (AB, ABC))
    schema = "/paths/~1things/post/responses/200/content/application~1json/schema"
    place = f"{schema}/properties/rows/items/properties/status/enum"
    assert changes(old, new) == [("207", "breaking", place)]
    [change] = compare(old, new)
    assert (change.text, change.old, change.new) == ('value added: "c"', ["a", "b"], ["a", "b", "c"])
    assert str(change.where) == "POST /things, response 200, application/json"


def test_edit_of_a_shared_component_is_one_change() -> None:
    """A component that several places refer to is named once for each direction, with all of the places."""
    ref = {"$ref": "#/components/schemas/Word"}
    old, new = (response(obj(a=ref, b=ref), Word=schema) for schema in (ABC, AB))
    for version in (old, new):
        version["paths"]["/more"] = {"post": {"requestBody": {"content": media(ref)}, "responses": {}}}
    sent, answered = compare(old, new)
    assert (sent.rule, sent.where.operation) == ("BG-DIFF-106", "POST /more")
    assert (answered.rule, answered.where.pointer) == ("BG-DIFF-206", "/components/schemas/Word/enum")


def test_cycle_of_references_is_compared_once() -> None:
    ref = {"$ref": "#/components/schemas/Tree"}
    old, new = (response(ref, Tree=obj(value=schema, next=ref)) for schema in (AB, ABC))
    assert changes(old, new) == [("207", "breaking", "/components/schemas/Tree/properties/value/enum")]


def shared(leaf: Schema, keyword: str) -> Schema:
    """Components that each refer twice to the next, so that a copy for each place would be one of 2**24."""

    def branches(reference: Schema) -> Schema:
        if keyword == "properties":
            return obj("a b", a=reference, b=reference)
        return {keyword: [obj("kind", kind={"const": kind}, a=reference) for kind in ("a", "b")]}

    below = {f"C{level}": branches({"$ref": f"#/components/schemas/C{level + 1}"}) for level in range(24)}
    return {**below, "C24": leaf}


@pytest.mark.parametrize("keyword", ["properties", "anyOf", "oneOf"])
def test_shared_component_is_compared_once(keyword: str) -> None:
    old, new = shared(S, keyword), shared({**S, "description": "D", "minLength": 0}, keyword)
    first = {"$ref": "#/components/schemas/C0"}
    assert changes(request(first, **old), request({"allOf": [first], "minProperties": 0}, **new)) == []
    [change] = compare(request(first, **shared({**S, "maxLength": 3}, keyword)), request(first, **old))
    assert (change.severity, change.where.pointer) == ("safe", "/components/schemas/C24/maxLength")


def test_reference_in_place_of_the_same_schema_is_no_change() -> None:
    """Naming a schema, or wrapping its name in allOf, changes nothing."""
    ref = {"$ref": "#/components/schemas/Word"}
    assert changes(response(AB, Word=AB), response(ref, Word=AB)) == []
    assert changes(response(ref, Word=AB), response({"allOf": [ref], "description": "D"}, Word=AB)) == []


def test_change_behind_a_reference_in_a_condition_is_seen() -> None:
    """Keywords that are compared as a whole are compared with what they refer to."""
    ref = {"$ref": "#/components/schemas/Word"}
    old, new = (request({"not": obj("title", title=ref)}, Word=schema) for schema in (AB, ABC))
    assert [(rule, severity) for rule, severity, _ in changes(old, new)] == [("132", "breaking")]


def test_each_rule_in_the_code_stands_in_the_table() -> None:
    """Every rule in the code stands in the table and the other way round, but for two that have no direction."""
    named = {rule.code for rule in Rule} | {rule.code(way) for rule in SchemaRule for way in Direction}
    assert named - rules().keys() == {"BG-DIFF-212", "BG-DIFF-235"}
    assert rules().keys() <= named
    assert {rule.severity for rule in rules().values()} == set(SEVERITIES)
    assert list(rules()) == sorted(rules())


@pytest.mark.parametrize("code", rules())
def test_example_of_a_rule_is_reported_by_it(code: str) -> None:
    """The way back is not, except of changes that have the same name both ways; a copy never is."""
    before, after = (json.loads(text) for text in (rules()[code].before, rules()[code].after))
    around = {"1": request, "2": response}.get(code.removeprefix("BG-DIFF-")[0])
    old, new = (around(side) if around else {**document({}), **side} for side in (before, after))
    assert code in {change.rule for change in compare(old, new)}
    assert code in BOTH_WAYS or code not in {change.rule for change in compare(new, old)}
    assert compare(old, copy.deepcopy(old)) == []


BOTH_WAYS = {
    f"BG-DIFF-{number:03}" for number in (5, 8, 9, 15, 27, 42, 44, 50, 51, 54, 103, 122, 134, 135, 137, 203, 222, 234)
}
