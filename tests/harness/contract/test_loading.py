"""OpenAPI documents of every kind come into one form, or are refused in one sentence."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from gate.contract.diff.compare import compare
from gate.contract.loading import load_openapi, parse
from gate.core.documents import load_text, parse_yaml
from gate.core.errors import DocumentError

ROOT = Path(__file__).parents[3]
HEAD = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}}
OPERATION = {"operationId": "a", "responses": {"200": {"description": "ok"}}}
LAUGHS = "".join(f"x-{n}: &l{n} {{{', '.join(f'k{k}: *l{n - 1}' for k in range(9))}}}\n" for n in range(1, 10))
SIMPLE = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"


def document(paths: Any = None, version: str = "3.1.0", **members: Any) -> dict[str, Any]:
    return {**HEAD, "openapi": version, "paths": paths or {"/a": {"get": OPERATION}}, **members}


def loaded(value: Any, path: Path = Path("openapi.json")) -> dict[str, Any]:
    return parse(json.dumps(value), path)


def schema(given: Any, version: str = "3.1.0") -> Any:
    """The schema after loading; B is a component that it may refer to."""
    components = {"schemas": {"A": given, "B": {"type": "string"}}}
    return loaded(document(version=version, components=components))["components"]["schemas"]["A"]


SAME = {
    "byte order mark": "\ufeff" + json.dumps(document()),
    "lines of Windows": json.dumps(document(), indent=1).replace("\n", "\r\n"),
    "escaped slash": json.dumps(document()).replace("/a", "\\/a"),
    "escaped characters": json.dumps(document({"/a": {"get": {**OPERATION, "summary": "😀 ö"}}})),
    "codes as integers": f"{SIMPLE}paths:\n  /a:\n"
    "    get: {operationId: a, responses: {200: {description: ok}}}\n",
    "merge key": f"{SIMPLE}x-c: &c {{description: ok}}\n"
    "paths: {/a: {get: {operationId: a, responses: {'200': {<<: *c}}}}}\n",
    "alias": f"{SIMPLE}paths:\n"
    "  /a: {get: {operationId: a, responses: {'200': &r {description: ok}, '404': *r}}}\n",
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_document_loads_however_it_is_written(text: str, name: str, tmp_path: Path) -> None:
    if name.endswith("json") and not text.lstrip("\ufeff").startswith("{"):
        return
    path = tmp_path / name
    path.write_bytes(text.encode())
    outcome = load_openapi(path)
    assert outcome["paths"]["/a"]["get"]["responses"]["200"] == {"description": "ok"}
    assert compare(outcome, load_openapi(path)) == []


def test_document_of_beacon_stays_as_it_is() -> None:
    path = ROOT / "contracts/openapi/runner.yaml"
    assert load_openapi(path) == parse_yaml(load_text(path), path)


WHOLE = {
    "webhooks alone": {**HEAD, "webhooks": {"w": {"post": OPERATION}}},
    "components alone": {**HEAD, "components": {}},
    "version with a suffix": document(version="3.0.4-rc1"),
    "no operationId": document({"/a": {"get": {"responses": {"200": {"description": "ok"}}}}}),
    "boolean schemas": document(components={"schemas": {"A": True, "B": {"items": False}}}),
    "names of members like keywords": document(
        components={
            "schemas": {"A": {"properties": {k: {"$ref": "#/components/schemas/A"} for k in ("$ref", "default")}}}
        }
    ),
    "link to a server, with a number": document(
        components={"links": {"L": {"operationId": "a", "server": {"url": "/"}, "parameters": {"limit": 1}}}}
    ),
    "every method": document({"/a": {m: {"responses": OPERATION["responses"]} for m in ("head", "options", "trace")}}),
    "recursion": document(components={"schemas": {"A": {"properties": {"next": {"$ref": "#/components/schemas/A"}}}}}),
}


@pytest.mark.parametrize("value", WHOLE.values(), ids=WHOLE)
def test_whole_document_loads(value: dict[str, Any]) -> None:
    outcome = loaded(value)
    assert compare(outcome, outcome) == []


REFUSED = {
    "empty": ("", "an OpenAPI document, which is a mapping"),
    "list": ("- a\n", "an OpenAPI document, which is a mapping"),
    "Swagger": ('swagger: "2.0"\ninfo: {}\npaths: {}\n', "not Swagger 2.0. Convert it: `npx swagger2openapi"),
    "Swagger as a number": ("swagger: 2.0\ninfo: {}\npaths: {}\n", "not Swagger 2.0. Convert it"),
    "3.2": ("openapi: 3.2.0\ninfo: {}\n", "not OpenAPI 3.2.0. Have its generator write 3.1"),
    "version as a number": ("openapi: 3.1\ninfo: {}\n", "a member openapi of 3.0.x or 3.1.x, in quotes, not 3.1"),
    "no version": ("info: {}\n", "a member openapi of 3.0.x or 3.1.x."),
    "nothing but a head": (SIMPLE, "a member paths, webhooks or components"),
    "3.0 without paths": (SIMPLE.replace("3.1.0", "3.0.0"), "the member paths"),
    "Norway": (f"{SIMPLE}paths: {{}}\nno: 1\n", "only with a name that begins with x-: not 'no'"),
    "path without a slash": (f"{SIMPLE}paths: {{a: {{}}}}\n", "at /paths (known members"),
    "parameter without a schema": (
        f"{SIMPLE}paths: {{/a: {{get: {{parameters: [{{name: a, in: query}}]}}}}}}\n",
        "at /paths/~1a/get/parameters/0 (a parameter has either schema or content)",
    ),
    "type that is none": (
        f"{SIMPLE}components: {{schemas: {{A: {{properties: {{schema: {{type: strin}}}}}}}}}}\n",
        "JSON Schema at /components/schemas/A/properties/schema/type",
    ),
    "other dialect": (
        f"{SIMPLE}components: {{schemas: {{A: {{$schema: 'http://json-schema.org/draft-07/schema#'}}}}}}\n",
        "JSON Schema 2020-12 at /components/schemas/A",
    ),
    "reference to nothing": (
        f"{SIMPLE}components: {{schemas: {{A: {{properties: {{default: {{$ref: '#/components/schemas/C'}}}}}}}}}}\n",
        "not '#/components/schemas/C'",
    ),
    "circle": (
        f"{SIMPLE}components:\n  schemas:\n"
        "    A: {$ref: '#/components/schemas/B'}\n    B: {$ref: '#/components/schemas/A'}\n",
        "no reference that leads only to itself",
    ),
    "circle through allOf": (
        f"{SIMPLE}components: {{schemas: {{A: {{allOf: [{{$ref: '#/components/schemas/A'}}]}}}}}}\n",
        "no reference that leads only to itself",
    ),
    "circle of paths": (f"{SIMPLE}paths: {{/a: {{$ref: '#/paths/~1b'}}, /b: {{$ref: '#/paths/~1a'}}}}\n", "to itself"),
    "network": (
        f"{SIMPLE}paths: {{/a: {{$ref: 'https://example.com/a.yaml'}}}}\n",
        "not to https://example.com/a.yaml, which is not fetched, at /paths/~1a",
    ),
    "outside": (f"{SIMPLE}paths: {{/a: {{$ref: '../a.yaml'}}}}\n", "within the document's directory, not '../a.yaml'"),
    "absent file": (f"{SIMPLE}paths: {{/a: {{$ref: 'absent.yaml'}}}}\n", "'absent.yaml' to be a file that can be read"),
    "aliases of aliases": (f"{SIMPLE}paths: {{}}\nx-0: &l0 {{a: 1}}\n{LAUGHS}", "with all that aliases stand for"),
    "alias of itself": (f"{SIMPLE}paths: {{}}\nx-a: &a\n  b: *a\n", ":5: expected no alias inside"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_document_is_refused_in_one_sentence(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(DocumentError) as refused:
        load_openapi(path)
    assert message in str(refused.value)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


PARAMETER = {"name": "id", "in": "path", "schema": {"type": "string"}}
READ: dict[str, tuple[Any, Any, str]] = {
    "response without a description": (
        {"responses": {"200": {}}},
        {"responses": {"200": {"description": ""}}},
        "a response without a description, at /paths/~1a~1{id}/get/responses/200",
    ),
    "path parameter that is not required": (
        {"parameters": [PARAMETER], **OPERATION},
        {"parameters": [{**PARAMETER, "required": True}], **OPERATION},
        "a path parameter that is not required",
    ),
    "keywords of Swagger": (
        {"parameters": [{"name": "a", "in": "query", "type": "integer"}], **OPERATION},
        {"parameters": [{"name": "a", "in": "query", "schema": {"type": "integer"}}], **OPERATION},
        "keywords of a schema outside of schema",
    ),
    "header with a name": (
        {"responses": {"200": {"description": "", "headers": {"A": {"name": "A", "schema": True}}}}},
        {"responses": {"200": {"description": "", "headers": {"A": {"schema": True}}}}},
        "name in a header",
    ),
    "response of nothing": ({"responses": {"200": None}}, {"responses": {"200": {"description": ""}}}, "without a"),
    "parameters as a mapping": (
        {"parameters": {"a": {"in": "query", "schema": True}}, **OPERATION},
        {"parameters": [{"name": "a", "in": "query", "schema": True}], **OPERATION},
        "parameters that are no list",
    ),
    "empty list": ({"responses": {"200": {"description": "", "content": []}}}, None, "an empty list in place of"),
    "text that is none": ({**OPERATION, "summary": 5}, {**OPERATION, "summary": "5"}, "summary that is no text"),
}
"""Operations with a fault, how they are read, and the warning."""


@pytest.mark.parametrize(("given", "expected", "warning"), READ.values(), ids=READ)
def test_small_fault_is_read_as_what_was_meant(given: Any, expected: Any, warning: str) -> None:
    warnings: list[str] = []
    outcome = parse(json.dumps(document({"/a/{id}": {"get": given}})), Path("a.json"), warn=warnings.append)
    assert len(warnings) == 1
    assert warning in warnings[0]
    if expected:
        assert outcome["paths"]["/a/{id}"]["get"] == expected


FAULTS_OF_SCHEMAS: dict[str, tuple[Any, Any]] = {
    "type in capital letters": ({"type": "String"}, {"type": "string"}),
    "type of a language": ({"type": "bool"}, {"type": "boolean"}),
    "type twice": ({"type": ["string", "string"]}, {"type": ["string"]}),
    "required as in draft 3": ({"type": "string", "required": True}, {"type": "string"}),
    "required twice": ({"required": ["a", "a"]}, {"required": ["a"]}),
    "flag as a text": ({"readOnly": "true"}, {"readOnly": True}),
    "size as a text": ({"maxLength": "5"}, {"maxLength": 5}),
    "discriminator as a text": ({"discriminator": "kind"}, {"discriminator": {"propertyName": "kind"}}),
    "members as an empty list": ({"properties": []}, {"properties": {}}),
    "member of nothing": ({"properties": {"a": None}}, {"properties": {"a": {}}}),
}


@pytest.mark.parametrize(("given", "expected"), FAULTS_OF_SCHEMAS.values(), ids=FAULTS_OF_SCHEMAS)
def test_small_fault_of_a_schema_is_read_as_what_was_meant(given: Any, expected: Any) -> None:
    assert schema(given) == expected


def test_second_operation_of_a_name_is_named_by_its_path() -> None:
    warnings: list[str] = []
    paths = {"/a": {"get": OPERATION, "put": OPERATION}}
    outcome = parse(json.dumps(document(paths)), Path("a.json"), warn=warnings.append)
    assert "operationId" not in outcome["paths"]["/a"]["put"]
    assert warnings == ["a.json: the operationId 'a' once more, at /paths/~1a/put"]


REPORTED: dict[str, tuple[dict[str, Any], str]] = {
    "parameter twice": (
        {"parameters": [{"name": "q", "in": "query", "schema": {}}, {"name": "q", "in": "query", "schema": {}}]},
        "the query parameter 'q' twice, of which the last counts, at /paths/~1a/get",
    ),
    "unknown scheme": (
        {"security": [{"nope": []}]},
        "a security scheme 'nope' that no component defines, as one of its own, at /paths/~1a/get",
    ),
}


@pytest.mark.parametrize(("members", "expected"), REPORTED.values(), ids=REPORTED)
def test_part_that_can_be_read_in_two_ways_is_reported(members: dict[str, Any], expected: str) -> None:
    warnings: list[str] = []
    paths = {"/a": {"get": {**OPERATION, **members}}}
    parse(json.dumps(document(paths)), Path("a.json"), warn=warnings.append)
    assert warnings == [f"a.json: {expected}"]


def test_people_only_part_of_a_document_in_a_wrong_form_is_left_out() -> None:
    given = {
        "openapi": "3.0.0",
        "paths": {},
        "tags": [{"description": "d"}],
        "externalDocs": {},
        "info": {"contact": 1},
    }
    assert loaded(given) == {"openapi": "3.1.0", "paths": {}, "tags": [], "info": {"title": "", "version": ""}}


NULL = {"type": "null"}
UPGRADED = {
    "nullable": ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
    "not nullable": ({"type": "string", "nullable": False}, {"type": "string"}),
    "nullable without a type": ({"nullable": True, "minimum": 1}, {"minimum": 1}),
    "nullable enum": (
        {"type": "string", "enum": ["a"], "nullable": True},
        {"type": ["string", "null"], "enum": ["a", None]},
    ),
    "nullable enum with null": (
        {"type": "string", "enum": ["a", None], "nullable": True},
        {"type": ["string", "null"], "enum": ["a", None]},
    ),
    "nullable allOf": (
        {"allOf": [{"$ref": "#/components/schemas/B"}], "nullable": True, "description": "d", "x-a": 1},
        {"description": "d", "x-a": 1, "anyOf": [{"allOf": [{"$ref": "#/components/schemas/B"}]}, NULL]},
    ),
    "nullable oneOf": (
        {"oneOf": [{"type": "string"}, NULL], "nullable": True},
        {"anyOf": [{"oneOf": [{"type": "string"}, NULL]}, NULL]},
    ),
    "nullable below": (
        {"properties": {"nullable": {"items": {"type": "string", "nullable": True}}}},
        {"properties": {"nullable": {"items": {"type": ["string", "null"]}}}},
    ),
    "exclusive": ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
    "exclusive maximum": ({"maximum": 1, "exclusiveMaximum": True}, {"exclusiveMaximum": 1}),
    "exclusive of nothing": ({"exclusiveMinimum": True}, {}),
    "inclusive": ({"minimum": 1, "exclusiveMinimum": False}, {"minimum": 1}),
    "words of 3.1": (
        {"type": ["string", "null"], "exclusiveMinimum": 1, "const": "a"},
        {"type": ["string", "null"], "exclusiveMinimum": 1, "const": "a"},
    ),
    "bytes in base64": ({"type": "string", "format": "byte"}, {"type": "string", "contentEncoding": "base64"}),
    "bytes": (
        {"type": "string", "format": "binary"},
        {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"},
    ),
    "size with an exponent": ({"maxLength": 1e3, "maximum": 1e3}, {"maxLength": 1000, "maximum": 1000.0}),
    "examples stay": (
        {"example": {"nullable": True}, "default": {"$ref": "x"}},
        {"example": {"nullable": True}, "default": {"$ref": "x"}},
    ),
}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(("given", "expected"), UPGRADED.values(), ids=UPGRADED)
def test_words_of_older_documents_have_their_meaning(given: Any, expected: Any, version: str) -> None:
    assert schema(given, version) == expected


def test_what_stands_beside_a_reference_is_valid_from_3_1_on() -> None:
    given = {"$ref": "#/components/schemas/B", "maxLength": 3, "nullable": True}
    reference = {"$ref": "#/components/schemas/B"}
    assert schema(given, "3.0.3") == reference
    assert schema(given, "3.1.0") == {"anyOf": [{**reference, "maxLength": 3}, NULL]}


def test_older_document_is_no_change_against_its_newer_form() -> None:
    def whole(version: str, schema: Any) -> dict[str, Any]:
        content = {"application/json": {"schema": schema}}
        return document(
            {"/a": {"put": {"requestBody": {"content": content}, "responses": {"200": {"description": "ok"}}}}}, version
        )

    old = whole("3.0.3", {"type": "integer", "nullable": True, "minimum": 0, "exclusiveMinimum": True})
    new = whole("3.1.0", {"type": ["integer", "null"], "exclusiveMinimum": 0})
    assert compare(loaded(old), loaded(new)) == []


@pytest.mark.parametrize("extension", ["json", "yaml"])
def test_large_document_loads_fast(extension: str, tmp_path: Path) -> None:
    """4 MB; the limit is for slow and busy machines."""
    member = {"type": "string", "nullable": True, "description": "some text " * 40}
    schemas = {f"S{n}": {"properties": {f"p{k}": member for k in range(10)}} for n in range(900)}
    path = tmp_path / f"a.{extension}"
    path.write_text(json.dumps(document(version="3.0.3", components={"schemas": schemas}), indent=1))
    assert path.stat().st_size > 4_000_000
    began = time.process_time()
    load_openapi(path)
    assert time.process_time() - began < 20
