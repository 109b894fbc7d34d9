"""A TCP relay between a service and a server, whose path a test cuts, silences, delays or lets drip."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

CHUNK = 65536
START_SECONDS = 10.0


@dataclass(eq=False)
class Link:
    """A connection through the relay: the writers of both its ends, and whether it passes bytes on."""

    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)


class Relay:
    """Passes bytes between its own port and a server, in a thread of its own, until it is closed.

    Args:
        host: of the server.
        port: of the server.

    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._links: set[Link] = set()
        self._silent = self._refusing = False
        self._delay, self._piece = 0.0, CHUNK
        self._listener: asyncio.Server | None = None
        self.port = 0

    def __enter__(self) -> Self:
        """Listens on a free port of this machine."""
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        """Ends every connection and stops listening."""
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def connections(self) -> int:
        """The number of connections that are open."""
        return len(self._links)

    def cut(self) -> None:
        """Ends every connection, and each new one at once."""
        self._call(self._set(refusing=True))
        self._call(self._end())

    def silence(self, *, new: bool = False) -> None:
        """Passes nothing on and leaves the connections open; ``new`` ones too."""
        self._call(self._set(silent=new))
        self._call(self._hush())

    def slow(self, seconds: float) -> None:
        """Passes each piece on after some seconds."""
        self._call(self._set(delay=seconds))

    def drip(self, seconds: float, piece: int = 1) -> None:
        """Passes on a few bytes at a time, each after some seconds."""
        self._call(self._set(delay=seconds, piece=piece))

    def redirect(self, port: int) -> None:
        """Connects what comes from now on to another port of the server's machine; what is open stays."""
        self._server = (self._server[0], port)

    def restore(self) -> None:
        """Passes everything on again, and first what silence kept."""
        self._call(self._set())
        self._call(self._wake())

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        await self._set(refusing=True)
        await self._end()
        await self._wake()
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)

    async def _set(
        self, *, silent: bool = False, refusing: bool = False, delay: float = 0.0, piece: int = CHUNK
    ) -> None:
        self._silent, self._refusing, self._delay, self._piece = silent, refusing, delay, piece

    async def _end(self) -> None:
        for link in self._links:
            for writer in link.writers:
                writer.transport.abort()

    async def _hush(self) -> None:
        for link in self._links:
            link.open.clear()

    async def _wake(self) -> None:
        for link in self._links:
            link.open.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link([writer])
        if not self._silent:
            link.open.set()
        self._links.add(link)
        try:
            await link.open.wait()
            if self._refusing:
                raise ConnectionAbortedError
            other_reader, other = await asyncio.open_connection(*self._server)
            link.writers.append(other)
            await asyncio.gather(self._pass(link, reader, other), self._pass(link, other_reader, writer))
            for each in link.writers:
                each.close()
        except OSError:
            for each in link.writers:  # one end is gone: so is the other
                each.transport.abort()
        finally:
            self._links.discard(link)
            link.open.set()  # the other direction may still wait for it

    async def _pass(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            while data:
                await link.open.wait()
                if self._delay:
                    await asyncio.sleep(self._delay)
                await link.open.wait()
                piece, data = data[: self._piece], data[self._piece :]
                writer.write(piece)
                await writer.drain()
        with suppress(OSError):
            await link.open.wait()
            writer.write_eof()
