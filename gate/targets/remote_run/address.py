"""The address of a remote service, and what goes with each request to it; secrets are kept apart."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event
from urllib.parse import urlsplit, urlunsplit

import httpx

from gate.core.errors import GateError
from gate.core.redaction import HEADER, Redactor, basic

SYSTEM_STORES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Authorities of Debian, Red Hat, SUSE, and Alpine or macOS, wherever the library of this Python looks for them."""
SET_UP_PAUSES = (0.2, 0.6)
"""Seconds before a connection is tried again; a request that was sent is never sent again."""


@dataclass(frozen=True, slots=True)
class Address:
    """``url`` may be shown. ``headers`` and ``query`` go with each request and into no exchange, report or log."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: str = field(default="", repr=False)
    redact: Redactor = field(default_factory=Redactor, repr=False)

    def hide(self, content: bytes) -> bytes:
        """An answer without the secrets that the service may have repeated."""
        text = content.decode("utf-8", "surrogateescape")
        return self.redact.known(text).encode("utf-8", "surrogateescape")

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
            headers.setdefault("authorization", f"Basic {basic(parts.username, parts.password or '')}")
        url = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
        given = {name: value for name, value in environment.items() if name.startswith(HEADER)}
        return cls(url, headers, parts.query, Redactor.of({"GATE_BASE_URL": base_url, **given}))


class AddressedTransport(httpx.BaseTransport):
    """Sends requests with the address's headers and query, and hides its secrets in the answers.

    Proxies are those of the environment. A connection that cannot be made is tried again, at once
    where ``stopped`` is set.
    """

    def __init__(self, address: Address, http: httpx.Client | None = None, stopped: Event | None = None) -> None:
        self._address = address
        self._http = http or _client()
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


def _client() -> httpx.Client:
    """A client that goes through the proxies of the environment; GateError where these cannot be used."""
    try:
        return httpx.Client(verify=trusted())
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        message = f"A proxy variable of this shell cannot be used: {error}."
        raise GateError(message, "Mend or unset HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.") from error
    except OSError as error:
        message = f"The certificates that this shell names cannot be read: {error}."
        raise GateError(message, "Mend or unset SSL_CERT_FILE and SSL_CERT_DIR.") from error


def trusted() -> ssl.SSLContext:
    """Trusts the authorities of SSL_CERT_FILE and SSL_CERT_DIR where these are set, else the system's and certifi's."""
    context = httpx.create_ssl_context()
    if not {"SSL_CERT_FILE", "SSL_CERT_DIR"} & os.environ.keys():
        context.load_default_certs()
        for store in filter(os.path.isfile, SYSTEM_STORES):
            context.load_verify_locations(store)
    return context
