"""Answers reveal nothing of the inside of the service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Need, Oracle

CODES = register("""
BG-REVEAL-001 critical: Answer names a secret or an address of the inside
    A body or a header of the response holds the address, the user, the password or the name of the service's database,
    or a path of its files. Errors reach everybody who can send a request, and attackers begin there.
BG-REVEAL-002 major: Error shows the code behind it
    An error or a report of the service's health holds a traceback, a statement in SQL, a message of a library, or the
    class of an error. Clients cannot use it, it changes with each release, and attackers learn from it.
""")
INSIDE, CODE = (code.id for code in CODES)

# Languages' traces, and the texts of Postgres, libpq and their drivers, which any service passes on as they are.
_TRACES = re.compile(
    r"Traceback \(most recent call last\)|\bFile \"[^\"]+\", line \d+|/site-packages/"
    r"|\bSQLSTATE\b|\bpsycopg|\basyncpg\b"
    r"|\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\s[^\"]{0,200}\b(?:FROM|VALUES|SET|WHERE)\b"
    r"|\b(?:relation|column) \\?\"[^\"]+\" (?:does not exist|of relation)"
    r"|\bduplicate key value\b|\bviolates \w+ constraint"
    r"|\bcouldn't get a connection after\b|\bserver closed the connection\b|\bterminating connection due to\b"
    r"|\bconsuming input failed\b|\bsending query failed\b|\bthe connection is (?:lost|closed)\b|\bconnection is bad\b"
    r"|\bpassword authentication failed\b|\bno pg_hba\.conf entry\b|\b(?:too many|remaining) connection"
    r"|\bcould not connect\b|\bcanceling statement due to\b|\bdeadlock detected\b|\bcould not serialize access\b"
    r"|\bconnection (?:to server )?(?:at|failed|refused)|\b[A-Z][A-Za-z]+(?:Error|Exception)\b|\bat 0x[0-9a-f]{6,}"
)


def oracle(extension: str) -> Oracle:
    """The oracle; the extension of the contract names the reports that are judged like errors."""

    def check(record: Record, observations: Observations, contract: Contract) -> Iterator[Finding]:
        reports = contract.document.get(extension, {}).get("reports", ())
        for exchange in record.exchanges:
            yield from _judged(exchange, observations.inside, contract, exchange.path in reports)

    def violation(contract: Contract) -> tuple[Record, Observations]:
        operation = contract.operations[0]
        body = b'{"error": "OperationalError: database secret-name"}'
        answer = Exchange(operation.method, f"http://service{operation.path}", 503, body=body)
        return Record("", [answer]), Observations(inside={"the database": "secret-name"})

    return Oracle(
        name="reveal",
        promise="No answer names the database's address or secrets, a file, a statement, or the class of an error.",
        codes=CODES,
        check=check,
        violation=violation,
        wants={Need.ROWS: "without the database's URL, only traces of code are looked for"},
    )


def facts(database_url: str | None, root: str) -> dict[str, str]:
    """The facts of the inside by name: those of the URL of a database, and the folder of the service."""
    known = {"the folder of the service": root}
    if database_url:
        parts = urlsplit(database_url)
        known |= {
            "the address of the database": f"{parts.hostname}:{parts.port}" if parts.port else "",
            "the port of the database": f"port {parts.port}" if parts.port else "",
            "the name of the database": parts.path.strip("/"),
            "the password of the database": unquote(parts.password or ""),
        }
    return {name: text for name, text in known.items() if len(text) > 3}


def _judged(exchange: Exchange, inside: Mapping[str, str], contract: Contract, report: bool) -> Iterator[Finding]:
    operation = contract.operation(exchange.method, exchange.path)
    where = f"{operation or exchange.method} {exchange.status}"
    answer = "\n".join((exchange.text, *(f"{name}: {value}" for name, value in exchange.headers.items())))
    sent = "\n".join((exchange.url, exchange.request_body.decode(errors="replace")))
    for name, fact in inside.items():
        if fact in answer and fact not in sent:
            yield Finding(INSIDE, f"{where}: {name}", "no such text", exchange.text, request=exchange.request_id)
    if exchange.status < 400 and not report:
        return
    trace = next((match[0] for match in _TRACES.finditer(answer) if match[0] not in unquote(sent)), None)
    if trace:
        yield Finding(CODE, where, "an error in plain words", trace, request=exchange.request_id)
