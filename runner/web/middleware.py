"""The treatment of every request: id, log line, metrics, cross-origin rules, and the last resort."""

import re
import time
import uuid
from typing import Final
from urllib.parse import unquote

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runner import logging
from runner.metrics import Metrics
from runner.shortage import is_shortage
from runner.web.errors import ApiError, envelope, overloaded

REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_ENCODED_SLASH: Final = re.compile(r"%2f", re.IGNORECASE)
_KNOWN_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_MAX_LOGGED_PATH: Final = 300
_STATIC_PATH: Final = "/portal"
REFUSAL: Final = "refusal"
"""The member of a request's state that says why it, or the rest of its body, cannot be read."""

_UNFORESEEN: Final = ApiError(500, "internal_error", "The runner failed on this request; its log says why.")

_log = logging.get(__name__)


class RequestContext:
    """Gives every request an id, a log line and a place in the metrics."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection of the ASGI server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        scope["path"] = path_of(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 499  # the client went away before the answer began
        started = time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _complete(MutableHeaders(scope=message), request_id, scope["path"])
            await send(message)

        try:
            await self._app(scope, _readable(scope, receive), answer)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _KNOWN_METHODS else "other"
        route = getattr(scope.get("route"), "path_format", "unmatched")
        self._metrics.answered(method, route, status, seconds)
        note = _log.warning if status >= 500 else _log.info
        note(
            "request",
            method=scope["method"][:32],
            path=scope["path"][:_MAX_LOGGED_PATH],
            route=route,
            status=status,
            duration_ms=round(seconds * 1000, 3),
        )


def _complete(headers: MutableHeaders, request_id: str, path: str) -> None:
    """Add the headers of every response. What the interface shows may change at once, so no cache keeps it."""
    headers["X-Request-ID"] = request_id
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cache-Control"] = "no-cache" if path.startswith(_STATIC_PATH) else "no-store"


def _readable(scope: Scope, receive: Receive) -> Receive:
    """Receive a body; the refusal of what cannot be read of it is raised where the application reads it."""

    async def received() -> Message:
        message = await receive()
        if REFUSAL in scope["state"]:
            raise scope["state"][REFUSAL]
        return message

    return received


def path_of(scope: Scope) -> str:
    """The decoded path, in which an encoded slash stays encoded: it is part of a segment and separates none."""
    raw = scope.get("raw_path", b"").decode("ascii", "replace")
    if not _ENCODED_SLASH.search(raw):
        return str(scope["path"])
    return unquote(_ENCODED_SLASH.sub("%252F", raw))


class LastResort:
    """Answers for what no route sees: an unreadable request, and 500, with a traceback, for what nobody foresaw."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection of the ASGI server."""
        if scope["type"] == "http" and REFUSAL in scope["state"]:
            await envelope(scope["state"]["request_id"], scope["state"][REFUSAL])(scope, receive, send)
            return
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            return
        except Exception as error:
            if scope["type"] != "http" or begun:
                raise
            _log.exception("request_failed")
            failure = overloaded() if is_shortage(error) else _UNFORESEEN
            await envelope(scope["state"]["request_id"], failure)(scope, receive, send)


class CrossOrigin(CORSMiddleware):
    """Cross-origin rules. A preflight that is not allowed gets no permission, and is no error."""

    def __init__(self, app: ASGIApp, origin_regex: str) -> None:
        super().__init__(
            app,
            allow_origin_regex=origin_regex,
            allow_methods=["GET", "POST"],
            allow_headers=["Content-Type", "Idempotency-Key", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to a browser's question whether it may send a request."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        return Response(status_code=204, headers={"Vary": "Origin"})
