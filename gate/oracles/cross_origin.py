"""Cross-origin rules: a browser's page of an allowed origin reads each answer, and no other one does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Need, Oracle

CODES = register("""
BG-HEADER-006 major: Page of an allowed origin cannot read the answer
    The request came from an origin that the contract allows, and the answer lacks what its browser needs to show it to
    the page. An error without these headers reaches the page as a network failure without a reason.
BG-HEADER-007 critical: Answer is shared with an origin that is not allowed
    The response lets a browser show it to the pages of an origin that the contract does not allow.
""")
UNREADABLE, SHARED = (code.id for code in CODES)

ALLOW = "access-control-allow-"
ASKED = "access-control-request-method"


def oracle(extension: str) -> Oracle:
    """The oracle of the rules in an extension of the contract."""

    def check(record: Record, _: Observations, contract: Contract) -> Iterator[Finding]:
        rules: Mapping[str, Any] = contract.document.get(extension, {})
        for exchange in record.exchanges if rules else ():
            yield from _judged(rules, exchange)

    def violation(contract: Contract) -> tuple[Record, Observations]:
        allowed, refused = (contract.document[extension]["examples"][name][0] for name in ("allowed", "refused"))
        answers = [
            Exchange("GET", "http://service/", 200, {"origin": allowed}),
            Exchange("GET", "http://service/", 200, {"origin": refused}, headers={f"{ALLOW}origin": refused}),
        ]
        return Record("", answers), Observations()

    return Oracle(
        name="cross-origin",
        promise="Each answer is readable for pages of allowed origins, and of no other ones.",
        codes=CODES,
        check=check,
        violation=violation,
        needs={Need.SETTINGS: "the origins that the service is configured for are not known"},
    )


def origin(rules: Mapping[str, Any] | None, number: int) -> Mapping[str, str]:
    """The header Origin of a test's request ``number``, so that each answer is judged in one of the three cases."""
    examples = (rules or {}).get("examples", {})
    turns: Sequence[str | None] = [None, *examples.get("allowed", ()), *examples.get("refused", ())]
    chosen = turns[number % len(turns)]
    return {"origin": chosen} if chosen else {}


def _judged(rules: Mapping[str, Any], exchange: Exchange) -> Iterator[Finding]:
    sender = exchange.request_headers.get("origin")
    allowed = sender is not None and re.fullmatch(rules["origins"], sender) is not None
    if not allowed:
        for name in exchange.headers:
            if name.startswith(ALLOW):
                where, got = f"any response: {name}", exchange.headers[name]
                yield Finding(SHARED, where, f"no such header for {sender}", got, request=exchange.request_id)
        return
    expected = {f"{ALLOW}origin": [sender or ""], "vary": ["origin"]}
    if exchange.method == "OPTIONS" and ASKED in exchange.request_headers:
        if not _offered(rules, exchange):
            return
        expected |= {f"{ALLOW}methods": rules["methods"], f"{ALLOW}headers": rules["request_headers"]}
        expected["access-control-max-age"] = [str(rules["max_age"])]
    else:
        expected["access-control-expose-headers"] = rules["exposed"]
    for name, values in expected.items():
        got = exchange.headers.get(name, "no such header")
        parts = {part.strip().lower() for part in got.split(",")}
        if not {value.lower() for value in values} <= parts or (name == f"{ALLOW}origin" and len(parts) > 1):
            where = f"any response: {name}"
            yield Finding(UNREADABLE, where, ", ".join(values), got, request=exchange.request_id)


def _offered(rules: Mapping[str, Any], exchange: Exchange) -> bool:
    """Return whether a preflight asks for nothing that the rules do not offer."""
    names = exchange.request_headers.get("access-control-request-headers", "")
    asked = {name.strip().lower() for name in names.split(",")} - {""}
    known = {name.lower() for name in rules["request_headers"]} | {"accept", "accept-language", "content-language"}
    return exchange.request_headers[ASKED] in rules["methods"] and asked <= known
