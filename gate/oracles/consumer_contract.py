"""A consumer contract held against the published one: whether calls are allowed, and what is read is promised.

Of a number or a text the example stands for any; where the consumer says that a value has to be equal, it counts. A
header is promised if the contract documents it for the answer; whether it is there in a given state, a live run tells.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from gate.contract.document import Contract
from gate.contract.nodes import Operation
from gate.contract.pact import Interaction, Pact
from gate.contract.promises import Reading
from gate.core.findings import Finding

CALL, REQUEST, STATUS, READ, VALUE = (f"BG-PORTAL-00{number}" for number in range(1, 6))
EVERYWHERE = frozenset({"content-type", "content-length", "date"})
"""Response headers that need no word of the contract."""


def check(pact: Pact, contract: Contract) -> list[Finding]:
    """What the consumer relies on and the contract does not give; one finding for each cause."""
    found = [finding for one in pact.interactions for finding in _interaction(one, contract)]
    return list({finding.cause: finding for finding in reversed(found)}.values())[::-1]


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
