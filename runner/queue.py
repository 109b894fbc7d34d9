"""The job queue: one entry for each job that is not terminal, kept by pgqueuer in the same database.

An entry is written in the transaction that accepts its job and removed when the job is terminal, so the queue is empty
when nothing is left to do. pgqueuer also keeps a log of what became of entries (`pgqueuer_log`, about three short rows
a job); rows older than `LOG_DAYS` are removed by the workers.
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
from psycopg.rows import dict_row, tuple_row

ENTRYPOINT: Final = "run_job"
LOG_DAYS: Final = 7

ENQUEUE: Final = f"""
queued AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, dedupe_key, headers, status)
    SELECT 0, '{ENTRYPOINT}', convert_to(job.id::text, 'UTF8'), 'job:' || job.id,
           jsonb_build_object('request_id', job.request_id), 'queued'
    FROM job
    ON CONFLICT (dedupe_key) WHERE status IN ('queued', 'picked') AND dedupe_key IS NOT NULL DO NOTHING
    RETURNING id
), logged AS (
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority) SELECT id, 'queued', '{ENTRYPOINT}', 0 FROM queued
)
"""  # noqa: S608 - all of it are constants
"""Parts of a WITH that queue the jobs of its part `job`, which has `jobs.id` and the request_id of the log lines.

They write what pgqueuer's own `enqueue` with `on_conflict="skip"` does, a job that has an entry keeps that one; here,
because its statement cannot be a part of another one, and taking a job in has to be one round trip.
"""

_ENQUEUE_LOST: Final = f"""
WITH job AS (
    SELECT j.id, 'recovered-' || j.id AS request_id FROM jobs j
    WHERE j.status IN ('queued', 'running')
      AND j.updated_at < now() - make_interval(secs => %s)
      AND NOT EXISTS (
          SELECT FROM pgqueuer q WHERE q.dedupe_key = 'job:' || j.id AND q.status IN ('queued', 'picked')
      )
    ORDER BY j.id LIMIT 1000
), {ENQUEUE}
SELECT id FROM job ORDER BY id
"""  # noqa: S608 - all of it are constants

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
    widen_id=True,
)


class ConnectionDriver(Driver):
    """Lets pgqueuer work on a connection of ours, inside its transaction if it is in one. It cannot listen."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self._shutdown = asyncio.Event()
        self._tasks = TaskManager()

    @property
    def shutdown(self) -> asyncio.Event:
        """Set when the driver is left; nothing here waits for it."""
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        """The driver's background tasks, of which there are none."""
        return self._tasks

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
        self._shutdown.set()


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


async def queue_depth(connection: psycopg.AsyncConnection[Any]) -> int:
    """How many jobs are queued or being run."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute("SELECT count(*) FROM pgqueuer")
        row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def enqueue_lost(connection: psycopg.AsyncConnection[Any], older_than_seconds: float) -> list[int]:
    """Queue again the jobs that are not terminal and have no entry, as after a restored backup of some tables.

    Args:
        connection: its transaction is used.
        older_than_seconds: younger jobs are left alone.

    Returns:
        The ids of the jobs, `jobs.id`.

    """
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_ENQUEUE_LOST, (older_than_seconds,))
        return [int(row[0]) for row in await cursor.fetchall()]


async def prune_log(connection: psycopg.AsyncConnection[Any]) -> None:
    """Remove log rows of pgqueuer that are older than `LOG_DAYS`."""
    await connection.execute("DELETE FROM pgqueuer_log WHERE created < now() - make_interval(days => %s)", (LOG_DAYS,))
