"""A consumer contract keeps to the published one: its calls are allowed, and what it reads is promised.

An example of a number or a text stands for any, unless the consumer says that the value has to be equal. A header is
promised if the contract documents it for the answer; only a live run shows whether it is there in a given state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from gate.contract.document import Contract, media_in
from gate.contract.nodes import Operation
from gate.contract.pact import Interaction, Message, Pact
from gate.contract.promises import Reading
from gate.core.findings import Finding, distinct, register
from gate.core.pointer import join
from gate.core.record import Observations, Record
from gate.oracles.registry import Oracle

CALL, REQUEST, STATUS, READ, VALUE = (f"00{number}" for number in range(1, 6))
"""Ends of the codes; the consumer's prefix stands before them."""
TEXTS = """
{prefix}-001 critical: {name} calls an operation that does not exist
    The {consumer}'s consumer contract has a call that is not an operation of the published contract. Users of the
    {consumer} get a 404.
{prefix}-002 major: {name} sends a request that the contract refuses
    A request of the {consumer} has a parameter, a header or a body that the published contract does not allow. A
    service that keeps the contract refuses it.
    Example: GET /orders query page | a parameter of the operation | no such parameter
{prefix}-003 major: {name} expects an undocumented status
    The {consumer} handles a status that the published contract does not document for the operation, so no service has
    to return it.
    Example: POST /orders 201 | one of 202, 400 | an order is placed: 201
{prefix}-004 major: {name} reads a field that is not promised
    The {consumer} reads a field or header that the published contract lacks or declares optional. A service may omit
    it, and the {consumer} then breaks.
    Example: GET /orders/7 200 /customer/name | a required member | an order is shown: an optional member
{prefix}-005 major: {name} expects a value that the contract rules out
    The {consumer} expects a field to have a type or value that the published contract does not allow for it.
    Example: GET /orders/7 200 /total | type integer | an order is shown: "12.50"
"""
EVERYWHERE = frozenset({"content-type", "content-length", "date"})
"""Response headers that a contract need not document."""


def oracle(prefix: str, consumer: str) -> Oracle:
    """The oracle of a consumer's contract, whose codes begin with ``prefix``."""

    def judged(_: Record, observations: Observations, contract: Contract) -> list[Finding]:
        return check(observations.consumer, contract, prefix) if observations.consumer else []

    def violation(_: Contract) -> tuple[Record, Observations]:
        empty = Message({}, None, False, {})
        call = Interaction("an unknown call", [], "GET", "/no/such/path", {}, empty, 200, empty)
        return Record(""), Observations(consumer=Pact(consumer, "", [call], {}))

    return Oracle(
        name=consumer,
        promise=f"The contract allows each call of the {consumer} and promises each field that it reads.",
        codes=register(TEXTS.format(prefix=prefix, consumer=consumer, name=consumer.capitalize())),
        check=judged,
        violation=violation,
    )


def check(pact: Pact, contract: Contract, prefix: str) -> list[Finding]:
    """Findings on what the consumer relies on and the contract does not give, one for each cause."""
    findings = distinct(finding for call in pact.interactions for finding in _judged(call, contract))
    return [replace(finding, code=f"{prefix}-{finding.code}") for finding in findings]


def _judged(call: Interaction, contract: Contract) -> Iterator[Finding]:
    operation = contract.operation(call.method, call.path)
    if operation is None:
        got = f"{call.description}: none"
        yield Finding(CALL, f"{call.method} {call.path}", "an operation of the contract", got)
        return
    if call.status < 400:  # a request that is to be refused is wrong on purpose
        yield from _parameters(call, operation, contract)
        yield from _request_body(call, operation, contract)
    yield from _response(call, operation, contract)


def _parameters(call: Interaction, operation: Operation, contract: Contract) -> Iterator[Finding]:
    documented = operation.parameters()
    sent = {("query", name): ",".join(values) for name, values in call.query.items()}
    sent |= {("path", name): value for name, value in (operation.path_values(call.path) or {}).items()}
    sent |= {("header", name): text for name, text in call.request.headers.items() if ("header", name) in documented}
    for (place, name), text in sent.items():
        where = f"{operation} {place} {name}"
        if (place, name) not in documented:
            yield Finding(REQUEST, where, "a parameter of the operation", "no such parameter")
            continue
        schema = documented[place, name].child("schema", default=True).value
        if not _valid(contract, schema, text):
            yield Finding(REQUEST, where, json.dumps(contract.resolve(schema)), text)
    for (place, name), parameter in documented.items():
        if parameter.value.get("required") and (place, name) not in sent:
            yield Finding(REQUEST, f"{operation} {place} {name}", "a required parameter", "none")


def _valid(contract: Contract, schema: Any, text: str) -> bool:
    """Return whether a text is a value of a parameter: as it stands, or as the number or boolean that it spells."""
    validator = contract.validator(schema)
    candidates: list[Any] = [text]
    with suppress(ValueError):
        candidates.append(json.loads(text))
    return any(validator.is_valid(value) for value in candidates)


def _request_body(call: Interaction, operation: Operation, contract: Contract) -> Iterator[Finding]:
    body = contract.resolve(operation.document.get("requestBody", {}))
    if not call.request.has_body:
        if body.get("required"):
            yield Finding(REQUEST, f"{operation} body", "a body", "none")
        return
    content, media = body.get("content", {}), call.request.media_type
    key = media_in(content, media)
    if key is None:
        yield Finding(REQUEST, f"{operation} body", " or ".join(content) or "no body", media or "no content type")
        return
    validator = contract.validator(content[key].get("schema", True), mask="this value")
    for error in validator.iter_errors(call.request.body):
        got = f"{call.description}: {json.dumps(error.instance)}"
        yield Finding(REQUEST, f"{operation} {join(*error.instance_path) or '/'}", error.message, got)


def _response(call: Interaction, operation: Operation, contract: Contract) -> Iterator[Finding]:
    where, response = f"{operation} {call.status}", contract.response(operation, call.status)
    if response is None:
        documented = ", ".join(operation.document.get("responses", {}))
        yield Finding(STATUS, where, f"one of {documented}", f"{call.description}: {call.status}")
        return
    headers = {name.lower() for name in response.get("headers", {})} | EVERYWHERE
    for name in sorted(set(call.response.headers) - headers):
        yield Finding(READ, f"{where} header {name}", "a header of the contract", "no such header")
    if not call.response.has_body:
        return
    content, media = response.get("content", {}), call.response.media_type
    key = media_in(content, media)
    if key is None:
        yield Finding(VALUE, f"{where} content type", " or ".join(content) or "no body", media or "none")
        return
    reading = Reading(contract, call.response.rules, call.query)
    for gap in reading.gaps(content[key].get("schema", {}), call.response.body):
        code = VALUE if gap.value else READ
        yield Finding(code, f"{where} {gap.path}", gap.expected, f"{call.description}: {gap.got}")
