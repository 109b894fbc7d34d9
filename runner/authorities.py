"""The certificates that the service's clients trust."""

import ssl
from typing import Final

import httpx

AUTHORITIES: Final[ssl.SSLContext] = httpx.create_ssl_context(trust_env=False)
"""Read once for all clients, since that takes longer than to open a connection."""
