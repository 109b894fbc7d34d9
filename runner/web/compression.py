"""Compression of long answers."""

import re
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

_ACCEPTED: Final = re.compile(r"(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)", re.IGNORECASE)


class Compression(GZipMiddleware):
    """Compresses with gzip, for clients that name it with a weight other than 0 (RFC 9110, section 12.5.3).

    The library looks for the word alone, in the first of several headers.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            headers = MutableHeaders(scope=scope)
            accepted = _ACCEPTED.search(",".join(headers.getlist("Accept-Encoding")))
            headers["Accept-Encoding"] = "gzip" if accepted else "identity"
        await super().__call__(scope, receive, send)
