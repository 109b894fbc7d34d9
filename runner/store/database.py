"""Connections: a pool that says quickly when the database is gone and comes back by itself."""

import asyncio
import contextlib
import os
import select
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import Params, PQGen
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

Row: TypeAlias = dict[str, Any]
Result = TypeVar("Result")

CONNECTION_WAIT_SECONDS: Final = 1.0
"""How long a request waits for a connection before it is refused."""
MOST_WAITING: Final = 200
"""How many requests wait for a connection at most; more are refused at once."""
SILENCE_MARGIN_SECONDS: Final = 0.5
"""How much later than Postgres itself this side ends a statement: where Postgres can still answer, it says why."""
_RETRY_SECONDS: Final = 0.1
PATH: Final[dict[str, Any]] = {
    "connect_timeout": 2,
    # A machine or a network that is gone without a word is noticed by the kernel in about as many seconds.
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": 4000,
}
"""Parameters of every connection: limits for a path to Postgres that is gone or silent."""


class BusyError(psycopg.OperationalError):
    """No connection is to be had, although the database answers: others have them all."""


class Connection(psycopg.AsyncConnection[Row]):
    """A connection on which nothing is waited for longer than its limit, not even the end of a statement.

    The kernel cannot see that a proxy took the bytes and passed nothing on: only a limit on this side ends that.

    Attributes:
        limit: seconds that the database has for each answer.
        created: when it was made, by `time.monotonic`.
        on_silence: called with it when the database did not answer in time.

    """

    limit: float = 5.0
    created: float = 0.0
    on_silence: Callable[["Connection"], None] | None = None

    async def wait(self, gen: PQGen[Result], *args: Any, **kwargs: Any) -> Result:
        """Wait for an answer of the database; psycopg does all of its waiting here.

        Raises:
            psycopg.OperationalError: there was none in time; the connection is closed.

        """
        silent = False

        def give_up() -> None:
            nonlocal silent
            silent = True
            # The end of the connection is what psycopg waits for in any state, its own cancellation included.
            with (
                contextlib.suppress(OSError, psycopg.OperationalError),
                socket.socket(fileno=os.dup(self.pgconn.socket)) as own,
            ):
                own.shutdown(socket.SHUT_RDWR)
            if self.on_silence is not None:
                self.on_silence(self)

        timer = asyncio.get_running_loop().call_later(self.limit, give_up)
        try:
            return await super().wait(gen, *args, **kwargs)
        except psycopg.OperationalError as error:
            if silent:
                raise psycopg.OperationalError(f"the database did not answer within {self.limit:g} s") from error
            raise
        finally:
            timer.cancel()


async def connect(url: str, name: str, seconds: float) -> Connection:
    """A connection outside of any pool; the database has `seconds` for each answer."""
    connection = await Connection.connect(
        url, autocommit=True, row_factory=dict_row, application_name=f"beacon-runner-{name}", **PATH
    )
    connection.limit = seconds
    return connection


class Pool(AsyncConnectionPool[Connection]):
    """Connections that commit each statement unless a transaction is begun; rows are dictionaries, times in UTC.

    Args:
        url: of the database.
        size: how many connections there are at most.
        name: what they are for.
        seconds: how long Postgres may take for a statement.
        most_waiting: how many may wait for a connection; by default any number.
        on_wait: called with the seconds that each one waited for its connection, or in vain.

    """

    def __init__(
        self,
        url: str,
        size: int,
        name: str,
        seconds: float,
        most_waiting: int = 0,
        on_wait: Callable[[float], None] | None = None,
    ) -> None:
        milliseconds = round(seconds * 1000)
        super().__init__(
            url,
            connection_class=Connection,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "application_name": f"beacon-runner-{name}",
                **PATH,
                # Statements are few and simple: planning them anew for each set of values would cost more than it
                # gains. A transaction whose runner is out of reach must not keep its locks.
                "options": f"-c timezone=UTC -c statement_timeout={milliseconds}"
                f" -c idle_in_transaction_session_timeout={milliseconds} -c plan_cache_mode=force_generic_plan",
            },
            configure=self._limit,
            check=self._usable,
            min_size=min(2, size),
            max_size=size,
            max_waiting=most_waiting,
            timeout=CONNECTION_WAIT_SECONDS,
            # The pool tries twice in this time and gives up; whoever asks for a connection then has it try at once. A
            # longer one would back off, and refuse requests for seconds after readiness has found the database back.
            reconnect_timeout=_RETRY_SECONDS,
            reconnect_failed=self._again,
            name=name,
            open=False,
        )
        self._seconds = seconds
        self._on_wait = on_wait
        self._answered = 0.0
        self._draining: asyncio.Task[None] | None = None
        self._drained = 0.0

    async def getconn(self, timeout: float | None = None) -> Connection:  # noqa: ASYNC109 - as the pool has it
        """A connection.

        Raises:
            BusyError: there was none in time, although the database answered others meanwhile.
            psycopg.OperationalError: there was none in time.

        """
        began = time.monotonic()
        try:
            return await super().getconn(timeout)
        except (PoolTimeout, TooManyRequests) as error:
            since = began if isinstance(error, PoolTimeout) else began - CONNECTION_WAIT_SECONDS
            if self._answered > since:
                raise BusyError("all connections are in use") from error
            raise
        finally:
            if self._on_wait is not None:
                self._on_wait(time.monotonic() - began)

    async def putconn(self, conn: Connection) -> None:
        """Give a connection back."""
        if not conn.closed:
            self._answered = time.monotonic()
        await super().putconn(conn)

    def distrust(self, connection: Connection | None = None) -> None:
        """Replace all connections, as this one was silent or cannot write and the others have the same path."""
        if connection is None or connection.created > self._drained:  # those of before are being replaced already
            self._drained = time.monotonic()
            self._draining = asyncio.create_task(self.drain())

    async def _again(self, _: AsyncConnectionPool[Connection]) -> None:
        """Another try, as nobody else begins one for those who wait already."""
        if self.get_stats().get("requests_waiting"):
            await self.check()  # it grows a pool that has no connection

    async def _limit(self, connection: Connection) -> None:
        connection.limit = self._seconds + SILENCE_MARGIN_SECONDS
        connection.created = time.monotonic()
        connection.on_silence = self.distrust

    async def _usable(self, connection: Connection) -> None:
        """Refuse a connection that Postgres has ended while it was idle, before a request fails on it."""
        looked = select.poll()
        looked.register(connection.pgconn.socket, select.POLLIN)
        if looked.poll(0):  # on an idle connection nothing arrives but its end
            await self.drain()
            raise psycopg.OperationalError("the connection was lost")


CLOSED_FOR_WRITING: Final = (errors.ReadOnlySqlTransaction, errors.IdleInTransactionSessionTimeout)
"""Errors of a session that cannot write, or no longer; another one may."""


async def planned(connection: Connection, statement: str, values: Params | None = None) -> list[Row]:
    """The rows of a statement that is planned for these values: of filters that may be null, only then is it simple."""
    async with psycopg.AsyncClientCursor(connection, row_factory=dict_row) as cursor:
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchall()


async def count(connection: Connection, statement: str, values: Params | None = None) -> int:
    """The member `total` of the only row that a statement gives; one that counts always gives one."""
    (row,) = await planned(connection, statement, values)
    return int(row["total"])


class Database:
    """The database behind the HTTP interface.

    Args:
        connections: an open pool.

    """

    def __init__(self, connections: Pool) -> None:
        self._pool = connections

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for single statements.

        Raises:
            psycopg.OperationalError: when there is none within `CONNECTION_WAIT_SECONDS`.

        """
        async with self._pool.connection() as connection:
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
                    # Nothing was written, and a rollback would forget the prepared statements.
                    await connection.commit()

    def suspect(self) -> None:
        """Replace the connections, as one of them can no longer write."""
        self._pool.distrust()
