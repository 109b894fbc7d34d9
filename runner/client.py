"""The HTTP client of the service and its workers."""

import ssl
from typing import Final

import aiohttp
import certifi

_AUTHORITIES: Final = ssl.create_default_context(cafile=certifi.where())
"""Certificates that are trusted; read once for all clients, since that takes longer than to open a connection."""
_IDLE_SECONDS: Final = 5.0
_MOST_HEADER_BYTES: Final = 64 * 1024


def session(*tracing: aiohttp.TraceConfig) -> aiohttp.ClientSession:
    """A session that keeps connections open and sets no limits: each caller has its own, over all phases of a request.

    Args:
        tracing: hooks into its requests.

    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=_AUTHORITIES, keepalive_timeout=_IDLE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(),
        trust_env=False,  # the address is configured; a proxy of the shell it was started from is none of it
        max_line_size=_MOST_HEADER_BYTES,
        max_field_size=_MOST_HEADER_BYTES,
        trace_configs=list(tracing),
    )
