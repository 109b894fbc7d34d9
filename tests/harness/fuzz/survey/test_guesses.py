"""Guesses about operations come from their names alone, and spare what is harmless."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from gate.contract.document import Contract
from gate.contract.loading import parse
from gate.core.declaration import parse as parse_declaration
from gate.core.declaration.tables import ServiceTable
from gate.core.exchange import Exchange
from gate.fuzz.survey.guesses import authentication, bases, left_out
from gate.fuzz.survey.rows import Row, key_of
from gate.fuzz.survey.samples import Pool, Samples, kind_of
from gate.fuzz.survey.trial import reason_of
from gate.fuzz.survey.writing import Guessed, pattern, written
from tests.harness.core.test_declaration import PATH


def contract(*operations: str, body: Any = None, **members: Any) -> Contract:
    """A contract of operations, each as ``METHOD /path``."""
    paths: dict[str, dict[str, Any]] = {}
    for text in operations:
        method, path = text.split(" ")
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
        operation: dict[str, Any] = {"parameters": parameters, "responses": {"200": {"description": "fine"}}}
        if body is not None:
            operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
        paths.setdefault(path, {})[method.lower()] = operation
    document = {"openapi": "3.1.0", "info": {"title": "a", "version": "1"}, "paths": paths, **members}
    return Contract(parse(json.dumps(document), PATH.with_suffix(".json")))


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ("POST /admin/shutdown", "may end the service"),
        ("POST /api/maintenance", "may put the service out of use"),
        ("POST /admin/database/clear-all", "may remove all"),
        ("DELETE /auth/revoke", "may end the run's own access"),
        ("POST /repos/{id}/webhooks", "may call addresses"),
        ("POST /repositories/{id}/sync/", "may call out"),
        ("POST /users/sendEmail", "may call out"),
        ("GET /events/stream", "may never end"),
    ],
)
def test_operation_that_looks_harmful_is_left_out_with_its_reason(operation: str, reason: str) -> None:
    assert reason in left_out(contract(operation).operations[0])


@pytest.mark.parametrize(
    "operation",
    [
        "POST /presets",
        "POST /auth/reset/password",
        "POST /password/reset",
        "GET /webhooks",
        "POST /users/{id}/address",
        "PUT /streams/{id}",
        "POST /asynchronous",
        "POST /mails",
    ],
)
def test_operation_that_only_resembles_one_is_tried(operation: str) -> None:
    assert not left_out(contract(operation).operations[0])


def test_header_that_lets_a_request_in_comes_from_the_security_schemes() -> None:
    def of(**scheme: str) -> tuple[str, str, str]:
        return authentication({"components": {"securitySchemes": {"one": scheme}}})

    assert of(type="apiKey", **{"in": "header"}, name="X-Key")[:2] == ("X-Key", "env:TOKEN")
    assert of(type="http", scheme="bearer")[:2] == ("Authorization", "Bearer env:TOKEN")
    assert of(type="apiKey", **{"in": "cookie"}, name="session") == ("", "", "")


def test_base_path_is_looked_for_where_document_and_habit_say() -> None:
    served = contract("GET /a", servers=[{"url": "https://api.example/v2/"}])
    assert bases(served, "/docs/openapi.json")[:3] == ["/v2", "/docs", ""]


def test_sample_has_the_least_that_a_schema_asks_for_and_known_ids() -> None:
    body = {
        "type": "object",
        "required": ["name", "mail", "flow_id", "kind", "parts", "size", "either"],
        "properties": {
            "name": {"type": "string", "minLength": 12, "maxLength": 14},
            "mail": {"type": "string", "pattern": "^[a-z]{2,4}@[a-z]{2,4}\\.org$"},
            "flow_id": {"type": "string", "format": "uuid"},
            "kind": {"enum": ["a", "b"]},
            "parts": {"type": "array", "minItems": 1, "items": {"allOf": [{"type": "integer", "minimum": 3}]}},
            "size": {"anyOf": [{"type": "null"}, {"type": "number", "maximum": 0}]},
            "either": {"oneOf": [{"type": "boolean"}, {"type": "string"}]},
            "other": {"type": "string"},
        },
    }
    document = contract("POST /flows/{id}/runs", body=body)
    pool = Pool()
    pool.learn(contract("POST /flows").operations[0], {"id": "f1", "name": "n"})
    sample = Samples(document, pool).of(document.operations[0])
    assert sample.target == "/flows/f1/runs"
    assert pool.known("flow", "flows") == "f1"
    value = json.loads(sample.content or b"")
    assert 12 <= len(value.pop("name")) <= 14
    assert re.fullmatch(r"[a-z]{2,4}@[a-z]{2,4}\.org", value.pop("mail"))
    assert value == {"flow_id": "f1", "kind": "a", "parts": [3], "size": 0, "either": False}


@pytest.mark.parametrize("text", ["flow_runs", "flowRunId", "flow-run", "FlowRunIds", "flow_run_name"])
def test_collections_and_parameters_of_a_kind_have_the_same_name(text: str) -> None:
    assert kind_of(text) == "flowrun"


def test_table_of_a_resource_is_the_one_whose_new_row_is_most_like_the_answer() -> None:
    rows: dict[str, list[Row]] = {
        "users": [{"id": 2, "name": "a"}],
        "events": [{"id": 2, "type": "made"}],
        "two": [{"id": 1}, {"id": 2}],
    }
    keys = {"users": ["id"], "events": ["id"], "two": ["id"]}
    assert key_of(rows, {"userId": 2, "name": "a"}, keys) == ("users", "id", "userId")
    assert key_of(rows, {"name": "b"}, keys) == ("", "", "")


def test_words_of_a_refusal_are_quoted() -> None:
    def refusal(body: bytes) -> str:
        return reason_of(Exchange(method="GET", url="/", status=400, body=body))

    assert refusal(b'{"detail": [{"loc": ["body"], "msg": "Field required"}]}') == "Field required"
    assert refusal(b'{"error": {"message": "no such thing"}}') == "no such thing"
    assert refusal(b'{"message": "Invalid: no id", "details": [{"message": "no id"}]}') == "no id"
    assert refusal(b"Forbidden\n") == "Forbidden"


def test_what_is_written_can_be_read_again() -> None:
    guessed = Guessed(
        base="/api",
        base_reason="It answered.",
        ready="/health",
        header=("Authorization", "Bearer env:TOKEN", "A scheme."),
        drop={"x-version": 3},
        skip={"POST /a.b/{id}": 'It "may" end.'},
        late=["events", "users.seen"],
        resources={"/users": ("users", "pk", "userId")},
    )
    service = ServiceTable(start='run "a b" {port}', database_env={"URL": "{url}"}, env={"A": "é\\"})
    side = {"REDIS": {"start": "redis {port}", "env": {"REDIS": "redis://127.0.0.1:{port}"}}}
    declaration = parse_declaration(written(service, side, guessed), PATH)
    assert (declaration.service.start, declaration.service.env) == (service.start, service.env)
    assert declaration.services["REDIS"].start == "redis {port}"
    assert declaration.fuzz.reason_to_skip("POST /a.b/{id}") == 'It "may" end.'
    assert not declaration.fuzz.reason_to_skip("POST /axb/{id}")
    assert declaration.rows.late == ("events", "users.seen")
    assert declaration.rows.resources["/users"].member == "userId"
    assert pattern("GET /a-b") == "^GET /a-b$"
