"""Answers are judged by the response, media type and path that the document means."""

from __future__ import annotations

from typing import Any

import pytest

from gate.contract.coverage import CoverageRecorder, by_owner
from gate.contract.document import Contract, media_in
from gate.core.exchange import Exchange

HEAD = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}}
NUMBER = {"description": "a number", "content": {"application/json": {"schema": {"type": "integer"}}}}
TEXT = {"description": "a text", "content": {"application/json": {"schema": {"type": "string"}}}}


def contract(paths: dict[str, Any], **members: Any) -> Contract:
    return Contract({**HEAD, "paths": paths, **members})


def codes(judge: Contract, status: int, body: bytes, media: str = "application/json", method: str = "GET") -> list[str]:
    answer = Exchange(method, "http://h/a", status, headers={"content-type": media}, body=body)
    return [finding.code for finding in judge.check(answer)]


RESPONSES = {
    "code before range": ({"200": NUMBER, "2XX": TEXT}, 200, b"1"),
    "range": ({"200": NUMBER, "2XX": TEXT}, 201, b'"a"'),
    "range before default": ({"4XX": NUMBER, "default": TEXT}, 404, b"1"),
    "default": ({"4XX": NUMBER, "default": TEXT}, 500, b'"a"'),
}


@pytest.mark.parametrize(("responses", "status", "body"), RESPONSES.values(), ids=RESPONSES)
def test_code_wins_over_range_and_range_over_default(responses: Any, status: int, body: bytes) -> None:
    judge = contract({"/a": {"get": {"responses": responses}}})
    assert codes(judge, status, body) == []
    assert codes(judge, status, b"[]") == ["BG-HTTP-004"]


def test_status_outside_all_ranges_is_undocumented() -> None:
    judge = contract({"/a": {"get": {"responses": {"2XX": NUMBER}}}})
    assert (codes(judge, 404, b"{}"), codes(judge, 500, b"{}")) == (["BG-HTTP-002"], ["BG-HTTP-001"])


def test_operation_without_responses_promises_none() -> None:
    assert codes(contract({"/a": {"get": {"responses": {}}}}), 404, b"{}") == []


def test_answer_to_head_has_no_body() -> None:
    judge = contract({"/a": {"head": {"responses": {"200": NUMBER}}}})
    assert codes(judge, 200, b"", method="HEAD") == []
    assert codes(judge, 200, b"", "text/html", method="HEAD") == ["BG-HTTP-003"]


MEDIA = {
    "application/json": "Application/JSON; charset=utf-8",
    "text/csv": "text/*",
    "image/png": "*/*",
    "": None,
}


@pytest.mark.parametrize(("media", "key"), MEDIA.items())
def test_media_type_is_found_with_parameters_and_in_ranges(media: str, key: str | None) -> None:
    assert media_in({"*/*": {}, "text/*": {}, "Application/JSON; charset=utf-8": {}}, media) == key


ADDRESSED = {
    "/a/b": "/a/b",
    "/a/c": "/a/{id}",
    "/a/c.json": "/a/{id}.json",
    "/a/c/b": "/a/{id}/b",
    "/a/b/c": "/a/b/c",
    "/a/x%2Fy": None,
    "/a/": None,
}


@pytest.mark.parametrize(("path", "template"), ADDRESSED.items())
def test_path_with_most_text_is_addressed(path: str, template: str | None) -> None:
    item = {"get": {"responses": {"200": NUMBER}}}
    judge = contract(dict.fromkeys(("/a/{id}", "/a/{id}.json", "/a/{id}/b", "/{x}/{y}", "/a/b/c", "/a/b"), item))
    operation = judge.operation("GET", path)
    assert (operation and operation.path) == template


SERVERS: dict[str, tuple[Any, list[str]]] = {
    "none": ([], ["/a"]),
    "root": ([{"url": "/"}], ["/a"]),
    "path": ([{"url": "https://example.com/api/v1/"}], ["/a", "/api/v1/a"]),
    "relative": ([{"url": "v1"}], ["/v1/a"]),
    "two": ([{"url": "/v1"}, {"url": "/v1/beta"}], ["/v1/a", "/v1/beta/a"]),
    "variables": (
        [
            {
                "url": "https://{host}:{port}/{version}",
                "variables": {
                    "host": {"default": "h"},
                    "port": {"default": "1"},
                    "version": {"default": "v2", "enum": ["v1", "v2"]},
                },
            }
        ],
        ["/v1/a", "/v2/a"],
    ),
}


@pytest.mark.parametrize(("servers", "paths"), SERVERS.values(), ids=SERVERS)
def test_path_may_begin_with_that_of_a_server(servers: Any, paths: list[str]) -> None:
    judge = contract({"/a": {"get": {"responses": {"200": NUMBER}}}}, servers=servers)
    assert [path for path in paths if judge.operation("GET", path) is None] == []
    assert judge.operation("GET", "/other/a") is None


def test_servers_of_an_operation_win() -> None:
    operation = {"servers": [{"url": "/own"}], "responses": {"200": NUMBER}}
    judge = contract({"/a/{id}": {"get": operation, "servers": [{"url": "/item"}]}}, servers=[{"url": "/all"}])
    [outcome] = judge.operations
    assert outcome.path_values("/own/a/1") == {"id": "1"}
    assert outcome.path_values("/all/a/1") is None


def test_coverage_counts_ranges_and_operations_without_an_id() -> None:
    judge = contract({"/a/{id}": {"get": {"responses": {"2XX": NUMBER}}}})
    [operation] = judge.operations
    answer = Exchange("GET", "http://h/a/1", 201, headers={"content-type": "application/json"}, body=b"1")
    reached = CoverageRecorder(judge).record(operation, answer)
    assert any("type satisfied" in name for name in reached["keywords"])
    assert [*by_owner({"values": {"GET /a/{} 2XX /b": True}})] == ["GET /a/{}"]
