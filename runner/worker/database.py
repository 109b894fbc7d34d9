"""The database as a worker uses it: what must be written is written, however long the database is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import psycopg
from pgqueuer.core.tm import TaskManager
from pgqueuer.ports.driver import NotifyCallback

from runner import logging, queue_driver
from runner.store.database import CLOSED_FOR_WRITING, Connection, Pool
from runner.worker.listener import Listener

Result = TypeVar("Result")

OUTAGE: Final = (psycopg.OperationalError, psycopg.InterfaceError, *CLOSED_FOR_WRITING)
"""Errors of a connection whose server is away, restarting or ending the session, takes no writes, or asks again."""

_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 1.0

_log = logging.get(__name__)


class Persistent:
    """Repeats an operation until the database has carried it out.

    Args:
        pool: where connections come from.

    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._abandoned = asyncio.Event()

    def abandon(self) -> None:
        """Carry out nothing more: operations that are waiting, and all later ones, raise psycopg.OperationalError."""
        self._abandoned.set()

    async def __call__(
        self, operation: Callable[[Connection, bool], Awaitable[Result]], *, large: bool = False
    ) -> Result:
        """The result of the operation, which is tried again after every outage, for as long as it takes.

        Args:
            operation: gets a connection that commits each statement, and whether this is a repetition: then an earlier
                try may have been carried out although its answer was lost. It has to be safe to repeat.
            large: the connection is closed afterwards, as it keeps the room for its largest statement and result.

        """
        again = False
        pause = _FIRST_PAUSE_SECONDS
        while not self._abandoned.is_set():
            try:
                async with self._pool.connection() as connection:
                    _raise_if_cancelled()
                    result = await operation(connection, again)
                    if large:
                        await connection.close()
            except OUTAGE as error:
                again = True
                if isinstance(error, CLOSED_FOR_WRITING):
                    self._pool.distrust()
                _log.warning("database_unavailable", error=str(error).strip(), retry_in_seconds=pause)
            else:
                _raise_if_cancelled()
                return result
            await wait(self._abandoned, pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        raise psycopg.OperationalError("the worker has stopped and leaves its jobs to others")


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but no longer than so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _raise_if_cancelled() -> None:
    # Waiting for a connection swallows a cancellation that comes in the moment in which there is one.
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class QueueDriver:
    """Lets pgqueuer work on the pool and hear notifications on the worker's own connection.

    Statements are repeated through an outage, so that pgqueuer never sees one. After `abandon` nothing more is written:
    entries of jobs that could not be handed back stay as they are and are taken over when their heartbeat is old.

    Args:
        pool: where connections come from.
        listener: hears notifications.

    Attributes:
        shutdown: set when pgqueuer has left the driver.
        tm: background tasks of the driver, of which there are none.

    """

    def __init__(self, pool: Pool, listener: Listener) -> None:
        self._persist = Persistent(pool)
        self._listener = listener
        self.shutdown = asyncio.Event()
        self.tm = TaskManager()

    def abandon(self) -> None:
        """Refuse every further statement."""
        self._persist.abandon()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """The rows of a query."""
        return await self._persist(lambda connection, _: queue_driver.fetch(connection, query, *args))

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement; returns its command tag."""
        return await self._persist(lambda connection, _: queue_driver.execute(connection, query, *args))

    async def notify(self, channel: str, payload: str) -> None:
        """Send a notification."""
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Call back with the payload of each notification on the channel."""
        self._listener.subscribe(channel, callback)

    async def __aenter__(self) -> "QueueDriver":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.shutdown.set()
