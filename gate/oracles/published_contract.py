"""Every response, and every accepted request, keeps the published contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Oracle

CODES = register("""
BG-HTTP-001 critical request F100: Server error
    The service answered with a 5xx status that the contract does not document for the operation. No request,
    however malformed, may make it fail.
BG-HTTP-002 minor form F101: Undocumented status
    The operation answered with a status that the published contract does not list for it.
BG-HTTP-003 minor form F101: Undocumented media type
    The response has a content type that the contract does not list for this operation and status.
    Example: GET /orders/7 200 | application/json | text/html; charset=utf-8
BG-HTTP-004 major answer F101: Response body violates its schema
    The response body does not match the contract's schema for this operation and status. Clients that rely on the
    schema misread it or fail.
BG-HTTP-005 minor answer F101: Required response header missing
    The contract says that this response always carries the header.
    Example: POST /orders 201 | header Location | no such header
BG-HTTP-006 minor form: Error outside the error envelope
    An error response must be JSON with error, error_code and request_id, and must carry X-Request-ID. Clients read
    every error in this one form.
    Example: GET /orders/0 404 | an error with error, error_code and request_id | {"detail": "Not Found"}
BG-HTTP-007 critical request: Documented operation not routed
    A request to an operation of the contract was answered as if its path or method did not exist. The build lacks
    the operation, or serves it under another path.
    Example: POST /orders/{order_id}/cancel | an answer of cancelOrder | 404 without an error of the operation
BG-HTTP-008 major request F102: Accepted request violates the published schema
    The service accepted a request that the contract does not allow. Either the service accepts too much, or the
    published document refuses what clients really send.
BG-HTTP-009 major request: Undocumented path answers with success
    A request to a path that the contract does not have was answered with success. Either an endpoint is
    undocumented, or another route matches paths that it should not.
    Example: GET /orders/7/internal | 404 | 200
BG-HTTP-020 major form: Body is not strict JSON
    The bytes of a JSON answer must be a JSON text that every reader takes for the same value: UTF-8 without a byte
    order mark, no NaN or Infinity, no number beyond a double, no half of a surrogate pair, each member once. Browsers
    refuse the rest, or read another value.
BG-HTTP-021 minor form: JSON answer in another charset
    JSON is UTF-8. A Content-Type that names another charset makes some clients read other characters.
BG-HTTP-022 major form: Content-Length differs from the body
    The header must be the number of bytes that follow. Otherwise a client waits for more, or cuts the body off.
""")


def check(record: Record, _: Observations, contract: Contract) -> Iterator[Finding]:
    """Findings on every exchange of a record."""
    for exchange in record.exchanges:
        for finding in (*contract.check(exchange), *contract.check_request(exchange)):
            yield replace(finding, request=exchange.request_id)


def _violation(contract: Contract) -> tuple[Record, Observations]:
    operation = contract.operations[0]
    headers = {"content-type": "application/json; charset=utf-16", "content-length": "1"}
    answer = Exchange(operation.method, f"http://service{operation.path}", 599, headers=headers, body=b"{}x")
    return Record("", [answer]), Observations()


ORACLE = Oracle(
    name="contract",
    promise="Status, headers and body of each response, and each accepted request, are as published.",
    codes=CODES,
    check=check,
    violation=_violation,
)
