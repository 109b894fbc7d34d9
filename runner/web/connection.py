"""One connection of a client: what the parser refuses is answered like everything else, and nobody stays for ever."""

import asyncio
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from runner.web.errors import ApiError
from runner.web.middleware import REFUSAL

MAX_TARGET_BYTES: Final = 16 * 1024
MAX_HEAD_BYTES: Final = 64 * 1024
MAX_FIELDS: Final = 100
HEAD_SECONDS: Final = 5.0
"""How long a client may take from its first byte, or its connection, to the end of the header fields."""
PIECE_SECONDS: Final = 9.0
"""How long a client may take from one piece of a body to the next."""
BODY_SECONDS: Final = 60.0
"""How long a client may take for a body."""


class Connection(HttpToolsProtocol):
    """A connection whose requests are bounded in size and time.

    A head that cannot be read becomes a request of its own, which the application answers with the refusal: it has an
    id, a line in the log and a place in the metrics, and stands behind the answers to what came before it. A body that
    cannot be read is refused where the application reads it. After either the connection is closed.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._body_until = 0.0
        self._reading = ""
        """The part of a request that is being read, or none between two requests."""
        self._unread_bytes = 0
        self._field_bytes = 0
        self._fields = 0
        self._blank = False
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what has come; nothing is read behind what was refused."""
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._blank = True
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # No other protocol is spoken here: the request has its answer, and what follows it is not read.
            self._refused = True
            self.cycle.keep_alive = False
            return
        except httptools.HttpParserError as error:
            self._refuse(error.__context__ if isinstance(error.__context__, ApiError) else _unreadable(self._reading))
            return
        if self._reading == "body":
            self._wait(min(PIECE_SECONDS, self._body_until - self.loop.time()))
        elif self._reading or self._blank:
            self._unread_bytes += len(data)
            if self._unread_bytes > 2 * MAX_HEAD_BYTES:  # a field, or blank lines, without an end
                self._refuse(_too_large())
            elif self._timer is None:
                self._wait(HEAD_SECONDS)

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        super().on_message_begin()
        self._reading, self._blank = "head", False
        self._unread_bytes = self._field_bytes = self._fields = 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        super().on_url(url)
        if len(self.url) > MAX_TARGET_BYTES:
            raise ApiError(414, "uri_too_long", f"The target of the request is longer than {MAX_TARGET_BYTES} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field, or one behind the body."""
        if self._reading == "head":  # the others could change what was already read
            super().on_header(name, value)
        self._fields += 1
        self._field_bytes += len(name) + len(value)
        if self._fields > MAX_FIELDS or self._field_bytes > MAX_HEAD_BYTES:
            raise _too_large()

    def on_headers_complete(self) -> None:
        """Hand the request to the application, which may read its body as it comes."""
        super().on_headers_complete()
        self._reading = "body"
        self._body_until = self.loop.time() + BODY_SECONDS

    def on_message_complete(self) -> None:
        """Note that the request has come."""
        super().on_message_complete()
        self._reading, self._blank = "", False
        self._unread_bytes = 0
        self._stop_waiting()

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(max(0.0, seconds), self._too_late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        busy = self.cycle is not None and not self.cycle.response_complete
        if self.flow.read_paused:
            self._wait(HEAD_SECONDS)  # it is the service that reads no more
        elif self._reading:
            self._refuse(ApiError(408, "request_timeout", "The request did not arrive in time."))
        elif not busy:
            self.transport.close()

    def _refuse(self, refusal: ApiError) -> None:
        self._refused = True
        self._stop_waiting()
        if self._reading == "body":
            self.cycle.keep_alive = False
            if self.cycle.response_complete:
                self.transport.close()
                return
            self.cycle.scope["state"][REFUSAL] = refusal
            self.cycle.more_body = False
            self.cycle.message_event.set()
            return
        busy = self.cycle is not None and not self.cycle.response_complete
        if self._reading != "head":  # not even the beginning of a request
            super().on_message_begin()
        self.scope["method"] = self.scope["path"] = ""
        self.scope["raw_path"] = self.scope["query_string"] = b""
        self.scope["state"][REFUSAL] = refusal
        self.cycle = RequestResponseCycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=self.on_response_complete,
        )
        if busy:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        else:
            self._start_asgi_task(self.cycle, self.app)


def _unreadable(part: str) -> ApiError:
    return ApiError(400, "invalid_request", f"The {part or 'request'} is not HTTP/1.1 that can be read.")


def _too_large() -> ApiError:
    message = f"The header fields are more than {MAX_FIELDS}, or longer than {MAX_HEAD_BYTES} bytes."
    return ApiError(431, "headers_too_large", message)
