"""Stands between the portal and the runner, so that each call of the portal is an exchange like any other."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gate.client import Client, Unreachable
from gate.errors import NotAvailable
from gate.router.serving import Serving
from gate.waiting import wait

HOP = frozenset({"connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding"})
"""Headers of one connection, which no other takes over."""


class Relay:
    """Passes on what a browser sends, through the client of a scenario, from an origin of its own.

    Rules of the browser hold between the portal's pages and this address: the runner's own headers come back as they
    are. What is no call of the portal is passed on and is no exchange: preflights, and pages that the runner serves.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._plain = httpx.Client(base_url=client.base_url, trust_env=False)
        self.unavailable: NotAvailable | None = None  # why a call was not let through, where one was not
        self._under_way = 0
        self._lock = threading.Lock()
        self._serving: Serving | None = Serving(self, "127.0.0.1")
        self._port = self._serving.port

    @property
    def url(self) -> str:
        """Where it listens, or will again."""
        return f"http://127.0.0.1:{self._port}"

    def lose(self) -> None:
        """Listens no more: the browser finds nobody there."""
        if self._serving is not None:
            self._serving.stop()
            self._serving = None

    def find(self) -> None:
        """Listens again, where it did before."""
        if self._serving is None:
            self._serving = Serving(self, "127.0.0.1", self._port)

    def settle(self) -> None:
        """Waits until nothing is under way any more."""
        wait("the portal's last calls being answered", lambda: self._under_way, until=lambda number: number == 0)

    def close(self) -> None:
        """Stops for good."""
        self.lose()
        self._plain.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        request = Request(scope, receive)
        body = await request.body()
        response = await run_in_threadpool(self._pass_on, request, body)
        if response is None:
            scope["state"]["hang_up"]()
            return
        await response(scope, receive, send)

    def _pass_on(self, request: Request, body: bytes) -> Response | None:
        """The runner's answer; None where there is none, which the browser shall see as well."""
        path = request.scope["raw_path"].decode("ascii")
        query = request.scope["query_string"].decode("ascii")
        target = f"{path}?{query}" if query else path
        headers = {name: value for name, value in request.headers.items() if name not in HOP}
        with self._lock:
            self._under_way += 1
        try:
            return self._answer(request.method, target, headers, body)
        except NotAvailable as reason:
            self.unavailable = reason
            return None
        except (Unreachable, httpx.RequestError):
            return None
        finally:
            with self._lock:
                self._under_way -= 1

    def _answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        if method == "OPTIONS" or not target.startswith("/api/"):
            plain = self._plain.request(method, target, headers=dict(headers))
            return _response(plain.status_code, plain.headers, plain.content)
        exchange = self._client.request(method, target, content=body or None, headers=headers)
        return _response(exchange.status, exchange.headers, exchange.body)


def _response(status: int, headers: Mapping[str, str], body: bytes) -> Response:
    response = Response(body, status)
    for name, value in headers.items():
        if name.lower() not in HOP:
            response.headers[name] = value
    return response
