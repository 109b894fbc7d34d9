"""The last step of a request before the network: where it is timed and watched."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable
from functools import cache

import httpx

TIMING = "gate.timing"
"""Extension of a response: when its request went out, and the seconds until all of the answer was there."""


class WatchedTransport(httpx.BaseTransport):
    """Times requests, calls ``before`` with the method of each just before it goes out, and ``lost`` without an answer.

    ``inner`` sends them; by default straight to the service, since proxies of the environment are for the outside
    world.
    """

    def __init__(
        self,
        inner: httpx.BaseTransport | None = None,
        *,
        before: Callable[[str], None] = lambda _: None,
        lost: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._inner = inner or httpx.HTTPTransport(verify=_authorities(), trust_env=False)
        self._before = before
        self._lost = lost

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request and reads the answer to its end."""
        self._before(request.method)
        started = time.perf_counter()
        try:
            with contextlib.closing(self._inner.handle_request(request)) as response:
                response.read()
        except httpx.RequestError:
            self._lost(request.method)
            raise
        response.extensions[TIMING] = (started, time.perf_counter() - started)
        return response

    def close(self) -> None:
        """Closes the connections."""
        self._inner.close()


@cache
def _authorities() -> ssl.SSLContext:
    """The certificates that every client of this process trusts: reading them takes longer than most requests."""
    return httpx.create_ssl_context(trust_env=False)
