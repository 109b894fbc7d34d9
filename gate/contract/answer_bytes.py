"""Bytes of an answer against what its headers say of them, by rules that hold for every service."""

from __future__ import annotations

from email.message import Message

from gate.core.exchange import Exchange, strict_json
from gate.core.findings import Finding

NOT_JSON, CHARSET, LENGTH = "BG-HTTP-020", "BG-HTTP-021", "BG-HTTP-022"
JSON_TYPES = ("application/json", "+json")


def check(exchange: Exchange, operation: str) -> list[Finding]:
    """Findings on the bytes of an answer to an operation."""
    where, findings = f"{operation} {exchange.status}", []
    declared = exchange.headers.get("content-length", "")
    bare = exchange.method == "HEAD" or exchange.status in {204, 304}
    coded = {"content-encoding", "transfer-encoding"} & exchange.headers.keys()
    if declared and not bare and not coded and declared != str(len(exchange.body)):
        findings.append(Finding(LENGTH, where, f"Content-Length: {len(exchange.body)}", declared))
    if not exchange.media_type.endswith(JSON_TYPES) or bare:
        return findings
    header = Message()
    header["content-type"] = exchange.headers["content-type"]
    charset = header.get_content_charset("utf-8")
    if charset not in {"utf-8", "us-ascii"}:
        findings.append(Finding(CHARSET, where, "JSON in UTF-8", charset))
    try:
        strict_json(exchange.body)
    except ValueError as error:
        findings.append(Finding(NOT_JSON, where, "strict JSON in UTF-8, each member once", f"{error}: {exchange.text}"))
    return findings
