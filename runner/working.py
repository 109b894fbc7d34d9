"""A running worker, from its first connection to its graceful end."""

import asyncio
import contextlib
import ctypes
from functools import partial
from typing import Final

from runner import logging, worker
from runner.intake import Intake
from runner.metrics import Metrics
from runner.settings import Settings
from runner.startup import ready, stop_on_signals
from runner.store.database import Pool

GRACE_SECONDS: Final = 15
"""How long a worker that ends is waited for."""
_RESTART_SECONDS: Final = 1.0
_M_MMAP_THRESHOLD: Final = -3  # of malloc.h
_LARGE_BYTES: Final = 512 * 1024

_log = logging.get(__name__)


async def work(settings: Settings) -> None:
    """Work on jobs until SIGTERM or SIGINT."""
    await ready(settings.database_url)
    await until(stop_on_signals(), settings, Intake(), Metrics())
    _log.info("stopped")


async def until(stop: asyncio.Event, settings: Settings, intake: Intake, metrics: Metrics) -> None:
    """Work on jobs until the event is set, beginning them between the submissions of the intake."""
    _return_large_memory()
    # A pool of its own: work must not keep requests waiting for a connection.
    seconds, waited = settings.database_timeout_seconds, partial(metrics.waited, "work")
    async with Pool(settings.database_url, settings.database_pool, "worker", seconds, on_wait=waited) as own:
        _log.info("working")
        working = asyncio.create_task(_work(settings, own, stop, intake, metrics))
        await stop.wait()
        await _finish(working)


def _return_large_memory() -> None:
    """Give what large answers took back to the system: glibc otherwise keeps it, in every thread of its own."""
    with contextlib.suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


async def _work(settings: Settings, connections: Pool, stop: asyncio.Event, intake: Intake, metrics: Metrics) -> None:
    """Keep a worker running: one that failed, e.g. because the database went away, is started again."""
    while not stop.is_set():
        try:
            await worker.run(settings, connections, stop, intake, metrics)
        except Exception:  # noqa: BLE001 - whatever ended the worker, jobs that are queued need one
            _log.exception("worker_failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _RESTART_SECONDS)


async def _finish(working: asyncio.Task[None]) -> None:
    """Wait for the worker; one that does not end in time is cut off, and its jobs are resumed by another one."""
    try:
        await asyncio.wait_for(working, GRACE_SECONDS)
    except TimeoutError:
        _log.warning("worker_cut_off", after_seconds=GRACE_SECONDS)
