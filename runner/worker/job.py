"""One job from its first call to its end."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from enum import Enum
from typing import Any

from runner import logging
from runner.metrics import Metrics
from runner.outcome import TERMINAL, derive
from runner.questions import prompt
from runner.store import outcomes, runs
from runner.store.runs import Planned
from runner.worker.batches import Batches, Beginning
from runner.worker.database import Persistent
from runner.worker.execution import limits_of, no_provider, out_of_time, runner_fault
from runner.worker.records import Records
from runner.worker.router import ROUTER_REGIONS, Answer, Call, Failure, Router
from runner.worker.slots import FairSlots

_log = logging.get(__name__)


class End(Enum):
    """How a run ended here."""

    DONE = "done"
    """The job is terminal, or gone."""
    RELEASED = "released"
    """Work is left for the next worker that takes the job."""


@dataclass(frozen=True)
class Tools:
    """State that all runs of a worker share.

    Attributes:
        persist: the database.
        batches: steps of executions.
        router: who is asked.
        slots: bounds the calls of the whole process.
        draining: once set, no further call is begun.
        metrics: of this process.

    """

    persist: Persistent
    batches: Batches
    router: Router
    slots: FairSlots
    draining: asyncio.Event
    metrics: Metrics


class JobRun:
    """Runs one job, or what is left of it.

    Args:
        job: `jobs.id`.
        tools: what runs share.

    """

    def __init__(self, job: int, tools: Tools) -> None:
        self.job = job
        self._tools = tools
        self._end: End | None = None
        self._body: asyncio.Task[End] | None = None
        self._records = Records(job, tools.persist, tools.batches)
        self._spec: dict[str, Any] = {}
        self._trace = ""
        self._providers: dict[str, str] = {}
        self._began = time.perf_counter()

    def interrupt(self, end: End) -> None:
        """Stop at once, calls that are under way included; `run` then returns this end."""
        if self._end is None:
            self._end = end
            if self._body is not None:
                self._body.cancel()

    async def run(self) -> End:
        """Run until the job is terminal, the worker drains, or `interrupt`.

        Raises:
            Exception: a fault of the runner; nothing was decided about the job.

        """
        self._body = asyncio.create_task(self._run())
        if self._end is not None:
            self._body.cancel()
        try:
            return await self._body
        except asyncio.CancelledError:
            if self._end is None:
                raise
            return self._end
        finally:
            await self._records.close()

    async def give_up(self, error: BaseException) -> None:
        """End the job as failed after a fault that repeats; executions that are terminal stay as they are."""
        persist = self._tools.persist
        await persist(lambda connection, _: runs.begin(connection, self.job))
        for region in await persist(lambda connection, _: runs.regions(connection, self.job)):
            await self._records.fail_region(region, runner_fault(error), "failed")
        await self._finish()

    async def _run(self) -> End:
        persist = self._tools.persist
        left = await persist(lambda connection, _: runs.unfinished(connection, self.job))
        async with AsyncExitStack() as first:
            if left:
                # The job's clock starts when it gets a slot: waiting for others is not charged to it.
                await first.enter_async_context(self._tools.slots.slot((self.job, left[0].region)))
            row = await persist(lambda connection, _: runs.begin(connection, self.job))
            if row is None or row["status"] != "running" or self._tools.draining.is_set():
                return End.RELEASED if row and row["status"] == "running" else End.DONE
            self._spec, self._trace = row["jobspec_data"], row["jobspec_id"]
            self._records.compared = row["run"] is not None
            self._began = time.perf_counter()
            logging.bind(job_id=self._trace)
            _log.info("job_running", executions=len(left), resumed=any(entry.interrupted for entry in left))
            await self._within_limit(left, first, row["seconds"])
        async with self._tools.router.large.working if self._records.large else nullcontext():
            return await self._finish()

    async def _within_limit(self, left: Sequence[Planned], first: AsyncExitStack, passed: float) -> None:
        seconds, region_seconds = limits_of(self._spec)
        # However often its worker died: the job's time goes on.
        remaining = max(0.0, seconds - passed)
        by_region: dict[str, list[Planned]] = {}
        for entry in left:
            by_region.setdefault(entry.region, []).append(entry)
        try:
            async with asyncio.timeout(remaining) as limit:
                known = await self._plan(list(by_region)) if left else None
                async with asyncio.TaskGroup() as group:
                    for region, entries in by_region.items():
                        mine = first if region == left[0].region else None
                        if known is not None and region not in known:
                            await (mine.aclose() if mine else asyncio.sleep(0))
                            failure = no_provider(ROUTER_REGIONS.get(region, region))
                            group.create_task(self._records.decide(region, failure, "failed"))
                        else:
                            group.create_task(self._region(region, entries, mine, region_seconds))
        except TimeoutError:
            if not limit.expired():
                raise
            await self._records.stored()
            for region in by_region:
                await self._records.decide(region, out_of_time("job", seconds), "timeout")

    async def _plan(self, regions: Sequence[str]) -> dict[str, str] | None:
        """Choose a provider for each region; None when the router gives no list."""
        listed = await self._tools.router.providers(self._trace)
        if listed is None:
            _log.warning("providers_unknown")
            return None
        chosen = {}
        for region in regions:
            name = ROUTER_REGIONS.get(region, region)
            match = next((provider for provider in listed if provider.healthy and provider.region == name), None)
            if match is not None:
                chosen[region] = {"name": match.name, "type": match.type, "region": match.region}
        if chosen:
            await self._tools.persist(lambda connection, _: runs.plan(connection, self.job, chosen))
        self._providers = {region: info["name"] for region, info in chosen.items()}
        return self._providers

    async def _region(
        self, region: str, entries: Sequence[Planned], first: AsyncExitStack | None, seconds: float
    ) -> None:
        """Run a region's executions; its clock starts with its first call."""
        try:
            async with asyncio.timeout(None) as limit:

                def started() -> None:
                    if limit.when() is None:
                        limit.reschedule(asyncio.get_running_loop().time() + seconds)

                async with asyncio.TaskGroup() as group:
                    for entry in entries:
                        group.create_task(self._execution(entry, first, started))
                        first = None
        except TimeoutError:
            if not limit.expired():
                raise
            await self._records.stored()
            await self._records.decide(region, out_of_time("region", seconds), "timeout")
        else:
            await self._records.settle(region)

    async def _execution(self, entry: Planned, first: AsyncExitStack | None, started: Callable[[], None]) -> None:
        async with AsyncExitStack() as room:
            async with first or self._tools.slots.slot((self.job, entry.region)):
                if self._tools.draining.is_set():
                    return
                result = await self._claim_and_call(entry, started, room)
            if result is not None:
                await self._records.store(entry, result, self._providers.get(entry.region))

    async def _claim_and_call(
        self, entry: Planned, started: Callable[[], None], room: AsyncExitStack
    ) -> Answer | Failure | None:
        """The result of the call, or None when it is not made."""
        sent = asyncio.Event()
        # Committed before anything is sent: whatever happens from now on, the row counts the call.
        if not await self._tools.batches.begin(Beginning(self.job, entry, sent)):
            return None
        started()
        try:
            return await self._call(entry, Call(self._trace, f"{self._trace}/{entry.id}/{entry.attempt}", sent, room))
        finally:
            sent.set()

    async def _call(self, entry: Planned, names: Call) -> Answer | Failure:
        text = prompt(entry.question_id, self._spec)
        with self._tools.metrics.call() as outcome:
            try:
                answer = await self._tools.router.infer(entry.model_id, text, entry.region, names)
            except Failure as failure:
                outcome.append(failure.type)
                return failure
            outcome.append("answer")
            return answer

    async def _finish(self) -> End:
        """End the job, if everything is terminal and nobody else has ended it."""
        persist = self._tools.persist
        large = self._records.large
        rows = await persist(lambda connection, _: outcomes.executions(connection, self.job), large=large)
        row = await persist(lambda connection, _: runs.begin(connection, self.job))
        if row is None or row["status"] != "running":
            return End.DONE
        if not all(entry.status in TERMINAL for entry in rows):
            return End.RELEASED
        regions = list(dict.fromkeys(entry.region for entry in rows))
        demands = outcomes.demands_of(row["jobspec_data"], row if row["run"] else None, regions)
        # In a thread, so that a long comparison does not hold up the calls and heartbeats of other jobs.
        result = await asyncio.to_thread(derive, rows, demands)
        if result.analysis_error is not None:
            _log.error("analysis_failed", reason=result.analysis_error)
        # Before it is stored: a cancellation may have ended the job by then, and this is what its executions came to.
        seconds = time.perf_counter() - self._began
        _log.info(
            "job_decided",
            status=result.status,
            successful_regions=result.success_count,
            duration_ms=round(seconds * 1000, 3),
        )
        self._tools.metrics.decided("standard" if row["run"] is None else "cross-region", result.status, seconds)
        await persist(lambda connection, _: outcomes.store_outcome(connection, self.job, result))
        return End.DONE
