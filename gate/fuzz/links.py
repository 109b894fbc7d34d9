"""Links of an accepted submission: every operation that the contract links its answer to knows the resource."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from gate.contract.document import Contract
from gate.contract.nodes import Operation
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.pointer import resolve
from gate.fuzz.codes import BROKEN_LINK
from gate.session.session import Session


def follow(
    session: Session, resource: str, accepted: Exchange, read: Mapping[str, Exchange], not_found: Collection[str]
) -> Iterator[Finding]:
    """A finding for each link of an answer that leads nowhere; only links to operations that read are followed.

    Args:
        session: sends the requests.
        resource: id of the resource that was accepted.
        accepted: the submission and its answer.
        read: earlier answers by path, which are not requested again.
        not_found: error codes that say that a resource does not exist.

    """
    contract = session.contract
    operation = contract.operation(accepted.method, accepted.path)
    if operation is None:
        return
    for linked, path in _links(contract, operation, accepted):
        answer = read.get(path) or session.client.get(path)
        if answer.error_code in not_found or (answer.status == 404 and not answer.error_code):
            where, got = f"{operation} -> {linked}", f"{answer.status} {answer.error_code}".strip()
            yield Finding(BROKEN_LINK, where, "the linked resource", got, resource, answer.request_id)


def _links(contract: Contract, operation: Operation, exchange: Exchange) -> Iterator[tuple[Operation, str]]:
    """Operations that read, and the paths that the answer links to."""
    response = contract.response(operation, exchange.status) or {}
    for reference in response.get("links", {}).values():
        link = contract.resolve(reference)
        linked = next(each for each in contract.operations if each.id == link["operationId"])
        values = {name: _value(text, exchange) for name, text in link.get("parameters", {}).items()}
        if linked.method == "GET" and None not in values.values():
            path = linked.path
            for name, value in values.items():
                path = path.replace("{" + name + "}", quote(str(value), safe=""))
            yield linked, path


def _value(expression: str, exchange: Exchange) -> Any:
    """The value of a runtime expression over a JSON body; None if it has none, or for another kind of expression."""
    source, _, pointer = expression.partition("#")
    body = {"$response.body": exchange.json, "$request.body": exchange.sent}.get(source)
    try:
        return resolve(body, pointer)
    except LookupError:
        return None
