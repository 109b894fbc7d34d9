"""The address of a remote service, and what goes with each request to it; secrets are kept apart."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Event
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

import httpx

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
        """An answer without the secrets that the service may have repeated."""
        for secret in self.secret:
            content = content.replace(secret, MASK.encode())
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
        url = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
        hidden = sorted({text.encode() for text in secrets(base_url, environment) if len(text) >= SHORTEST}, key=len)
        return cls(url, headers, parts.query, tuple(reversed(hidden)))


class AddressedTransport(httpx.BaseTransport):
    """Sends requests with the address's headers and query, and hides its secrets in the answers.

    Proxies and certificates are those of the environment. A connection that cannot be made is tried again, at once
    where ``stopped`` is set.
    """

    def __init__(self, address: Address, http: httpx.Client | None = None, stopped: Event | None = None) -> None:
        self._address = address
        self._http = http or httpx.Client()
        self._stopped = stopped or Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request; the request itself stays without the secrets."""
        whole = self._whole(request)
        for pause in SET_UP_PAUSES:
            try:
                return self._redacted(self._http.send(whole))
            except (httpx.ConnectError, httpx.ConnectTimeout):  # nothing was sent yet, so it can be tried again
                self._stopped.wait(pause)
        return self._redacted(self._http.send(whole))

    def _whole(self, request: httpx.Request) -> httpx.Request:
        query = "&".join(filter(None, (request.url.query.decode("ascii"), self._address.query)))
        url = request.url.copy_with(query=query.encode("ascii")) if self._address.query else request.url
        headers = httpx.Headers(request.headers)
        headers.update({name: value for name, value in self._address.headers.items() if name not in headers})
        return httpx.Request(
            request.method, url, headers=headers, content=request.read(), extensions=request.extensions
        )

    def _redacted(self, response: httpx.Response) -> httpx.Response:
        hide = self._address.hide
        response.headers = httpx.Headers([(name, hide(value)) for name, value in response.headers.raw])
        content = hide(response.content)
        if content == response.content:
            return response
        for name in ("content-encoding", "content-length"):  # of what came, which is not what is shown
            response.headers.pop(name, None)
        return httpx.Response(response.status_code, headers=response.headers, content=content)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()


def secrets(base_url: str | None, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """The secrets of an address and of the headers in the environment, in each way of writing them."""
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
