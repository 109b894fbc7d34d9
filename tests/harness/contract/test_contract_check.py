"""Each violation of the published contract by an exchange has its code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beacon.contract import published
from gate.contract.document import Contract
from gate.core.exchange import Exchange

PUBLISHED = published()
ANSWER = {"id": "a", "status": "enqueued"}
ERROR = {"error": "no such job", "error_code": "job_not_found", "request_id": "r"}


def exchange(status: int, body: Any, *, method: str = "GET", path: str = "/api/v1/jobs/a", **headers: str) -> Exchange:
    sent = {
        "content-type": "application/json",
        "x-request-id": "r",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Exchange(method, f"http://h{path}", status, headers={k: v for k, v in sent.items() if v}, body=content)


def submitted(status: int, body: Any, **headers: str) -> Exchange:
    return exchange(status, body, method="POST", path="/api/v1/jobs", **{"location": "/api/v1/jobs/a", **headers})


GOOD = {
    "accepted": submitted(202, ANSWER),
    "not found": exchange(404, ERROR),
    "undocumented path": exchange(404, {**ERROR, "error_code": "not_found"}, path="/nowhere"),
    "path outside the API": exchange(200, {}, path="/portal/"),
    "method not allowed": exchange(405, {**ERROR, "error_code": "method_not_allowed"}, method="PUT"),
}
BAD = {
    "server error": (exchange(500, {}), "BG-HTTP-001"),
    "undocumented status": (exchange(418, {}), "BG-HTTP-002"),
    "media type": (exchange(404, ERROR, content_type="text/html"), "BG-HTTP-003"),
    "no media type": (exchange(404, ERROR, content_type=""), "BG-HTTP-003"),
    "member missing": (submitted(202, {"id": "a"}), "BG-HTTP-004"),
    "member too many": (submitted(202, {**ANSWER, "more": 1}), "BG-HTTP-004"),
    "value outside the enum": (submitted(202, {**ANSWER, "status": "queued"}), "BG-HTTP-004"),
    "null": (submitted(202, None), "BG-HTTP-004"),
    **{
        name: (submitted(202, body), "BG-HTTP-020")
        for name, body in {
            "not JSON": b"<html>",
            "empty": b"",
            "JSON in UTF-16": json.dumps(ANSWER).encode("utf-16"),
            "JSON behind a byte order mark": json.dumps(ANSWER).encode("utf-8-sig"),
            "NaN": b'{"id": "a", "status": "enqueued", "metadata": NaN}',
            "member twice": b'{"id": "a", "id": "a", "status": "enqueued"}',
            "half of a surrogate pair": rb'{"id": "\ud800", "status": "enqueued"}',
            "beyond a double": b'{"id": "a", "status": "enqueued", "more": 1e400}',
            "overlong UTF-8": b'{"id": "\xc0\xaf", "status": "enqueued"}',
        }.items()
    },
    "error that is not JSON": (exchange(404, b"{"), "BG-HTTP-020"),
    "refused method that is not JSON": (exchange(405, b"{", path="/nowhere"), "BG-HTTP-020"),
    "other charset": (exchange(404, ERROR, content_type="application/json; charset=latin-1"), "BG-HTTP-021"),
    "body longer than declared": (exchange(404, ERROR, content_length="1"), "BG-HTTP-022"),
    "error that is null": (exchange(404, None), "BG-HTTP-006"),
    "error that is an object": (exchange(404, {**ERROR, "error": {"message": "no"}}), "BG-HTTP-006"),
    "error without a code": (exchange(404, {"error": "no", "request_id": "r"}), "BG-HTTP-006"),
    "health without a service": (exchange(503, {"status": "unhealthy"}, path="/health"), "BG-HTTP-004"),
    "code of another status": (exchange(404, {**ERROR, "error_code": "duplicate_job"}), "BG-HTTP-004"),
    "no request id": (exchange(404, ERROR, x_request_id=""), "BG-HTTP-005"),
    "not routed": (exchange(404, {**ERROR, "error_code": "not_found"}), "BG-HTTP-007"),
    "not routed, bare": (exchange(404, b"404 page not found", content_type="text/plain"), "BG-HTTP-007"),
    "method not routed": (exchange(405, {**ERROR, "error_code": "method_not_allowed"}), "BG-HTTP-007"),
    "success at an undocumented path": (exchange(200, {}, path="/api/v1/nowhere"), "BG-HTTP-009"),
    "member that is no text": (exchange(404, {**ERROR, "request_id": 1}), "BG-HTTP-006"),
    "error outside the API": (exchange(500, b"no", path="/nowhere", content_type="text/plain"), "BG-HTTP-006"),
    "bare framework error": (exchange(404, {"detail": "Not Found"}, path="/nowhere"), "BG-HTTP-006"),
}


@pytest.mark.parametrize("documented", GOOD.values(), ids=GOOD)
def test_documented_response_is_no_finding(documented: Exchange) -> None:
    assert PUBLISHED.check(documented) == []


@pytest.mark.parametrize(("violation", "code"), BAD.values(), ids=BAD)
def test_violation_is_found_by_its_code(violation: Exchange, code: str) -> None:
    assert {finding.code for finding in PUBLISHED.check(violation)} == {code}


def test_contract_without_conventions_judges_documented_responses_alone() -> None:
    """Errors of any form, and success at any path, are no findings where the service promises nothing of them."""
    plain = Contract(PUBLISHED.document)
    for silent in ("success at an undocumented path", "bare framework error", "error outside the API"):
        assert plain.check(BAD[silent][0]) == []
    assert {finding.code for finding in plain.check(BAD["error without a code"][0])} == {"BG-HTTP-004"}
    assert {finding.code for finding in plain.check(BAD["method not routed"][0])} == {"BG-HTTP-007"}


def test_literal_paths_win_over_templates() -> None:
    """The list of runs is not mistaken for an execution with a strange id."""
    operation = PUBLISHED.operation("GET", "/api/v1/executions/cross-region")
    assert operation
    assert operation.id == "listCrossRegionExecutions"


@pytest.mark.parametrize("path", ["/v2/notes/1", "/notes/1"])
def test_text_before_each_path_may_be_declared_where_the_document_names_no_server(path: str) -> None:
    paths = {"/notes/{id}": {"get": {"responses": {"200": {"description": "read"}}}}}
    operation = Contract({"openapi": "3.1.0", "paths": paths}, base="/v2").operation("GET", path)
    assert operation is not None
    assert operation.path_values(path) == {"id": "1"}
