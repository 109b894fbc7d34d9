"""Where a remote runner is, and what a request needs to get to it; what is secret of that is kept apart."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from gate.core.redaction import MASK, SHORTEST

HEADER = "GATE_HEADER_"
"""``GATE_HEADER_X_API_KEY=value`` in the environment adds the header ``x-api-key: value`` to every request."""
SET_UP_PAUSES = (0.2, 0.6)
"""Seconds before a connection is tried again; a request that was sent is never sent again."""


@dataclass(frozen=True, slots=True)
class Address:
    """``url`` may be shown. ``headers`` and ``query`` go with each request and into no exchange, report or log."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: str = field(default="", repr=False)
    secret: tuple[bytes, ...] = field(default=(), repr=False)

    def hide(self, content: bytes) -> bytes:
        """What a runner answered, without the secrets that it may have repeated."""
        for one in self.secret:
            content = content.replace(one, MASK.encode())
        return content

    @classmethod
    def of(cls, base_url: str, environment: Mapping[str, str] = os.environ) -> Address:
        """From an option's value, with its userinfo and query, and the headers of the environment."""
        parts = urlsplit(base_url)
        headers = {
            name.removeprefix(HEADER).replace("_", "-").lower(): value
            for name, value in environment.items()
            if name.startswith(HEADER)
        }
        if parts.username is not None:
            headers.setdefault("authorization", f"Basic {_basic(parts.username, parts.password)}")
        shown = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
        hidden = sorted({one.encode() for one in secrets(base_url, environment) if len(one) >= SHORTEST}, key=len)
        return cls(shown, headers, parts.query, tuple(reversed(hidden)))


def secrets(base_url: str | None, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """What must not be seen of an address and of the headers in the environment, in each way of writing it."""
    parts = urlsplit(base_url or "")
    for part in (parts.username, parts.password):
        yield from (part or "", unquote(part or ""))
    if parts.username is not None:
        yield _basic(parts.username, parts.password)
    yield parts.query
    for _, value in parse_qsl(parts.query):
        yield value
    for pair in parts.query.split("&"):
        yield pair.partition("=")[2]
    for name, value in environment.items():
        if name.startswith(HEADER):
            yield value
            yield from (word for word in value.split() if len(word) >= 8)


def _basic(username: str, password: str | None) -> str:
    return base64.b64encode(f"{unquote(username)}:{unquote(password or '')}".encode()).decode()
