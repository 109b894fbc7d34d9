"""What an accepted submission promises: whatever the contract links its answer to is there, under any version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from gate.contract.document import Contract
from gate.contract.nodes import Operation
from gate.core.client import Client
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.pointer import resolve

MISSING = frozenset(
    {
        "not_found",
        "job_not_found",
        "execution_not_found",
        "cross_region_execution_not_found",
        "region_result_not_found",
    }
)
"""Codes that say that what was linked to is not there; others say that it is there and not ready."""


def follow(contract: Contract, client: Client, accepted: Exchange, read: Mapping[str, Exchange]) -> Iterator[Finding]:
    """A finding for each link of an answer that leads nowhere; links that change something are not followed.

    ``read`` is what has been read already, by path: it is not read again.
    """
    operation = contract.operation(accepted.method, accepted.path)
    if operation is None:
        return
    for to, path in _links(contract, operation, accepted):
        answer = read.get(path) or client.get(path)
        if answer.error_code in MISSING or (answer.status == 404 and not answer.error_code):
            yield Finding(
                "BG-FUZZ-005",
                where=f"{operation.method} {operation.path} -> {to.method} {to.path}",
                expected="what the answer links to is there",
                got=f"{answer.status} {answer.error_code}".strip(),
                resource=str(accepted.json.get("id", "")),
                request=answer.request_id,
            )


def _links(contract: Contract, operation: Operation, exchange: Exchange) -> Iterator[tuple[Operation, str]]:
    """Operations that read, and the paths that the answer links to."""
    response = contract.resolve(operation.document["responses"].get(str(exchange.status), {}))
    for reference in response.get("links", {}).values():
        link = contract.resolve(reference)
        to = next(one for one in contract.operations if one.id == link["operationId"])
        values = {name: _value(text, exchange) for name, text in link.get("parameters", {}).items()}
        if to.method != "GET" or None in values.values():
            continue
        path = to.path
        for name, value in values.items():
            path = path.replace("{" + name + "}", quote(str(value), safe=""))
        yield to, path


def _value(expression: str, exchange: Exchange) -> Any:
    """The value of a runtime expression over body members; None where there is none, or it is of another kind."""
    source, _, pointer = expression.partition("#")
    body = {"$response.body": exchange.json, "$request.body": exchange.sent}.get(source)
    try:
        return resolve(body, pointer)
    except LookupError:
        return None
