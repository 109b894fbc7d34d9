"""Serves an application from a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

KEEP_ALIVE_SECONDS = 3600  # never first to close: a client could be about to send its next request
STOP_SECONDS = 5.0
HANGS_SECONDS = 5.0
"""Seconds after which a request shows that the application hangs: it answers at once, or waits for its client."""


class _Protocol(HttpToolsProtocol):
    """Lets the application close the connection of a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        super().connection_made(transport)
        self.app_state = {"hang_up": transport.close}


@dataclass(frozen=True)
class _Running:
    """The port and the event loop, for other threads."""

    port: int
    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event


class Serving:
    """One start of a server: from ``Serving(...)``, which returns once it listens, until ``stop``.

    Only uvicorn's protocol is used: its server polls for its end ten times a second, and waits for hanging requests.
    Port 0 takes a free port. Raises OSError where the port is taken.
    """

    def __init__(self, app: ASGIApp, host: str, port: int = 0) -> None:
        self._app = app
        self._failure: Exception | None = None
        self._at_work: dict[object, float] = {}  # since when each open request waits for the application alone
        self._config = uvicorn.Config(
            self._noting,
            interface="asgi3",
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._config.load()
        started: Future[_Running] = Future()
        self._thread = threading.Thread(target=self._run, args=(host, port, started), name="router", daemon=True)
        self._thread.start()
        self._running = started.result()
        self.port = self._running.port

    def trouble(self) -> str:
        """The end of a sentence that says what went wrong in it; empty where nothing did."""
        if not self._thread.is_alive():
            return "has ended by itself"
        if self._failure:
            return f"failed in itself: {self._failure!r}"
        hangs = time.monotonic() - min(self._at_work.copy().values(), default=math.inf) > HANGS_SECONDS
        return f"has not answered a request for {HANGS_SECONDS:g} s" if hangs else ""

    async def _noting(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application, whose errors are noted: its client sees a status alone, which looks like one on purpose."""
        request = object()

        async def received() -> Message:
            self._at_work[request] = math.inf
            try:
                return await receive()
            finally:
                if request in self._at_work:  # it may be over, where somebody else waited for its client
                    self._at_work[request] = time.monotonic()

        self._at_work[request] = time.monotonic()
        try:
            await self._app(scope, received, send)
        except (OSError, ClientDisconnect):  # the client has gone, as it may
            raise
        except Exception as error:  # whichever it is, it is the stand-in's own; uvicorn answers 500
            self._failure = self._failure or error
            raise
        finally:
            self._at_work.pop(request, None)

    def stop(self) -> None:
        """Stops listening and closes every connection, hanging ones too."""
        if self._thread.is_alive():
            self._running.loop.call_soon_threadsafe(self._running.stop.set)
            self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError(f"the router stand-in did not end within {STOP_SECONDS:g} s")

    def _run(self, host: str, port: int, started: Future[_Running]) -> None:
        try:
            with asyncio.Runner(loop_factory=self._config.get_loop_factory()) as runner:
                runner.run(self._serve(host, port, started))
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    async def _serve(self, host: str, port: int, started: Future[_Running]) -> None:
        loop = asyncio.get_running_loop()
        state, stop = ServerState(), asyncio.Event()
        server = await loop.create_server(
            lambda: _Protocol(self._config, state, {}), host, port, backlog=self._config.backlog
        )
        started.set_result(_Running(server.sockets[0].getsockname()[1], loop, stop))
        await stop.wait()
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        if state.tasks:  # each ends as its client is gone
            await asyncio.wait(state.tasks, timeout=STOP_SECONDS / 2)
        await server.wait_closed()
