"""A running process: HTTP, work on jobs, or both, from its first connection to its graceful end."""

import asyncio
import contextlib
import errno
import gc
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg
import uvicorn

from runner import logging, worker
from runner.app import create_app
from runner.embedded import EmbeddedWorker
from runner.migrate import pending
from runner.settings import EXIT_CONFIGURATION, Settings, refuse
from runner.store.database import Database, Pool, pool

EXIT_ADDRESS: Final = 3
EXIT_DATABASE: Final = 4
DATABASE_WAIT_SECONDS: Final = 30.0
"""How long a process that starts waits for its database."""
GRACE_SECONDS: Final = 15
"""How long a process that ends waits for its requests, and then for its worker."""
_RETRY_SECONDS: Final = 0.25
_RESTART_SECONDS: Final = 1.0

_log = logging.get(__name__)


async def serve(settings: Settings, portal: Path | None, embedded: EmbeddedWorker | None) -> None:
    """Serve HTTP until SIGTERM or SIGINT.

    Args:
        settings: of this process.
        portal: a directory that is served at /portal.
        embedded: a worker that works for as long as this process serves.

    """
    published = _published(settings.openapi_path)
    listener = _bind(settings.host, settings.port)
    await _ready(settings.database_url)
    stop = _stop_on_signals()
    async with contextlib.AsyncExitStack() as stack:
        stack.push(listener)
        web = await stack.enter_async_context(pool(settings.database_url, settings.database_pool, "web"))
        server = _Server(create_app(settings, Database(web), published, portal), listener)
        if embedded is not None:
            embedded.begin()
        stopping = asyncio.create_task(_exit_on(stop, server, embedded))
        gc.freeze()  # what was imported stays; looking through it again and again would delay requests
        await server.serve(sockets=[listener])
        stop.set()
        await stopping
    if embedded is not None and not await embedded.ended(2 * GRACE_SECONDS):
        _log.warning("worker_cut_off", after_seconds=2 * GRACE_SECONDS)
    _log.info("stopped")


async def work(settings: Settings) -> None:
    """Work on jobs until SIGTERM or SIGINT."""
    await _ready(settings.database_url)
    await work_until(_stop_on_signals(), settings)
    _log.info("stopped")


async def work_until(stop: asyncio.Event, settings: Settings) -> None:
    """Work on jobs until the event is set."""
    async with pool(settings.database_url, settings.database_pool, "worker") as own:
        _log.info("working")
        working = asyncio.create_task(_work(settings, own, stop))
        await stop.wait()
        await _finish(working)


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which would end the process before the worker is done."""

    def __init__(self, app: Any, listener: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._listener = listener

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections, and say where."""
        await super().startup(sockets)
        host, port = self._listener.getsockname()[:2]
        _log.info("serving", url=f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}", port=port)


async def _exit_on(stop: asyncio.Event, server: uvicorn.Server, embedded: EmbeddedWorker | None) -> None:
    await stop.wait()
    server.should_exit = True
    if embedded is not None:
        embedded.stop()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    return stop


async def _work(settings: Settings, connections: Pool, stop: asyncio.Event) -> None:
    """Keep a worker running: one that failed, e.g. because the database went away, is started again."""
    while not stop.is_set():
        try:
            await worker.run(settings, connections, stop)
        except Exception:  # noqa: BLE001 - whatever ended the worker, jobs that are queued need one
            _log.exception("worker_failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _RESTART_SECONDS)


async def _finish(working: asyncio.Task[None]) -> None:
    """Wait for the worker; one that does not end in time is cut off, and its jobs are resumed by another one."""
    try:
        await asyncio.wait_for(working, GRACE_SECONDS)
    except TimeoutError:
        _log.warning("worker_cut_off", after_seconds=GRACE_SECONDS)


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


async def _ready(database_url: str) -> None:
    """Wait for the database, and refuse one that is not migrated."""
    missing = await _missing_migrations(database_url)
    if missing:
        refuse(
            f"the database is not migrated ({missing[0]} is missing): run `python -m runner migrate`.", EXIT_DATABASE
        )


async def _missing_migrations(database_url: str) -> list[str]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DATABASE_WAIT_SECONDS
    told = False
    while True:
        try:
            return await asyncio.to_thread(_look, database_url)
        except psycopg.OperationalError as error:
            reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        except psycopg.ProgrammingError as error:
            refuse(f"DATABASE_URL cannot be used: {str(error).strip()}.", EXIT_CONFIGURATION)
        if loop.time() > deadline:
            refuse(
                f"the database of DATABASE_URL did not answer within {DATABASE_WAIT_SECONDS:.0f} s: {reason}.",
                EXIT_DATABASE,
            )
        if not told:
            _log.warning("waiting_for_the_database", reason=reason)
            told = True
        await asyncio.sleep(_RETRY_SECONDS)


def _look(database_url: str) -> list[str]:
    with psycopg.connect(database_url, autocommit=True, connect_timeout=2) as connection:
        return pending(connection)
