"""The comparison of two contracts names each change by its rule, at its smallest place, with the right severity."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.loading import PUBLISHED, load_openapi
from gate import cli
from gate.diff import compare
from gate.diff.rules import SEVERITIES, Direction, Rule, SchemaRule, rules
from gate.options import ROOT

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
    """A document whose one operation takes this."""
    return operation({"schemas": components}, requestBody={"required": True, "content": media(schema)})


def response(schema: Any, **components: Schema) -> Schema:
    """A document whose one operation answers this."""
    return operation({"schemas": components}, responses={"200": {"description": "D", "content": media(schema)}})


def answer(status: str = "200", **members: Any) -> Schema:
    return operation(responses={"200": {"description": "D"}, status: {"description": "D", **members}})


def query(**members: Any) -> Schema:
    return operation(parameters=[{"name": "limit", "in": "query", "schema": {"type": "integer"}, **members}])


def body(**members: Any) -> Schema:
    return operation(requestBody={"content": media({"type": "object"}), **members})


def obj(required: str = "", closed: bool = False, **properties: Any) -> Schema:
    """An object schema; ``required`` are names separated by spaces."""
    made: Schema = {"type": "object", "properties": properties, "required": required.split()}
    return {**made, "additionalProperties": False} if closed else made


def found(old: Schema, new: Schema) -> list[tuple[str, str, str]]:
    return [(one.rule.removeprefix("BG-DIFF-"), one.severity, one.where.pointer) for one in compare(old, new)]


S: Schema = {"type": "string"}
N: Schema = {"type": "integer"}
AB: Schema = {"type": "string", "enum": ["a", "b"]}
ABC: Schema = {"type": "string", "enum": ["a", "b", "c"]}
KEY: list[Schema] = [{"key": []}]
GET: Schema = {"get": {"responses": {}}}
NONE = operation()

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
        document({}, {"securitySchemes": {"key": {"type": "apiKey", "name": "a", "in": "header"}}}),
        document({}, {"securitySchemes": {"key": {"type": "apiKey", "name": "b", "in": "header"}}}),
        "008 risky",
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
        document({"/a": {"parameters": [{"name": "q", "in": "query", "schema": S}], **GET}}),
        "103 breaking",
    ),
    "path parameter renamed": (
        document({"/a/{x}": {"parameters": [{"name": "x", "in": "path", "required": True, "schema": S}], **GET}}),
        document({"/a/{y}": {"parameters": [{"name": "y", "in": "path", "required": True, "schema": S}], **GET}}),
        "015 safe",
    ),
    "parameter style": (query(), query(explode=False), "016 breaking"),
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
    "texts, examples, tags, servers": (
        query(description="D"),
        {**query(description="E", example=3), "servers": [{"url": "/v2"}], "tags": [{"name": "t"}]},
        "",
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), OPERATIONS.values(), ids=OPERATIONS)
def test_change_of_an_operation(old: Schema, new: Schema, expected: str) -> None:
    """Each change of a document outside its schemas has its rule and severity, and is the only one reported."""
    assert ", ".join(f"{rule} {severity}" for rule, severity, _ in found(old, new)) == expected


# What a change of a schema is for a body that is sent, and for one that is answered.
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
    "pattern changed": ({**S, "pattern": "^a+b"}, {**S, "pattern": "^a*b"}, "122 risky", "221 breaking"),
    "format added": (S, {**S, "format": "uuid"}, "123 breaking", "223 safe"),
    "format removed": ({**S, "format": "uuid"}, S, "124 safe", "224 breaking"),
    "format nobody knows": (S, {**S, "format": "beacon"}, "125 risky", "223 safe"),
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
    "write only": (obj(a=S), obj(a={**S, "writeOnly": True}), "136 risky", "236 risky"),
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
def test_change_of_a_schema(old: Any, new: Any, sent: str, answered: str) -> None:
    """Each change of a schema has the rule and severity of its direction, and is the only one reported."""
    for where, expected in ((request, sent), (response, answered)):
        told = [f"{rule} {severity}" for rule, severity, _ in found(where(old), where(new))]
        assert ", ".join(told) == expected


def test_schema_is_like_itself() -> None:
    """No schema of these tests differs from itself."""
    for old, new, *_ in SCHEMAS.values():
        assert found(request(old), request(copy.deepcopy(old))) == []
        assert found(response(new), response(copy.deepcopy(new))) == []


def test_pointer_names_the_smallest_place() -> None:
    """The pointer leads through members and items to the keyword that changed."""
    old, new = (response(obj(rows={"type": "array", "items": obj(status=one)})) for one in (AB, ABC))
    schema = "/paths/~1things/post/responses/200/content/application~1json/schema"
    place = f"{schema}/properties/rows/items/properties/status/enum"
    assert found(old, new) == [("207", "breaking", place)]
    [change] = compare(old, new)
    assert (change.what, change.old, change.new) == ('value added: "c"', ["a", "b"], ["a", "b", "c"])
    assert str(change.where) == "POST /things, response 200, application/json"


def test_edit_of_a_shared_component_is_one_change() -> None:
    """A component that several places refer to is named once for each direction, with all of the places."""
    ref = {"$ref": "#/components/schemas/Word"}
    old, new = (response(obj(a=ref, b=ref), Word=one) for one in (ABC, AB))
    for one in (old, new):
        one["paths"]["/more"] = {"post": {"requestBody": {"content": media(ref)}, "responses": {}}}
    sent, answered = compare(old, new)
    assert (sent.rule, sent.where.operation) == ("BG-DIFF-106", "POST /more")
    assert (answered.rule, answered.where.pointer) == ("BG-DIFF-206", "/components/schemas/Word/enum")


def test_schema_inside_itself() -> None:
    """A cycle of references is walked once."""
    ref = {"$ref": "#/components/schemas/Tree"}
    old, new = (response(ref, Tree=obj(value=one, next=ref)) for one in (AB, ABC))
    assert found(old, new) == [("207", "breaking", "/components/schemas/Tree/properties/value/enum")]


def test_reference_in_place_of_the_same_schema_is_no_change() -> None:
    """Naming a schema, or wrapping its name in allOf, changes nothing."""
    ref = {"$ref": "#/components/schemas/Word"}
    assert found(response(AB, Word=AB), response(ref, Word=AB)) == []
    assert found(response(ref, Word=AB), response({"allOf": [ref], "description": "D"}, Word=AB)) == []


def test_change_behind_a_reference_in_a_condition_is_seen() -> None:
    """Keywords that are compared as a whole are compared with what they refer to."""
    ref = {"$ref": "#/components/schemas/Word"}
    old, new = (request({"not": obj("title", title=ref)}, Word=one) for one in (AB, ABC))
    assert [(rule, severity) for rule, severity, _ in found(old, new)] in ([("132", "breaking")], [("134", "risky")])


def test_rules_are_those_of_the_table() -> None:
    """Every rule in the code stands in the table and the other way round, but for two that have no direction."""
    named = {rule.code for rule in Rule} | {rule.code(way) for rule in SchemaRule for way in Direction}
    assert named - rules().keys() == {"BG-DIFF-212", "BG-DIFF-235"}
    assert rules().keys() <= named
    assert {rule.severity for rule in rules().values()} == set(SEVERITIES)
    assert list(rules()) == sorted(rules())


# ---------------------------------------------------------------- the published contract

RUNNER = load_openapi()


def edited(edit: Callable[[Schema, Schema], object]) -> Schema:
    """The published contract after an edit, which gets the document and its schemas."""
    new = copy.deepcopy(RUNNER)
    edit(new, new["components"]["schemas"])
    return new


def test_published_contract_is_like_itself() -> None:
    """The published contract has no change to itself."""
    assert compare(RUNNER, copy.deepcopy(RUNNER)) == []


MUTATIONS: dict[str, tuple[Callable[[Schema, Schema], object], set[str]]] = {
    "error code removed": (
        lambda _, s: s["AnalysisUnavailableError"]["anyOf"].pop(3),
        {"228 safe /components/schemas/AnalysisUnavailableError/anyOf/3"},
    ),
    "required request member": (
        lambda _, s: s["Benchmark"].update(
            required=[*s["Benchmark"]["required"], "zone"], properties={**s["Benchmark"]["properties"], "zone": S}
        ),
        {"112 breaking /components/schemas/Benchmark/properties/zone"},
    ),
    "optional request member": (
        lambda _, s: s["JobSpec"]["properties"].update(zone=S),
        {"114 risky /components/schemas/JobSpec/properties/zone"},
    ),
    "response member removed": (
        lambda _, s: (s["JobAccepted"]["properties"].pop("status"), s["JobAccepted"]["required"].remove("status")),
        {"217 breaking /components/schemas/JobAccepted/properties/status"},
    ),
    "response member added": (
        lambda _, s: s["JobSummary"]["properties"].update(zone=S),
        {"213 breaking /components/schemas/JobSummary/properties/zone"},
    ),
    "response member optional": (
        lambda _, s: s["RegionOutput"]["required"].remove("first_response"),
        {"211 breaking /components/schemas/RegionOutput/required"},
    ),
    "maxLength shrunk": (
        lambda _, s: s["ModelId"].update(maxLength=40),
        {"118 breaking /components/schemas/ModelId/maxLength", "218 safe /components/schemas/ModelId/maxLength"},
    ),
    "new status": (
        lambda _, s: s["JobStatus"]["enum"].append("paused"),
        {"207 breaking /components/schemas/JobStatus/enum"},
    ),
    "alias gone": (
        lambda _, s: s["RegionName"]["enum"].remove("APAC"),
        {"106 breaking /components/schemas/RegionName/enum"},
    ),
    "null in a response": (
        lambda _, s: s["CompletedOutput"]["properties"].update(provider={"type": ["string", "null"], "minLength": 1}),
        {"205 breaking /components/schemas/CompletedOutput/properties/provider/type"},
    ),
    "limit raised": (
        lambda d, _: d["components"]["parameters"]["Limit"]["schema"].update(maximum=500, default=100),
        {
            "119 safe /components/parameters/Limit/schema/maximum",
            "135 risky /components/parameters/Limit/schema/default",
        },
    ),
    "header not always there": (
        lambda d, _: d["components"]["headers"]["RetryAfter"].pop("required"),
        {"038 breaking /components/headers/RetryAfter/required"},
    ),
    "rule of signed jobs": (
        lambda _, s: s["JobSpec"]["dependentRequired"]["signature"].append("id"),
        {"132 breaking /components/schemas/JobSpec/dependentRequired"},
    ),
    "word of the analysis": (
        lambda d, _: d["x-beacon-analysis"]["refusal_words"].append("decline"),
        {"050 risky /x-beacon-analysis/refusal_words"},
    ),
    "operation removed": (
        lambda d, _: d["paths"].pop("/api/v1/questions"),
        {"001 breaking /paths/~1api~1v1~1questions"},
    ),
}


@pytest.mark.parametrize(("edit", "expected"), MUTATIONS.values(), ids=MUTATIONS)
def test_edit_of_the_published_contract(edit: Callable[[Schema, Schema], object], expected: set[str]) -> None:
    """One edit of the published contract is one change, or one in each direction."""
    told = [" ".join(one) for one in found(RUNNER, edited(edit))]
    assert len(told) == len(expected)
    assert set(told) == expected


# ---------------------------------------------------------------- the command

SMALL = json.dumps(response(AB))
LARGER = json.dumps(response(ABC))


def gate(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gate", "diff", *words]
    return subprocess.run(command, cwd=cwd, text=True, capture_output=True, timeout=60, check=False)


def test_breaking_change_exits_1_and_says_it_as_json(tmp_path: Path) -> None:
    """A breaking change is exit 1; with --json all of it is there for a program."""
    (tmp_path / "old.yaml").write_text(SMALL)
    (tmp_path / "new.yaml").write_text(LARGER)
    ended = gate(str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml"), "--json")
    assert ended.returncode == 1, ended.stderr
    told = json.loads(ended.stdout)
    assert told["counts"] == {"breaking": 1, "risky": 0, "safe": 0}
    assert told["changes"][0]["rule"] == "BG-DIFF-207"
    assert told["identical"] is False


def test_usage_is_2() -> None:
    """One document is no comparison."""
    ended = gate("main")
    assert ended.returncode == 2
    assert "NEW" in ended.stderr


def test_unknown_revision_is_3() -> None:
    """What is neither a file nor a revision is an error, not a document without changes."""
    ended = gate("no-such-thing", str(PUBLISHED))
    assert ended.returncode == 3
    assert "neither a file nor a git revision" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two revisions of the contract, as the current directory."""
    for name, value in {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    contract = tmp_path / PUBLISHED.relative_to(ROOT)
    contract.parent.mkdir(parents=True)
    (tmp_path / "other.txt").write_text("[")
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    subprocess.run(["git", "init", "-q", "-b", "main"], check=True)
    for text in (SMALL, LARGER):
        contract.write_text(text)
        subprocess.run(["git", "add", "-A"], check=True)
        subprocess.run(["git", *who, "commit", "-q", "-m", "text"], check=True)
    return contract


def test_revisions(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A revision means the published contract as it was then; REVISION:PATH any file of it."""
    name = PUBLISHED.relative_to(ROOT).as_posix()
    assert cli.main(["diff", "main~1", "main"]) == 1
    assert "BG-DIFF-207" in capsys.readouterr().out
    assert cli.main(["diff", "HEAD", f"main:{name}"]) == 0
    assert "identical" in capsys.readouterr().out
    assert cli.main(["diff", "HEAD", str(repository)]) == 0
    assert cli.main(["diff", "HEAD", "HEAD:nothing.yaml"]) == 3
    assert "no file nothing.yaml" in capsys.readouterr().err
    assert cli.main(["diff", "HEAD", "HEAD:other.txt"]) == 3
    assert "expected YAML" in capsys.readouterr().err


UNREADABLE = {
    "not YAML": ("openapi: [", "expected YAML"),
    "duplicate key": ("openapi: 3.1.0\nopenapi: 3.1.0\n", "every key once"),
    "older OpenAPI": ("openapi: 3.0.3\ninfo: {}\npaths: {}\n", "3.1.x"),
    "breaks the schema of OpenAPI": (json.dumps(document({"/a": {"get": "nothing"}})), "OpenAPI 3.1 at /paths/~1a/get"),
    "not JSON Schema": (json.dumps(response({"type": "strin"})), "JSON Schema at /paths/~1things/post"),
    "dangling reference": (json.dumps(response({"$ref": "#/components/schemas/Gone"})), "leads somewhere"),
    "reference elsewhere": (json.dumps(response({"$ref": "other.yaml#/X"})), "leads somewhere"),
    "reference to itself": (
        json.dumps(response({"$ref": "#/components/schemas/Loop"}, Loop={"$ref": "#/components/schemas/Loop"})),
        "leads only to itself",
    ),
}


@pytest.mark.parametrize(("text", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_document_that_does_not_load_is_3(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A document that is not whole is an error, even against itself: nothing compared is never "no change"."""
    broken = tmp_path / "broken.yaml"
    broken.write_text(text)
    assert cli.main(["diff", str(broken), str(broken)]) == 3
    assert said in capsys.readouterr().err


def test_edit_of_a_text_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Documents that differ in texts only are not called identical."""
    other = tmp_path / "other.yaml"
    other.write_text(PUBLISHED.read_text(encoding="utf-8").replace("List the questions", "Name the questions"))
    assert cli.main(["diff", str(PUBLISHED), str(other)]) == 0
    assert "only texts" in capsys.readouterr().out


def test_explain_knows_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    """A rule is explained like the code of a finding."""
    assert cli.main(["explain", "bg-diff-207"]) == 0
    assert "BG-DIFF-207 (breaking): Response: value added to an enum." in capsys.readouterr().out
