"""The worker of `serve`: a process of its own beside the one that serves HTTP, so that work does not delay answers.

A process with an event loop cannot be forked, so a keeper is forked before there is one: it forks the worker, and a new
one whenever that ends. A pipe from the serving process tells both what to do: a byte to begin, another one to stop, and
its end that the serving process has died, however that came about.
"""

import asyncio
import contextlib
import gc
import os
import select
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn

import uvloop

from runner import logging

_NICENESS: Final = 5
"""The worker's, so that requests come first where both want the processor."""
_RESTART_SECONDS: Final = 1.0
_BEGIN: Final = b"b"
_STOP: Final = b"s"

_log = logging.get(__name__)

Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class EmbeddedWorker:
    """A worker process, as the process that serves HTTP sees it.

    Made before there is an event loop or a thread; everything imported by then is in memory once for all processes.

    Args:
        work: works on jobs until the event it is given is set.

    """

    def __init__(self, work: Work) -> None:
        gc.freeze()  # what the processes share stays shared: the collector would write to it
        sys.stdout.flush()
        orders, self._orders = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._orders)
            _keep(work, orders)
        os.close(orders)

    def begin(self) -> None:
        """Let it work."""
        self._order(_BEGIN)

    async def stop(self, seconds: float) -> bool:
        """Let it stop; whether it has done so in time. Its jobs are resumed by another worker in any case."""
        self._order(_STOP)
        ended = asyncio.create_task(asyncio.to_thread(os.waitpid, self._pid, 0))
        done, _ = await asyncio.wait({ended}, timeout=seconds)
        os.close(self._orders)
        return bool(done)

    def _order(self, order: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # somebody has killed it
            os.write(self._orders, order)


def _keep(work: Work, orders: int) -> NoReturn:
    """Keep a worker running until the serving process says stop or is gone; never returns to what was forked."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)  # sent to the whole group, they are for the serving process to pass on
    while os.read(orders, 1) == _BEGIN or not _told(orders, 0):
        pass
    os._exit(0)


def _told(orders: int, seconds: float) -> bool:
    return bool(select.select([orders], [], [], seconds)[0])
