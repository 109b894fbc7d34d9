"""A gateway before a deployed runner: TLS with a certificate of its own, a proxy, and latency.

``python -m tests.harness.support.gateway UPSTREAM SECONDS`` puts a latency before a runner, and prints where.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SPARED = {"connection", "transfer-encoding", "host", "date", "server"}


class Gateway:
    """Passes requests on to a runner and keeps what it was sent: ``seen`` has target and headers of each.

    With ``directory`` it speaks TLS and leaves the certificate there, as ``ca.pem``. ``latency`` is in seconds. A
    client may use it as its HTTP proxy as well. ``echo`` makes it repeat every header in the answer to a 404.
    """

    def __init__(
        self, upstream: str, directory: Path | None = None, *, latency: float = 0.0, echo: bool = False
    ) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.methods: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, upstream, latency, echo=echo))
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        if directory is not None:
            self.url = f"https://127.0.0.1:{self.port}"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(_certificate(directory))
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextlib.contextmanager
def gateway(upstream: str, directory: Path | None = None, **options: float) -> Iterator[Gateway]:
    """A gateway for as long as the block takes."""
    gateway = Gateway(upstream, directory, latency=options.get("latency", 0.0), echo=bool(options.get("echo")))
    try:
        yield gateway
    finally:
        gateway.close()


def _handler(gateway: Gateway, upstream: str, latency: float, *, echo: bool) -> type[BaseHTTPRequestHandler]:
    address = urlsplit(upstream)

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "gateway", ""  # a service names none of its libraries
        protocol_version = "HTTP/1.1"

        def relay(self) -> None:
            gateway.methods.add(self.command)
            gateway.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            time.sleep(latency)  # the latency itself is what is tested
            parts = urlsplit(self.path)
            target = parts._replace(scheme="", netloc="").geturl()
            headers = {name: value for name, value in self.headers.items() if name.lower() not in SPARED}
            with contextlib.closing(HTTPConnection(address.hostname or "", address.port, timeout=30)) as connection:
                connection.request(self.command, target, body or None, headers)
                answer = connection.getresponse()
                content = answer.read()
            if echo and answer.status == 404:
                content = content.rstrip(b"}") + b', "echo": ' + repr(dict(self.headers)).encode().join([b'"', b'"}'])
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {*SPARED, "content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def __getattr__(self, name: str) -> Any:
            """Every method is passed on: the base class looks for ``do_GET`` and so on."""
            if name.startswith("do_"):
                return self.relay
            raise AttributeError(name)

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    return Handler


def _certificate(directory: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate = signed.public_bytes(serialization.Encoding.PEM)
    (directory / "ca.pem").write_bytes(certificate)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "both.pem").write_bytes(private + certificate)
    return directory / "both.pem"


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


if __name__ == "__main__":
    with gateway(sys.argv[1], latency=float(sys.argv[2])) as standing:
        sys.stdout.write(f"{standing.url}\n")
        sys.stdout.flush()
        sys.stdin.read()  # until nobody needs it any more
