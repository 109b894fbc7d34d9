"""Guesses from an OpenAPI document alone, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gate.contract.document import Contract
from gate.contract.nodes import Operation
from gate.core.exchange import READING

HARMFUL: Mapping[str, str] = {
    r"shut-?down|restart|reboot|terminate|factory-?reset": "may end the service",
    r"maintenance|read-?only-?mode|lock-?down": "may put the service out of use",
    r"wipe|purge|truncate|erase|flush|(drop|delete|clear|remove)-?(all|every)": "may remove all",
    r"(?<!password-)reset(?!-password)": "may remove more than was made here",
    r"log-?out|sign-?out|revoke|(own|current|my)-?(token|session|password)": "may end the run's own access",
    r"(web-?)?hooks?|callbacks?": "may call addresses that are given to it",
    r"sync|mirror|download|fetch|crawl|scrape|e?mail|sms|notify|remote-?(import|export)": "may call out",
}
"""Parts of an operation's path or id, and what such an operation may do."""
ENDLESS = r"stream|watch|subscribe|subscriptions?|sse|tail|follow|long-?poll|websocket|ws"
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def left_out(operation: Operation) -> str:
    """The reason why an operation had better not be tried; empty where nothing speaks against it."""
    content = [media for answer in operation.document.get("responses", {}).values() for media in _media(answer)]
    if "text/event-stream" in content:
        return "Its answer is a stream without an end (text/event-stream)."
    last = _segments(operation.path)[-1:]
    if last and re.fullmatch(ENDLESS, last[0]):
        return f"Its answer may never end: {last[0]!r} in its path."
    if operation.method in READING:
        return ""
    path, name = "-".join(_segments(operation.path)), _words(str(operation.document.get("operationId", "")))
    for place, texts in (("path", [path]), ("operationId", [name])):
        for text in texts:
            for pattern, harm in HARMFUL.items():
                if match := re.search(rf"(?<![a-z])({pattern})(?![a-z])", text):
                    return f"It {harm}: {match[0]!r} in its {place}."
    return ""


def _words(text: str) -> str:
    return "-".join(part.lower() for part in _PARTS.findall(text))


def _segments(path: str) -> list[str]:
    return [_words(part) for part in path.split("/") if part and not part.startswith("{")]


def _media(answer: Any) -> Iterator[str]:
    yield from (answer.get("content") or {}) if isinstance(answer, Mapping) else ()


def authentication(document: Mapping[str, Any]) -> tuple[str, str, str]:
    """Header, value and reason of the first security scheme that a header can satisfy; empty texts without one."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    for name, scheme in schemes.items():
        match scheme:
            case {"type": "apiKey", "in": "header", "name": str(header)}:
                return header, "env:TOKEN", f"The document's security scheme {name} is a key in this header."
            case {"type": "http", "scheme": str(kind)} if kind.lower() in {"bearer", "basic"}:
                reason = f"The document's security scheme {name} is HTTP {kind}."
                return "Authorization", f"{kind.title()} env:TOKEN", reason
            case {"type": "oauth2" | "openIdConnect"}:
                reason = f"The document's security scheme {name} takes a bearer token."
                return "Authorization", "Bearer env:TOKEN", reason
    return "", "", ""


def bases(contract: Contract, place: str) -> list[str]:
    """Texts that may stand before each path, the most likely first; ``place`` is the document's path on the service."""
    servers = [base for operation in contract.operations[:1] for base in operation.bases]
    above = [place.rsplit("/", number)[0] for number in (1, 2)] if place.startswith("/") else []
    usual = ["", "/api", "/api/v1", "/v1", "/api/v2"]
    return list(dict.fromkeys(base.rstrip("/") for base in (*servers, *above, *usual)))


def readable(contract: Contract) -> list[Operation]:
    """Operations that can be read without knowing anything."""
    return [each for each in contract.operations if each.method == "GET" and "{" not in each.path]
