"""A consumer contract keeps to the published one: its calls are allowed, and what it reads is promised.

An example of a number or a text stands for any, unless the consumer says that the value has to be equal. A header is
promised if the contract documents it for the answer; only a live run shows whether it is there in a given state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from gate.contract.document import Contract
from gate.contract.nodes import Operation
from gate.contract.pact import Interaction, Message, Pact
from gate.contract.promises import Reading
from gate.core.findings import Finding, distinct, register
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
{prefix}-003 major: {name} expects an undocumented status
    The {consumer} handles a status that the published contract does not document for the operation, so no service has
    to return it.
{prefix}-004 major: {name} reads a field that is not promised
    The {consumer} reads a field or header that the published contract lacks or declares optional. A service may omit
    it, and the {consumer} then breaks.
{prefix}-005 major: {name} expects a value that the contract rules out
    The {consumer} expects a field to have a type or value that the published contract does not allow for it.
"""
EVERYWHERE = frozenset({"content-type", "content-length", "date"})
"""Response headers that a contract need not document."""


def oracle(prefix: str, consumer: str) -> Oracle:
    """The oracle of a consumer's contract, whose codes begin with ``prefix``."""

    def judged(_: Record, observations: Observations, contract: Contract) -> list[Finding]:
        return check(observations.consumer, contract, prefix) if observations.consumer else []

    def violation(_: Contract) -> tuple[Record, Observations]:
        nothing = Message({}, None, False, {})
        call = Interaction("an unknown call", [], "GET", "/no/such/path", {}, nothing, 200, nothing)
        return Record(""), Observations(consumer=Pact(consumer, "", [call], {}))

    return Oracle(
        name=consumer,
        promise=f"The {consumer}'s consumer contract keeps to the published contract.",
        codes=register(TEXTS.format(prefix=prefix, consumer=consumer, name=consumer.capitalize())),
        check=judged,
        violation=violation,
    )


def check(pact: Pact, contract: Contract, prefix: str) -> list[Finding]:
    """Findings on what the consumer relies on and the contract does not give, one for each cause."""
    findings = distinct(finding for one in pact.interactions for finding in _interaction(one, contract))
    return [replace(finding, code=f"{prefix}-{finding.code}") for finding in findings]


def _interaction(one: Interaction, contract: Contract) -> Iterator[Finding]:
    operation = contract.operation(one.method, one.path)
    if operation is None:
        yield Finding(CALL, f"{one.method} {one.path}", "an operation of the contract", f"{one.description}: none")
        return
    if one.status < 400:  # what is to be refused is wrong on purpose
        yield from _parameters(one, operation, contract)
        yield from _sent(one, operation, contract)
    yield from _answer(one, operation, contract)


def _parameters(one: Interaction, operation: Operation, contract: Contract) -> Iterator[Finding]:
    where = f"{operation.method} {operation.path}"
    named: dict[tuple[str, str], Mapping[str, Any]] = {}
    shared = contract.document["paths"][operation.path].get("parameters", [])
    for parameter in map(contract.resolve, [*shared, *operation.document.get("parameters", [])]):
        named[parameter["in"], parameter["name"].lower()] = parameter
    given = {("query", name.lower()): values for name, values in one.query.items()}
    given |= {("path", name.lower()): [value] for name, value in _path_values(one, operation).items()}
    given |= {("header", name): [value] for name, value in one.request.headers.items() if ("header", name) in named}
    for (place, name), values in given.items():
        parameter = named.get((place, name), {})
        if not parameter:
            yield Finding(REQUEST, f"{where} {place} {name}", "a parameter of the operation", "no such parameter")
            continue
        for value in values if len(values) == 1 else [",".join(values)]:
            if not _valid(contract, parameter.get("schema", True), value):
                expected = json.dumps(contract.resolve(parameter["schema"]))[:200]
                yield Finding(REQUEST, f"{where} {place} {name}", expected, value[:200])
    for (place, name), parameter in named.items():
        if parameter.get("required") and (place, name) not in given:
            yield Finding(REQUEST, f"{where} {place} {name}", "a required parameter", "none")


def _path_values(one: Interaction, operation: Operation) -> dict[str, str]:
    parts = zip(operation.path.split("/"), one.path.split("/"), strict=False)
    return {name[1:-1]: unquote(value) for name, value in parts if name.startswith("{") and name.endswith("}")}


def _valid(contract: Contract, schema: Any, text: str) -> bool:
    """Whether a text is a value of a parameter: as it stands, or as the number or boolean that it spells."""
    validator = contract.validator(schema)
    candidates: list[Any] = [text]
    with suppress(ValueError):
        candidates.append(json.loads(text))
    return any(validator.is_valid(value) for value in candidates)


def _sent(one: Interaction, operation: Operation, contract: Contract) -> Iterator[Finding]:
    where = f"{operation.method} {operation.path}"
    body = contract.resolve(operation.document.get("requestBody", {}))
    if not one.request.has_body:
        if body.get("required"):
            yield Finding(REQUEST, f"{where} body", "a body", "none")
        return
    media = one.request.headers.get("content-type", "").partition(";")[0].strip()
    content = body.get("content", {})
    if media not in content:
        yield Finding(REQUEST, f"{where} body", " or ".join(content) or "no body", media or "no content type")
        return
    validator = contract.validator(content[media].get("schema", True), mask="this value")
    for error in validator.iter_errors(one.request.body):
        path = "/".join(map(str, error.instance_path))
        got = json.dumps(error.instance)[:200]
        yield Finding(REQUEST, f"{where} /{path}", error.message[:300], f"{one.description}: {got}")


def _answer(one: Interaction, operation: Operation, contract: Contract) -> Iterator[Finding]:
    responses = operation.document["responses"]
    where = f"{operation.method} {operation.path} {one.status}"
    response = contract.resolve(responses.get(str(one.status), responses.get("default")))
    if response is None:
        yield Finding(STATUS, where, f"one of {', '.join(responses)}", f"{one.description}: {one.status}")
        return
    documented = {name.lower() for name in response.get("headers", {})} | EVERYWHERE
    for name in sorted(set(one.response.headers) - documented):
        yield Finding(READ, f"{where} header {name}", "a header of the contract", "no such header")
    if not one.response.has_body:
        return
    content = response.get("content", {})
    media = one.response.headers.get("content-type", "").partition(";")[0].strip()
    if media not in content:
        yield Finding(VALUE, f"{where} content type", " or ".join(content) or "no body", media or "none")
        return
    reading = Reading(contract, one.response.rules, one.query)
    for gap in reading.gaps(content[media].get("schema", {}), one.response.body):
        yield Finding(
            VALUE if gap.value else READ, f"{where} {gap.path}", gap.expected, f"{one.description}: {gap.got}"
        )
