"""The worker of `serve`: a process beside the one that serves HTTP, so that work does not delay answers.

A process with an event loop cannot be forked, so a keeper is forked before there is one. It imports what a worker
needs, while the other process imports what HTTP needs; then it forks the worker, and a new one whenever that ends. A
socket tells both what to do: one byte to begin, another one to stop, and its end that the serving process has died, by
SIGKILL for example. The other way round its end says that both have ended.
"""

import asyncio
import contextlib
import gc
import os
import select
import signal
import socket
import sys
from typing import Final, NoReturn

from runner import logging
from runner.settings import Settings

_NICENESS: Final = 5
"""The worker's, so that requests come first where both want the processor."""
_RESTART_SECONDS: Final = 1.0
_BEGIN: Final = b"b"
_STOP: Final = b"s"

_log = logging.get(__name__)


class EmbeddedWorker:
    """A worker process, as the process that serves HTTP sees it.

    To be made before there is a thread or an event loop.

    Args:
        settings: of the worker.

    """

    def __init__(self, settings: Settings) -> None:
        sys.stdout.flush()
        self._orders, theirs = socket.socketpair()
        if os.fork() == 0:
            self._orders.close()
            _keep(settings, theirs)
        theirs.close()

    def begin(self) -> None:
        """Let it work."""
        self._order(_BEGIN)

    def stop(self) -> None:
        """Let it finish what it can and stop; its other jobs are left to the next worker."""
        self._order(_STOP)

    async def ended(self, seconds: float) -> bool:
        """Whether it has ended, for which it has so many seconds."""
        self._orders.setblocking(False)
        with contextlib.suppress(ConnectionResetError):
            try:
                await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self._orders, 1), seconds)
            except TimeoutError:
                return False
        return True

    def _order(self, order: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # somebody has killed it
            self._orders.send(order)


def _keep(settings: Settings, orders: socket.socket) -> NoReturn:
    # A signal to the whole group is for the serving process, which then says stop.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)
    from runner import working  # noqa: F401, PLC0415 - here, as the serving process starts sooner without it

    gc.freeze()  # the collector would write to what keeper and worker share, and so make copies of it
    if orders.recv(1) == _BEGIN:
        while True:
            worker = os.fork()
            if worker == 0:
                _run(settings, orders)
            status = os.waitpid(worker, 0)[1]
            if select.select([orders], [], [], _RESTART_SECONDS)[0]:
                break
            _log.warning("worker_ended", exit_code=os.waitstatus_to_exitcode(status))
    os._exit(0)


def _run(settings: Settings, orders: socket.socket) -> NoReturn:
    import uvloop  # noqa: PLC0415 - imported by the keeper, see there

    from runner import working  # noqa: PLC0415 - as above

    async def run() -> None:
        await working.until(_stop_on(orders), settings)

    code = 1
    try:
        os.nice(_NICENESS)
        uvloop.run(run())
        code = 0
    except Exception:  # noqa: BLE001 - whatever ended it, the keeper starts another one
        _log.exception("worker_failed")
    finally:
        sys.stdout.flush()
        os._exit(code)  # what the serving process means to do at its end is not for this one


def _stop_on(orders: socket.socket) -> asyncio.Event:
    """An event that the order to stop sets; without the serving process, the worker ends at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told() -> None:
        if not orders.recv(1, socket.MSG_PEEK):
            os._exit(1)  # a service that is killed is gone as a whole, and its jobs are free to be resumed
        loop.remove_reader(orders)  # the order stays unread, so that the keeper finds it too
        stop.set()

    loop.add_reader(orders, told)
    return stop
