"""A connection that hears notifications, and is made anew whenever it is lost."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import psycopg
from psycopg import sql

from runner import logging
from runner.store.database import connect

_PAUSE_SECONDS: Final = 0.2
_CHECK_SECONDS: Final = 2.0

_log = logging.get(__name__)


class Listener:
    """Passes the payloads of notifications to their subscribers.

    Notifications that are sent while the connection is away are lost: `on_connected` lets subscribers catch up.

    Args:
        database_url: where to connect to.
        seconds: how long the database may take to answer.
        channels: what to listen to.
        on_connected: called after each (re)connection, when notifications are heard again.

    """

    def __init__(
        self, database_url: str, seconds: float, channels: Sequence[str], on_connected: Callable[[], None]
    ) -> None:
        self._url = database_url
        self._seconds = seconds
        self._subscribers: dict[str, list[Callable[[str], object]]] = {channel: [] for channel in channels}
        self._on_connected = on_connected
        self.connected = asyncio.Event()

    def subscribe(self, channel: str, callback: Callable[[str], object]) -> None:
        """Call back with the payload of each notification on one of the channels given at construction."""
        self._subscribers[channel].append(callback)

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                async with await connect(self._url, "listener", self._seconds) as connection:
                    for channel in self._subscribers:
                        await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                    self.connected.set()
                    self._on_connected()
                    while True:
                        async for notice in connection.notifies(timeout=_CHECK_SECONDS):
                            for callback in self._subscribers.get(notice.channel, ()):
                                callback(notice.payload)
                        await connection.execute("SELECT 1")  # a path that went silent brings no notification either
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                _log.warning("listener_disconnected", error=str(error).strip())
            self.connected.clear()
            await asyncio.sleep(_PAUSE_SECONDS)
