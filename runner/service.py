"""The process that serves HTTP, with a worker or without, from its first connection to its graceful end."""

import asyncio
import contextlib
import errno
import gc
import importlib
import socket
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import uvicorn

from runner import logging
from runner.app import create_app
from runner.intake import Intake
from runner.metrics import Metrics
from runner.settings import EXIT_CONFIGURATION, Settings, refuse
from runner.startup import ready, stop_on_signals
from runner.store.database import MOST_WAITING, Database, Pool
from runner.store.probe import Probe
from runner.web.connection import Connection

EXIT_ADDRESS: Final = 3
GRACE_SECONDS: Final = 15
"""How long a process that ends waits for its requests."""

_log = logging.get(__name__)


async def serve(settings: Settings, portal: Path | None) -> None:
    """Serve HTTP until SIGTERM or SIGINT, and work on jobs too when the settings ask for it."""
    published = _published(settings.openapi_path)
    listener = _bind(settings.host, settings.port)
    await ready(settings.database_url)
    stop = stop_on_signals()
    intake, metrics = Intake(), Metrics()
    async with contextlib.AsyncExitStack() as stack:
        stack.push(listener)
        seconds = settings.database_timeout_seconds
        size, waited = settings.database_pool, partial(metrics.waited, "requests")
        web = await stack.enter_async_context(
            Pool(settings.database_url, size, "web", seconds, most_waiting=MOST_WAITING, on_wait=waited)
        )
        probe = Probe(settings.database_url, web.distrust)
        stack.push_async_callback(probe.close)
        app = create_app(settings, Database(web), probe, intake, metrics, published, portal)
        server = _Server(app, listener, settings.trusted_proxies)
        stopping = asyncio.create_task(_exit_on(stop, server))
        working = None
        if settings.embedded_worker:
            working = asyncio.create_task(_work(settings, server, stop, intake, metrics))
            # A service that cannot work, e.g. as a library is broken, has to end rather than collect jobs.
            working.add_done_callback(lambda _: stop.set())
        gc.freeze()  # what was imported stays; looking through it again and again would delay requests
        await server.serve(sockets=[listener])
        stop.set()
        await stopping
        if working is not None:
            await working
    _log.info("stopped")


async def _work(settings: Settings, server: "_Server", stop: asyncio.Event, intake: Intake, metrics: Metrics) -> None:
    await server.serving.wait()
    # Imported in the background, because requests can be served meanwhile.
    working = await asyncio.to_thread(importlib.import_module, "runner.working")
    gc.freeze()
    await working.until(stop, settings, intake, metrics)


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which would end the process before the worker is done."""

    def __init__(self, app: Any, listener: socket.socket, trusted_proxies: str) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=trusted_proxies != "none",  # else any client of this machine could pass for another one
                forwarded_allow_ips=trusted_proxies,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._listener = listener
        self.serving = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections, and say where."""
        await super().startup(sockets)
        self.serving.set()
        host, port = self._listener.getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        if sys.stdout.isatty():  # a person reads it
            sys.stdout.write(f"The runner is at {url}. Ctrl-C ends it.\n")
        _log.info("serving", url=url, port=port)


async def _exit_on(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True


def _published(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"RUNNER_OPENAPI_PATH: expected the published OpenAPI document at {path}: {error}.", EXIT_CONFIGURATION)


def _bind(host: str, port: int) -> socket.socket:
    """A socket bound to the address; uvicorn listens on it once the application is ready."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        reason = "it is in use" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
        refuse(f"cannot listen on {host} port {port}: {reason}.", EXIT_ADDRESS)
    return listener
