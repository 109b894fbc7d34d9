"""The worker process: pgqueuer hands out jobs, each is run by a `JobRun`, and a stop loses nothing."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job
from pgqueuer.domain.types import Channel

from runner import logging, queue, queue_driver
from runner.intake import Intake
from runner.metrics import Metrics
from runner.settings import Settings
from runner.store import old, runs
from runner.store.database import Pool
from runner.worker.batches import Batches
from runner.worker.database import OUTAGE, Persistent, QueueDriver, wait
from runner.worker.faults import Faults
from runner.worker.job import End, JobRun, Tools
from runner.worker.listener import Listener
from runner.worker.locks import JobLocks
from runner.worker.queue import Queue
from runner.worker.router import Router
from runner.worker.slots import FairSlots

STOP_GRACE_SECONDS: Final = 3.0
"""How long calls that are under way may still take when the worker is stopped."""

_RELEASE_SECONDS: Final = 2.0
_RESTART_SECONDS: Final = 1.0
_MAINTENANCE_SECONDS: Final = 15.0
_LOST_AFTER_SECONDS: Final = 60.0
_ROUNDS_PER_PRUNING: Final = 240
_MAX_FAULTS: Final = 3
_MAX_PAUSE_EXPONENT: Final = 5
_CANCELLED_CHANNEL: Final = "job_cancelled"

_log = logging.get(__name__)


async def run(settings: Settings, pool: Pool, stop: asyncio.Event, intake: Intake, metrics: Metrics) -> None:
    """Run jobs until stopped.

    Any number of workers may share a database. A job is run by one of them at a time; when a worker dies, another one
    goes on with its jobs once their heartbeat is older than `settings.heartbeat_seconds`. When stopped, the worker
    begins no further call, gives the calls that are under way `STOP_GRACE_SECONDS`, and hands unfinished jobs back.

    Args:
        settings: `jobs_parallel` and `executions_parallel` bound what this process does at the same time.
        pool: open; used by the worker for single statements. It opens two further connections of its own.
        stop: set it to stop.
        intake: the submissions that go first.
        metrics: of this process.

    """
    async with Router(settings.router_url, settings.router_timeout_seconds) as router:
        while not stop.is_set():
            try:
                await _Worker(settings, pool, router, intake, metrics).run(stop)
            except Exception:  # noqa: BLE001 - whatever it is, the worker has to come back
                _log.exception("worker_restarts")
                await wait(stop, _RESTART_SECONDS)


class _Worker:
    def __init__(self, settings: Settings, pool: Pool, router: Router, intake: Intake, metrics: Metrics) -> None:
        self._settings = settings
        self._pool = pool
        self._intake = intake
        self._heartbeat = timedelta(seconds=settings.heartbeat_seconds)
        self._runs: dict[int, JobRun] = {}
        self._faults: dict[int, Faults] = {}
        slots = FairSlots(settings.executions_parallel)
        persist = Persistent(pool)
        self._tools = Tools(persist, Batches(persist), router, slots, asyncio.Event(), metrics)
        self._parallel = asyncio.Semaphore(settings.jobs_parallel)
        self._checks: set[asyncio.Task[None]] = set()
        channels = (queue_driver.NAMES.channel, _CANCELLED_CHANNEL)
        seconds = settings.database_timeout_seconds
        self._listener = Listener(settings.database_url, seconds, channels, on_connected=self._recheck)
        self._listener.subscribe(_CANCELLED_CHANNEL, self._cancelled)
        self._locks = JobLocks(settings.database_url, seconds, settings.heartbeat_seconds / 2, on_lost=self._lost)
        self._driver = QueueDriver(pool, self._listener)
        self._manager = Queue(queue_driver.queries(self._driver), channel=Channel(queue_driver.NAMES.channel))
        self._manager.entrypoint(queue.ENTRYPOINT, accepts_context=False)(self._handle)

    async def run(self, stop: asyncio.Event) -> None:
        helpers = [asyncio.create_task(part) for part in (self._listener.run(), self._locks.run(), self._maintain())]
        taking = asyncio.create_task(self._take())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([taking, stopping, *helpers], return_when=asyncio.FIRST_COMPLETED)
            await self._stop(taking)
            for task in (taking, *helpers):
                if task.done() and not task.cancelled():
                    task.result()
        finally:
            self._tools.batches.close()
            remaining = [stopping, *helpers, *self._checks]
            for ending in remaining:
                ending.cancel()
            await asyncio.gather(*remaining, return_exceptions=True)

    async def _take(self) -> None:
        parallel = self._settings.jobs_parallel
        await self._manager.run(
            # Notifications bring work; only an entry whose worker died, or whose notification was lost, waits for this.
            dequeue_timeout=self._heartbeat / 2,
            # pgqueuer wants room for two batches; with one job at a time the second one waits in _handle.
            batch_size=max(1, parallel // 2),
            max_concurrent_tasks=max(2, parallel),
            heartbeat_timeout=self._heartbeat,
            # Nothing reads pgqueuer's statistics; the gauge of /metrics counts the queue itself.
            log_aggregation_interval=timedelta(0),
        )

    async def _stop(self, taking: asyncio.Task[None]) -> None:
        self._tools.draining.set()
        self._manager.shutdown.set()
        await asyncio.wait({taking}, timeout=STOP_GRACE_SECONDS)
        for current in list(self._runs.values()):
            current.interrupt(End.RELEASED)
        await asyncio.wait({taking}, timeout=_RELEASE_SECONDS)
        if not taking.done():
            # The database is away: leave the entries to whoever finds their heartbeat old.
            _log.warning("jobs_not_handed_back", jobs=len(self._runs))
            self._driver.abandon()
            while not taking.done():  # the first cancellation may only end a statement of the dispatcher
                taking.cancel()
                await asyncio.wait({taking}, timeout=_RELEASE_SECONDS)

    async def _handle(self, entry: Job) -> None:
        job = int(entry.payload or b"0")
        request_id = str((entry.headers or {}).get("request_id", entry.id))
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            async with self._parallel:
                await self._intake.pause()
                if self._tools.draining.is_set():
                    raise RetryRequested(reason="the worker stops")
                if not await self._locks.acquire(job):
                    # Its worker is alive, only slow: look again later.
                    raise RetryRequested(self._heartbeat, "another worker runs the job")
                try:
                    end = await self._run(job)
                finally:
                    await self._locks.release(job)
        if end is End.RELEASED:
            pause = timedelta(0) if self._tools.draining.is_set() else self._heartbeat
            raise RetryRequested(pause, "the job is handed back")

    async def _run(self, job: int) -> End:
        current = self._runs[job] = JobRun(job, self._tools)
        # pgqueuer forgets an entry whose handler fails: every fault becomes another try, and a fault that is not of the
        # surroundings in the end a failed job. Its own count has the hand-backs of restarts too.
        try:
            end = await current.run()
        except Exception as error:
            faults = self._faults.get(job, Faults()).and_another(error)
            self._faults[job] = faults
            _log.exception("job_fault", attempt=faults.total)
            if faults.own > _MAX_FAULTS and await self._give_up(current, error):
                del self._faults[job]
                return End.DONE
            pause = timedelta(seconds=2 ** min(faults.total - 1, _MAX_PAUSE_EXPONENT))
            raise RetryRequested(pause, f"a fault: {type(error).__name__}") from error
        else:
            self._faults.pop(job, None)
            return end
        finally:
            del self._runs[job]

    async def _give_up(self, current: JobRun, error: Exception) -> bool:
        try:
            await current.give_up(error)
        except Exception:  # noqa: BLE001 - the fault is in the way of ending the job, too; it is tried again
            _log.exception("job_not_ended")
            return False
        return True

    def _cancelled(self, payload: str) -> None:
        current = self._runs.get(int(payload)) if payload.isdecimal() else None
        if current is not None:
            current.interrupt(End.DONE)

    def _lost(self, job: int) -> None:
        current = self._runs.get(job)
        if current is not None:
            _log.warning("job_taken_over")
            current.interrupt(End.RELEASED)

    def _recheck(self) -> None:
        """Look for cancellations that were not heard of while the listener was away."""
        for job, current in self._runs.items():
            task = asyncio.create_task(self._check(job, current))
            self._checks.add(task)
            task.add_done_callback(self._checks.discard)

    async def _check(self, job: int, current: JobRun) -> None:
        if await self._tools.persist(lambda connection, _: runs.status(connection, job)) in (None, "cancelled"):
            current.interrupt(End.DONE)

    async def _maintain(self) -> None:
        """Queue jobs again that have lost their entry, and remove what is past its time."""
        rounds = 0
        while True:
            try:
                async with self._pool.connection() as connection:
                    async with connection.transaction():
                        lost = await queue.enqueue_lost(connection, _LOST_AFTER_SECONDS)
                        if rounds % _ROUNDS_PER_PRUNING == 0:
                            await queue.prune_log(connection)
                    if rounds % _ROUNDS_PER_PRUNING == 0:
                        await old.expire(connection)
                if lost:
                    _log.warning("jobs_queued_again", jobs=lost)
            except OUTAGE as error:
                _log.warning("maintenance_postponed", error=str(error).strip())
            rounds += 1
            await asyncio.sleep(_MAINTENANCE_SECONDS)
