"""Connections: a pool that says quickly when the database is gone and comes back by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import psycopg
from psycopg.abc import Params
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

Row: TypeAlias = dict[str, Any]
Connection: TypeAlias = psycopg.AsyncConnection[Row]
Pool: TypeAlias = AsyncConnectionPool[Connection]

CONNECTION_WAIT_SECONDS: Final = 2.0
"""How long a request waits for a connection before it is refused."""
STATEMENT_SECONDS: Final = 15
_RECONNECT_SECONDS: Final = 5.0


def pool(url: str, size: int, name: str) -> Pool:
    """A closed pool of at most `size` connections that commit each statement unless a transaction is begun.

    Rows are dictionaries and times are in UTC.
    """
    return AsyncConnectionPool(
        url,
        connection_class=psycopg.AsyncConnection[Row],
        kwargs={
            "autocommit": True,
            "row_factory": dict_row,
            "connect_timeout": 3,
            "application_name": f"beacon-runner-{name}",
            # Statements are few and simple: planning them anew for each set of values would cost more than it gains.
            "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_SECONDS}s"
            " -c plan_cache_mode=force_generic_plan",
        },
        min_size=min(2, size),
        max_size=size,
        timeout=CONNECTION_WAIT_SECONDS,
        # A longer one would back off further and find a database that is back the later.
        reconnect_timeout=_RECONNECT_SECONDS,
        name=name,
        open=False,
    )


async def count(connection: Connection, statement: str, values: Params | None = None) -> int:
    """The member `total` of the only row that a statement gives; one that counts always gives one."""
    (row,) = await (await connection.execute(statement.encode(), values)).fetchall()
    return int(row["total"])


class Database:
    """The database behind the HTTP interface.

    Args:
        connections: an open pool.

    """

    def __init__(self, connections: Pool) -> None:
        self._pool = connections
        self._checking: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def connection(self, wait: float = CONNECTION_WAIT_SECONDS) -> AsyncIterator[Connection]:
        """A connection for single statements.

        Raises:
            psycopg.OperationalError: when there is none within `wait` seconds.

        """
        async with self._pool.connection(timeout=wait) as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection in a transaction that commits at the end, or rolls back on an exception."""
        async with self._pool.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A connection whose statements all see the rows of one moment, and which cannot write."""
        async with self._pool.connection() as connection:
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            try:
                yield connection
            finally:
                if not connection.broken:
                    await connection.rollback()  # nothing was written, and it ends the transaction also after an error

    def suspect(self) -> None:
        """Replace the pool's broken connections in the background, as one of them has just failed."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check())

    async def _check(self) -> None:
        try:
            await self._pool.check()
        except psycopg.Error:
            return  # the database is still away; the next failure looks again
