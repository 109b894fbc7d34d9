"""The HTTP client of the gate: sends requests and records exchanges."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote_plus, urlencode

import httpx

from gate.core.exchange import Exchange
from gate.core.transport import TIMING, WatchedTransport

NONE: Mapping[str, str] = MappingProxyType({})


def with_parameters(target: str, given: Mapping[str, str]) -> str:
    """A path with given parameters in its query, in place of those of the same names; the others stay as written."""
    if not given:
        return target
    path, _, query = target.partition("?")
    kept = [pair for pair in query.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in given]
    return f"{path}?{'&'.join([*kept, urlencode(given)])}"


class Unreachable(AssertionError):  # noqa: N818 (what a test failed with, not a fault of ours)
    """The service did not answer at all; the message says what was sent and what happened instead."""


class Client:
    """Sends requests to one service and hands every exchange to ``record``.

    ``transport`` brings them there, by default directly. ``timeout`` is the time one answer may take, in seconds.
    ``defaults`` are headers that a request has unless it gives others, ``query`` parameters that each has.
    ``unanswered`` is called where there is no answer, and may raise an error that says why.
    """

    def __init__(
        self,
        base_url: str,
        record: Callable[[Exchange], None],
        *,
        transport: httpx.BaseTransport | None = None,
        timeout: float = 15.0,
        unanswered: Callable[[], None] = lambda: None,
        defaults: Callable[[], Mapping[str, str]] = dict,
        query: Mapping[str, str] = NONE,
    ) -> None:
        self.base_url = base_url
        self._record = record
        self._unanswered = unanswered
        self._defaults = defaults
        self._query = query
        self._transport = transport or WatchedTransport()
        # Answers come as they are, so that their bytes are judged against what their headers say of them.
        plain = {"accept-encoding": "identity"}
        self._http = httpx.Client(base_url=base_url, headers=plain, timeout=timeout, transport=self._transport)
        self._base = str(self._http.base_url).rstrip("/")

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | Sequence[bytes] | None = None,
        headers: Mapping[str, str] | Mapping[str, bytes] | None = None,
        params: Mapping[str, str | int] | None = None,
    ) -> Exchange:
        """Sends one request; ``body`` goes as JSON, ``content`` as it is; pieces go without the length of the whole.

        Raises:
            Unreachable: nothing answers.
            NotAvailable: the transport lets nothing of the kind through.

        """
        named = {name.lower() for name in headers or {}}
        sent: dict[str, Any] = {name: value for name, value in self._defaults().items() if name.lower() not in named}
        sent |= dict(headers or {})
        if body is not None:
            sent.setdefault("content-type", "application/json")
            content = json.dumps(body, ensure_ascii=False).encode()
        pieces = [] if content is None or isinstance(content, bytes) else list(content)
        whole = content if isinstance(content, bytes) else b"".join(pieces)
        data, url = iter(pieces) if pieces else whole, self._url(with_parameters(path, self._query))
        request = self._http.build_request(method, url, content=data, headers=sent, params=params)
        try:
            response = self._sent(request)
        except httpx.RequestError as error:
            self._unanswered()
            raise Unreachable(f"{method} {request.url} was not answered: {error!r}") from error
        began, elapsed = response.extensions.get(TIMING, (0.0, 0.0))
        exchange = Exchange(
            method=method,
            url=str(request.url),
            status=response.status_code,
            request_headers={name.lower(): value for name, value in request.headers.items()},
            request_body=whole,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=response.content,
            began=began,
            elapsed=elapsed,
        )
        self._record(exchange)
        return exchange

    def _sent(self, request: httpx.Request) -> httpx.Response:
        """The answer, without what ``httpx.Client.send`` adds: redirects and authentication are the caller's matter."""
        if self._http.is_closed:
            raise RuntimeError("A client that is closed sends nothing.")
        response = self._transport.handle_request(request)
        response.request = request
        response.read()
        if "set-cookie" in response.headers:
            self._http.cookies.extract_cookies(response)
        return response

    def _url(self, path: str) -> httpx.URL | str:
        """The whole URL, which httpx would put together of two that it parses."""
        return httpx.URL(f"{self._base}{path}") if path.startswith("/") and not path.startswith("//") else path

    def get(self, path: str, **params: str | int) -> Exchange:
        """GET ``path``."""
        return self.request("GET", path, params=params or None)

    def post(self, path: str, body: Any = None, **headers: str) -> Exchange:
        """POST ``body`` as JSON; underscores in header names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, body=body, headers=named)
