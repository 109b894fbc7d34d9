"""Refusals of valid requests: how often each kind came, and what would lead further."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from gate.core.exchange import Exchange
from gate.core.texts import clip

LONGEST = 140
_VARYING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4}|'[^']*'|\"[^\"]*\"|`[^`]*`|\d+")
ADVICE = {
    401: 'Declare credentials in [fuzz.headers], as Authorization = "env:TOKEN".',
    403: "Declare credentials of a role that may do this in [fuzz.headers].",
    404: "Nothing that it needs is there: declare its resource in [rows.resources], or what creates it.",
    405: "The service has no such operation: correct the document, or leave it out in [fuzz.skip].",
    409: "Its state does not allow it: an earlier step is needed that the document does not describe.",
    413: "Its body is too large: state limits in the document.",
    415: "The document names another media type than the service takes.",
    429: "The service limits requests: lift its limit in [service.env].",
    501: "The service does not have it: leave it out in [fuzz.skip].",
    503: "A part is missing: declare it in [services], or leave the operation out in [fuzz.skip].",
}
OTHERWISE = "State in the document what the refusal asks for, or drop a header of it in [fuzz] drop."


@dataclass(slots=True)
class Refusals:
    """Refusals by status and message."""

    counts: Counter[tuple[int, str]] = field(default_factory=Counter)
    _texts: dict[tuple[int, str], str] = field(default_factory=dict)

    def add(self, exchange: Exchange) -> None:
        """Count an answer that was no acceptance."""
        text = clip(message(exchange.json) or " ".join(exchange.text.split()), LONGEST)
        cause = exchange.status, _VARYING.sub("#", text)
        self.counts[cause] += 1
        self._texts.setdefault(cause, text)

    def lines(self, most: int = 3) -> list[str]:
        """The most frequent refusals, each with its number."""
        ranked = self.counts.most_common(most)
        return [f"{number}x {cause[0]} {self._texts[cause]}".strip() for cause, number in ranked]

    @property
    def advice(self) -> str:
        """The declaration that would lead further, by the most frequent status."""
        statuses = Counter[int]()
        for (status, _), number in self.counts.items():
            statuses[status] += number
        if not statuses:
            return "No valid request could be generated for it: look at its parameters in the document."
        (status, _), *_ = statuses.most_common(1)
        return ADVICE.get(status, OTHERWISE)


def message(body: Any) -> str:
    """The sentence of an error, wherever a service puts it."""
    match body:
        case str():
            return body
        case list():
            return message(body[0]) if body else ""
        case dict():
            names = ("message", "error", "detail", "details", "errors", "msg", "title", "description", "reason")
            parts = [message(body[name]) for name in names if body.get(name)]
            place = body.get("loc") or body.get("path") or body.get("field")
            where = ".".join(map(str, place)) if isinstance(place, list) else str(place or "")
            return " ".join(filter(None, (where, parts[0] if parts else "")))
    return ""
