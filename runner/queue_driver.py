"""pgqueuer as this service uses it: its names in the database, its operations, and what lets it share connections.

Only workers and an installation import it: it takes longer than all that the HTTP interface needs to queue jobs.
"""

import asyncio
from typing import Any, Final

import psycopg
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.core.tm import TaskManager
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel
from pgqueuer.ports.driver import Driver, NotifyCallback
from pgqueuer.queries import Queries
from psycopg import AsyncRawCursor
from psycopg.rows import dict_row

# Every name is given: pgqueuer would otherwise take them from variables as common as CHANNEL, TRIGGER or FUNCTION.
NAMES: Final = DBSettings(
    prefix="",
    db_schema=None,
    channel=Channel("ch_pgqueuer"),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
)


class ConnectionDriver:
    """Lets pgqueuer work on a connection of ours, inside its transaction if it is in one. It cannot listen.

    Args:
        connection: whose transaction it is.

    Attributes:
        shutdown: set when the driver is left; nothing here waits for it.
        tm: background tasks of the driver, of which there are none.

    """

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self.shutdown = asyncio.Event()
        self.tm = TaskManager()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """The rows of a query."""
        return await fetch(self._connection, query, *args)

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement; returns its command tag."""
        return await execute(self._connection, query, *args)

    async def notify(self, channel: str, payload: str) -> None:
        """Send a notification when the transaction commits."""
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Not possible here."""
        raise NotImplementedError(f"cannot listen to {channel} ({callback}) on a borrowed connection")

    async def __aenter__(self) -> "ConnectionDriver":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.shutdown.set()


async def fetch(connection: psycopg.AsyncConnection[Any], query: str, *args: object) -> list[dict[str, object]]:
    """The rows of a query of pgqueuer, whose parameters are spelled $1, $2."""
    cursor = AsyncRawCursor(connection, row_factory=dict_row)
    await cursor.execute(query.encode(), args or None)
    return await cursor.fetchall()


async def execute(connection: psycopg.AsyncConnection[Any], query: str, *args: object) -> str:
    """Run a statement of pgqueuer, whose parameters are spelled $1, $2; returns its command tag."""
    cursor = AsyncRawCursor(connection)
    await cursor.execute(query.encode(), args or None)
    return cursor.statusmessage or ""


def queries(driver: Driver) -> Queries:
    """Pgqueuer's operations under the names of this service."""
    return Queries(
        driver,
        qbe=QueryBuilderEnvironment(NAMES),
        qbq=QueryQueueBuilder(NAMES),
        qbs=QuerySchedulerBuilder(NAMES),
    )


async def install(connection: psycopg.AsyncConnection[Any]) -> None:
    """Create pgqueuer's tables, or bring those of an older release up to date.

    Args:
        connection: in autocommit mode, because an upgrade may not run in one transaction.

    """
    operations = queries(ConnectionDriver(connection))
    if await operations.schema_is_installed():
        await operations.apply_upgrade()
    else:
        await operations.install()
