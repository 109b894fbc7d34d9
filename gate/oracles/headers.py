"""Headers of each response: their values, those of every response, and how they fit its body and its request.

The rules are extensions of the contract: one at its root, and two of a header, ``present-with`` and ``value``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from gate.contract.document import Contract
from gate.core import pointer
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Oracle

CODES = register("""
BG-HEADER-001 major: Header has a value that the contract does not allow
    A header of the response has another type, unit or range than the contract documents for it. Clients that obey it
    wait for seconds or for hours, or do not find what it names.
BG-HEADER-002 minor: Header of every response is missing or differs
    The contract promises a header and its value for every response, errors included, and this response breaks it.
BG-HEADER-003 minor: Header where the contract has none
    The response has a header that the contract reserves for others, so clients act on it without need, or learn what
    they need not know.
BG-HEADER-004 major: Request id is not kept
    The response must have the id of its request, or an id of its own where the request has none that can be used, and
    the body must name the same id. Nobody finds the log lines of a request otherwise.
BG-HEADER-005 minor: Allow does not name the methods of the path
    A response 405 must name the methods that the path has, all of them and no other one (RFC 9110, section 15.5.6).
BG-HEADER-008 major: Headers contradict each other or the body
    Two headers, or a header and the body, say the same in two ways, and say different things.
""")
VALUE, EVERYWHERE, RESERVED, REQUEST_ID, ALLOW, CONTRADICTION = (code.id for code in CODES)

ROUNDING = 2
"""Seconds by which two headers about the same moment may differ: the clock goes on between them."""
_EXPRESSION = re.compile(r"\{\$response\.body#([^}]*)\}")


def oracle(prefix: str) -> Oracle:
    """The oracle of a contract whose extensions begin with ``prefix``."""

    def check(record: Record, _: Observations, contract: Contract) -> Iterator[Finding]:
        rules = contract.document.get(f"{prefix}headers", {})
        for exchange in record.exchanges:
            yield from _everywhere(rules, exchange)
            yield from _request_id(rules, exchange)
            yield from _documented(prefix, contract, exchange)
            yield from _allow(contract, exchange)
        yield from _repeated(rules, record)

    def violation(contract: Contract) -> tuple[Record, Observations]:
        unknown = Exchange("GET", "http://service/no/such/path", 405, headers={"set-cookie": "a=b"})
        return Record("", [unknown, *_broken(prefix, contract)]), Observations()

    return Oracle(
        name="headers",
        promise="Headers of each response have the documented values, and agree with its body and its request.",
        codes=CODES,
        check=check,
        violation=violation,
    )


def _broken(prefix: str, contract: Contract) -> Iterator[Exchange]:
    """A response with a header that contradicts its body, for each header that names a part of it."""
    for operation in contract.operations:
        for status, response in operation.document["responses"].items():
            for name, header in contract.resolve(response).get("headers", {}).items():
                if f"{prefix}value" in contract.resolve(header):
                    yield Exchange(
                        operation.method, f"http://service{operation.path}", int(status), headers={name.lower(): "?"}
                    )


def _finding(code: str, exchange: Exchange, name: str, expected: str, got: str | None, where: str = "") -> Finding:
    place = f"{where or 'any response'}: {name}"
    return Finding(code, place, expected, got if got is not None else "no such header", request=exchange.request_id)


def _everywhere(rules: Mapping[str, Any], exchange: Exchange) -> Iterator[Finding]:
    headers = exchange.headers
    for name, value in rules.get("always", {}).items():
        if headers.get(name.lower()) != value:
            yield _finding(EVERYWHERE, exchange, name, value, headers.get(name.lower()))
    varying = {name.strip().lower() for name in headers.get("vary", "").split(",")}
    for name in rules.get("vary", ()):
        if name.lower() not in varying:
            yield _finding(EVERYWHERE, exchange, "Vary", name, headers.get("vary"))
    for name, pattern in rules.get("never", {}).items():
        got = headers.get(name.lower())
        if got is not None and re.search(pattern, got, re.IGNORECASE):
            yield _finding(RESERVED, exchange, name, "no such header" + (f" with {pattern}" if pattern else ""), got)


def _request_id(rules: Mapping[str, Any], exchange: Exchange) -> Iterator[Finding]:
    rule = rules.get("request_id")
    if not rule:
        return
    name = rule["header"]
    got, sent = exchange.headers.get(name.lower()), exchange.request_headers.get(name.lower())
    usable = sent is not None and re.fullmatch(rule["pattern"], sent)
    if got is None or not re.fullmatch(rule["pattern"], got):
        yield _finding(REQUEST_ID, exchange, name, rule["pattern"], got)
    elif usable and got != sent:
        yield _finding(REQUEST_ID, exchange, name, f"that of the request, {sent}", got)
    body = exchange.json if exchange.status >= 400 else None
    member = body.get(rule["member"]) if isinstance(body, dict) else None
    if member is not None and member != got:
        yield _finding(
            REQUEST_ID, exchange, f"member {rule['member']}", f"that of the header, {got}", json.dumps(member)
        )


def _repeated(rules: Mapping[str, Any], record: Record) -> Iterator[Finding]:
    name = rules.get("request_id", {}).get("header", "").lower()
    issued = Counter(
        exchange.headers[name]
        for exchange in record.exchanges
        if name in exchange.headers and exchange.headers[name] != exchange.request_headers.get(name)
    )
    for request, number in issued.items():
        if number > 1:
            where = f"any response: {name}"
            yield Finding(REQUEST_ID, where, "another id for each request", f"{number} times {request}", "", request)


def _documented(prefix: str, contract: Contract, exchange: Exchange) -> Iterator[Finding]:
    operation = contract.operation(exchange.method, exchange.path)
    if operation is None or exchange.status == 405:
        return
    response = contract.response(operation, exchange.status) or {}
    where = f"{operation} {exchange.status}"
    for name, header in response.get("headers", {}).items():
        documented, got = contract.resolve(header), exchange.headers.get(name.lower())
        codes = documented.get(f"{prefix}present-with")
        if codes is not None and (got is not None) != (exchange.error_code in codes):
            present = exchange.error_code in codes
            expected = "the header" if present else f"no such header with {exchange.error_code}"
            yield _finding(VALUE if present else RESERVED, exchange, name, expected, got, where)
        elif got is not None:
            yield from _value(contract, exchange, where, name, documented, got)
            yield from _agrees(prefix, exchange, where, name, documented, got)


def _value(
    contract: Contract, exchange: Exchange, where: str, name: str, documented: Mapping[str, Any], got: str
) -> Iterator[Finding]:
    schema = documented.get("schema", True)
    number = contract.resolve(schema).get("type") == "integer" if isinstance(schema, Mapping) else False
    value: Any = int(got) if number and re.fullmatch(r"[0-9]{1,18}", got) else got
    for error in contract.standing_validator(schema).iter_errors(value):
        yield _finding(VALUE, exchange, name, f"as documented: {error.message}", got, where)


def _agrees(
    prefix: str, exchange: Exchange, where: str, name: str, documented: Mapping[str, Any], got: str
) -> Iterator[Finding]:
    template = documented.get(f"{prefix}value")
    if template:
        expected = _EXPRESSION.sub(lambda part: _member(exchange, part[1]), template)
        if got != expected:
            yield _finding(CONTRADICTION, exchange, name, expected, got, where)
    until = documented.get(f"{prefix}seconds-until")
    if until and got.isdecimal():
        left = _seconds_until(exchange, exchange.headers.get(until.lower(), ""))
        if left is not None and abs(left - int(got)) > ROUNDING:
            yield _finding(CONTRADICTION, exchange, name, f"{left} seconds, until {until}", got, where)


def _member(exchange: Exchange, place: str) -> str:
    try:
        return str(pointer.resolve(exchange.json, place))
    except LookupError:
        return "?"


def _seconds_until(exchange: Exchange, moment: str) -> int | None:
    try:
        return int(moment) - int(parsedate_to_datetime(exchange.headers["date"]).timestamp())
    except (KeyError, ValueError):
        return None


def _allow(contract: Contract, exchange: Exchange) -> Iterator[Finding]:
    if exchange.status != 405:
        return
    allowed = {name.strip() for name in exchange.headers.get("allow", "").split(",")} - {""}
    matching = [operation for operation in contract.operations if operation.path_values(exchange.path) is not None]
    documented = {operation.method for operation in matching}
    # A template may take no value that is a literal of a sibling, so its methods are allowed there but not promised.
    fewest = min((operation.path.count("{") for operation in matching), default=0)
    promised = {operation.method for operation in matching if operation.path.count("{") == fewest}
    if not allowed or exchange.method in allowed or (documented and not promised <= allowed <= documented):
        expected = ", ".join(sorted(promised)) or f"methods without {exchange.method}"
        yield _finding(ALLOW, exchange, "Allow", expected, exchange.headers.get("allow"), "405")
