"""Steps of executions that are carried out together, whichever jobs they are of.

A step that comes while the database works on others waits for the next batch, so that a busy worker needs fewer
statements and an idle one answers as quickly as ever. A batch never waits for a lock: whatever somebody else holds is
left out, and is then waited for by itself.
"""

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import psycopg

from runner.store import runs
from runner.store.database import Connection
from runner.store.runs import Completion, Planned
from runner.worker.database import Persistent, wait

Item = TypeVar("Item")

_MOST: Final = 16
_SENDING_SECONDS: Final = 0.25
"""How long a job is kept from being cancelled for a request that the router is slow to take."""


@dataclass(frozen=True)
class Beginning:
    """An execution whose call is to be made.

    Attributes:
        job: `jobs.id`.
        execution: as it was read.
        sent: set when its request is out, or will not be sent.

    """

    job: int
    execution: Planned
    sent: asyncio.Event


@dataclass(frozen=True)
class _Step(Generic[Item]):
    item: Item
    done: asyncio.Future[bool]

    def conclude(self, result: bool) -> None:
        if not self.done.done():
            self.done.set_result(result)


class _Together(Generic[Item]):
    """Steps of one kind: those that come while a batch is under way make the next one."""

    def __init__(self, work: Callable[[Sequence[_Step[Item]]], Awaitable[None]]) -> None:
        self._work = work
        self._waiting: list[_Step[Item]] = []
        self._working: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> bool:
        step = _Step(item, asyncio.get_running_loop().create_future())
        self._waiting.append(step)
        if self._working is None:
            self._working = _start(self._run())
        return await step.done

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                try:
                    await self._work(batch)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is the result of those that wait
                    for step in batch:
                        if not step.done.done():
                            step.done.set_exception(error)
        finally:
            self._working = None

    def close(self) -> None:
        if self._working is not None:
            self._working.cancel()


class Batches:
    """The batches of one worker.

    Args:
        persist: the database.

    """

    def __init__(self, persist: Persistent) -> None:
        self._persist = persist
        self._beginnings = _Together(self._begin_all)
        self._completions = _Together(self._complete_all)
        self._others: set[asyncio.Task[None]] = set()

    async def begin(self, beginning: Beginning) -> bool:
        """Claim an execution, which is committed by then; returns whether its call is to be made now.

        While the request is being sent its job cannot be cancelled, so no call is made once a cancellation has been
        committed.
        """
        try:
            return await self._beginnings(beginning)
        except asyncio.CancelledError:
            beginning.sent.set()
            raise

    async def complete(self, execution: Planned, completion: Completion) -> bool:
        """Store an answer; False when it came too late and was discarded."""
        return await self._completions((execution, completion))

    def close(self) -> None:
        """Leave everything that is under way as it is."""
        self._beginnings.close()
        self._completions.close()
        for task in self._others:
            task.cancel()

    async def _begin_all(self, steps: Sequence[_Step[Beginning]]) -> None:
        claimed = await self._persist(lambda connection, again: _claim(connection, steps, again, wait=False))
        ready = [step for step in steps if step.item.execution.id in claimed]
        for step in steps:
            if step not in ready:
                self._aside(self._begin_alone(step), step)
        if ready:
            answered = asyncio.Event()
            holding = self._aside(self._hold(ready, answered), *ready)
            holding.add_done_callback(lambda _: answered.set())
            await answered.wait()

    async def _begin_alone(self, step: _Step[Beginning]) -> None:
        if await self._persist(lambda connection, again: _claim(connection, [step], again, wait=True)):
            await self._hold_for([step], asyncio.Event(), wait=True)
        step.conclude(False)

    async def _hold(self, steps: Sequence[_Step[Beginning]], answered: asyncio.Event) -> None:
        await self._hold_for(steps, answered, wait=False)
        for step in steps:
            if not step.done.done():
                await self._hold_for([step], answered, wait=True)
                step.conclude(False)

    async def _hold_for(self, steps: Sequence[_Step[Beginning]], answered: asyncio.Event, *, wait: bool) -> None:
        jobs = {step.item.job for step in steps}

        async def hold(connection: Connection, _: bool) -> None:
            async with runs.held(connection, jobs, wait=wait) as running:
                calling = [step for step in steps if step.item.job in running and not step.done.cancelled()]
                for step in calling:
                    step.conclude(True)
                answered.set()
                await _sent(calling)

        await self._persist(hold)

    async def _complete_all(self, steps: Sequence[_Step[tuple[Planned, Completion]]]) -> None:
        answers = [step.item for step in steps]
        try:
            stored = await self._persist(lambda connection, _: runs.complete(connection, answers, wait=False))
        except (psycopg.DataError, UnicodeError):  # of one of them, which finds out by itself
            stored = set()
        for step in steps:
            if step.item[0].id in stored:
                step.conclude(True)
            else:
                self._aside(self._complete_alone(step), step)

    async def _complete_alone(self, step: _Step[tuple[Planned, Completion]]) -> None:
        step.conclude(
            bool(await self._persist(lambda connection, _: runs.complete(connection, [step.item], wait=True)))
        )

    def _aside(self, work: Coroutine[Any, Any, None], *steps: _Step[Any]) -> asyncio.Task[None]:
        """Carry out work beside the batches; steps get the fault that ends it."""
        task = _start(work)
        self._others.add(task)

        def ended(ending: asyncio.Task[None]) -> None:
            self._others.discard(ending)
            error = None if ending.cancelled() else ending.exception()
            for step in steps:
                if error is not None and not step.done.done():
                    step.done.set_exception(error)

        task.add_done_callback(ended)
        return task


async def _claim(connection: Connection, steps: Sequence[_Step[Beginning]], again: bool, *, wait: bool) -> set[int]:
    # Nobody waits any more for the call of a run that was interrupted.
    wanted = [step.item.execution for step in steps if not step.done.done()]
    return await runs.claim(connection, wanted, again, wait=wait) if wanted else set()


async def _sent(steps: Sequence[_Step[Beginning]]) -> None:
    until = time.monotonic() + _SENDING_SECONDS
    for step in steps:
        if not step.item.sent.is_set():
            await wait(step.item.sent, until - time.monotonic())


def _start(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task whose log lines are those of no job, as it works for several."""
    return asyncio.create_task(work, context=contextvars.Context())
