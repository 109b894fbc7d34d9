"""A lock for each job that runs; the database holds it exactly as long as the worker's connection lives.

pgqueuer hands a job to another worker when the heartbeat of its entry is old. That also happens to a worker that is
only slow; the lock distinguishes the two, as a worker that is alive still has it.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import psycopg

from runner import logging
from runner.store.database import Connection, Row, connect

_LOCK_CLASS: Final = 0x62656163  # any constant of our own: "beac"
_PAUSE_SECONDS: Final = 0.2
# Postgres asks a silent machine so often and so many times before it lets go of its locks.
_KEEPALIVES: Final = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"

_SESSION: Final = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
_END_SESSION: Final = """
SELECT pg_terminate_backend(pid, 500) FROM pg_stat_activity
WHERE pid = %(pid)s AND backend_start = %(backend_start)s
"""

_log = logging.get(__name__)


class JobLocks:
    """The locks of one worker process, on a connection of its own.

    Args:
        database_url: where to connect to.
        seconds: how long the database may take to answer.
        check_seconds: how often the connection is looked after.
        on_lost: called with a job's number when its lock went to another worker while the connection was away.

    """

    def __init__(self, database_url: str, seconds: float, check_seconds: float, on_lost: Callable[[int], None]) -> None:
        self._url = database_url
        self._seconds = seconds
        self._check_seconds = check_seconds
        self._on_lost = on_lost
        self._held: set[int] = set()
        self._connection: Connection | None = None
        self._session: Row | None = None
        self._changing = asyncio.Lock()

    async def acquire(self, job: int) -> bool:
        """Take the lock of a job if it is free; waits while the database is away."""
        while True:
            async with self._changing:
                try:
                    taken = await self._try(await self._connected(), job)
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    await self._disconnect()
                else:
                    if taken:
                        self._held.add(job)
                    return taken
            await asyncio.sleep(_PAUSE_SECONDS)

    async def release(self, job: int) -> None:
        """Give a lock back; without the connection there is nothing to give back."""
        async with self._changing:
            if job not in self._held:
                return
            self._held.discard(job)
            if self._connection is None:
                return
            try:
                await self._connection.execute("SELECT pg_advisory_unlock(%s, %s)", (_LOCK_CLASS, job))
            except (psycopg.OperationalError, psycopg.InterfaceError):
                await self._disconnect()

    async def run(self) -> None:
        """Look after the connection until cancelled; then let go of everything."""
        try:
            while True:
                await asyncio.sleep(self._check_seconds)
                async with self._changing:
                    try:
                        await (await self._connected()).execute("SELECT 1")
                    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                        _log.warning("locks_disconnected", error=str(error).strip())
                        await self._disconnect()
        finally:
            await self._disconnect()

    async def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = await connect(self._url, "locks", self._seconds)
            await self._connection.execute(_KEEPALIVES)
            if self._session is not None:
                # Postgres may hold the session of a lost connection, and its locks, for a while yet.
                await self._connection.execute(_END_SESSION, self._session)
            self._session = await (await self._connection.execute(_SESSION)).fetchone()
            for job in sorted(self._held):
                if not await self._try(self._connection, job):
                    self._held.discard(job)
                    self._on_lost(job)
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    @staticmethod
    async def _try(connection: Connection, job: int) -> bool:
        cursor = await connection.execute("SELECT pg_try_advisory_lock(%s, %s) AS taken", (_LOCK_CLASS, job))
        row = await cursor.fetchone()
        return row is not None and bool(row["taken"])
