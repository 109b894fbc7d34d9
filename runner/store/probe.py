"""The question whether the database answers, asked on a connection of its own: a busy pool is no outage."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psycopg

from runner import queue
from runner.migrate import behind
from runner.store.database import Connection, connect

ANSWER_SECONDS: Final = 0.8
"""How long a probe takes at most, the start of a connection included."""
_STEP_SECONDS: Final = 0.4


@dataclass(frozen=True)
class Reading:
    """The state of the database.

    Attributes:
        writable: whether rows can be written.
        behind: whether it lacks a migration.
        depth: jobs that are queued or being run; None where the queue's tables are missing.

    """

    writable: bool
    behind: bool
    depth: int | None


class Probe:
    """Asks the database how it is. Whoever asks while an answer is under way gets that one.

    Args:
        url: of the database.
        on_silence: called when a connection that had worked no longer answers.

    """

    def __init__(self, url: str, on_silence: Callable[[], None]) -> None:
        self._url = url
        self._on_silence = on_silence
        self._connection: Connection | None = None
        self._asking: asyncio.Task[Reading] | None = None

    async def __call__(self) -> Reading:
        """The state of the database.

        Raises:
            psycopg.OperationalError, psycopg.InterfaceError: it did not answer within `ANSWER_SECONDS`.

        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        done, _ = await asyncio.wait({self._asking}, timeout=ANSWER_SECONDS)
        if not done:
            raise psycopg.OperationalError(f"the database did not answer within {ANSWER_SECONDS:g} s")
        return self._asking.result()

    async def close(self) -> None:
        """End the connection."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})
        await self._drop()

    async def _ask(self) -> Reading:
        if self._connection is not None:
            try:
                reading = await _read(self._connection)
                if reading.writable:
                    return reading
            except (psycopg.OperationalError, psycopg.InterfaceError):
                self._on_silence()
            await self._drop()  # it may have been so for long: only a new one says how the database is now
        try:
            async with asyncio.timeout(_STEP_SECONDS):
                self._connection = await connect(self._url, "web", _STEP_SECONDS)
            return await _read(self._connection)
        except TimeoutError as error:
            raise psycopg.OperationalError("the database did not take a connection in time") from error
        except BaseException:
            await self._drop()
            raise

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def _read(connection: Connection) -> Reading:
    cursor = await connection.execute("SELECT current_setting('transaction_read_only') = 'off' AS writable")
    writable = bool((await cursor.fetchall())[0]["writable"])
    if await behind(connection):
        return Reading(writable, behind=True, depth=None)
    try:
        return Reading(writable, behind=False, depth=await queue.queue_depth(connection))
    except psycopg.ProgrammingError:
        return Reading(writable, behind=False, depth=None)
