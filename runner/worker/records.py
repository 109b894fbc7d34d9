"""Rows that a run writes on its way: answers and failures of executions, and results of regions."""

import asyncio
from typing import Final

import psycopg

from runner import logging
from runner.outcome import TERMINAL, region_outcome
from runner.store import outcomes, runs
from runner.store.runs import Planned
from runner.worker.batches import Batches
from runner.worker.database import Persistent
from runner.worker.execution import answer_output, classify, failure_output, status_of
from runner.worker.router import LARGE_BYTES, Answer, Failure

_LAST_STORES_SECONDS: Final = 1.0

_log = logging.get(__name__)


class Records:
    """The records of one run.

    Args:
        job: `jobs.id`.
        persist: the database.
        batches: steps of executions.

    Attributes:
        compared: whether the run has region results (workflow B).
        large: whether any of the answers is large.

    """

    def __init__(self, job: int, persist: Persistent, batches: Batches) -> None:
        self._job = job
        self._persist = persist
        self._batches = batches
        self._storing: set[asyncio.Task[None]] = set()
        self.compared = False
        self.large = False

    async def store(self, entry: Planned, result: Answer | Failure, provider: str | None) -> None:
        """Store what an execution brought; it goes on although the caller is cancelled, see `stored` and `close`.

        Args:
            entry: the execution.
            result: what it brought.
            provider: who was to answer, if that is known.

        """
        # The answer is there: no time limit may lose it any more.
        task = asyncio.create_task(self._store(entry, result, provider))
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)
        await asyncio.shield(task)

    async def close(self) -> None:
        """Store what is quickly stored and give up the rest, which is asked for again when the job is resumed."""
        if self._storing:
            await asyncio.wait(self._storing, timeout=_LAST_STORES_SECONDS)
        for task in self._storing:
            task.cancel()

    async def _store(self, entry: Planned, result: Answer | Failure, provider: str | None) -> None:
        if isinstance(result, Answer):
            try:
                stored = await self._store_answer(entry, result, provider)
            except (psycopg.DataError, UnicodeError) as error:
                _log.warning("answer_not_storable", execution_id=entry.id, error=type(error).__name__)
                message = "the answer cannot be stored"
                result = Failure("ROUTER_JSON_ERROR", "invalid_response", message, False, 200, result.provider)
                stored = await self._store_failure(entry, result)
        else:
            stored = await self._store_failure(entry, result)
        _log.info(
            "execution_stored" if stored else "execution_discarded",
            execution_id=entry.id,
            region=entry.region,
            model_id=entry.model_id,
            question_id=entry.question_id,
            error_code=result.code if isinstance(result, Failure) else None,
        )

    async def _store_answer(self, entry: Planned, answer: Answer, provider: str | None) -> bool:
        def prepare() -> runs.Completion:
            return runs.Completion.of(answer_output(answer, provider), answer.provider, classify(answer.text))

        if len(answer.text) <= LARGE_BYTES:
            return await self._batches.complete(entry, prepare())
        self.large = True
        answers = [(entry, await asyncio.to_thread(prepare))]
        stored = self._persist(lambda connection, _: runs.complete(connection, answers, wait=True), large=True)
        return bool(await stored)

    async def _store_failure(self, entry: Planned, failure: Failure) -> bool:
        output = failure_output(failure, entry.region)
        status = status_of(failure)
        # Who answered from another region stands in the failure; the row keeps the provider of its own region.
        provider = None if failure.type == "region_mismatch" else failure.provider
        return await self._persist(lambda connection, _: runs.fail(connection, entry, status, output, provider))

    async def stored(self) -> None:
        """Wait for answers that are being stored."""
        while self._storing:
            await asyncio.wait(self._storing)

    async def decide(self, region: str, failure: Failure, status: str) -> None:
        """Give all that is left of a region the same failure."""
        await self.fail_region(region, failure, status)
        await self.settle(region)

    async def fail_region(self, region: str, failure: Failure, status: str) -> None:
        """Give all executions of a region that are not terminal the same failure and status."""
        output = failure_output(failure, region)
        await self._persist(lambda connection, _: runs.fail_region(connection, self._job, region, status, output))

    async def settle(self, region: str) -> None:
        """Store the result of a region whose executions are all terminal."""
        if not self.compared:
            return
        rows = await self._persist(
            lambda connection, _: outcomes.executions(connection, self._job, region), large=self.large
        )
        if all(row.status in TERMINAL for row in rows):
            result = (
                await asyncio.to_thread(region_outcome, region, rows) if self.large else region_outcome(region, rows)
            )
            await self._persist(lambda connection, _: outcomes.store_region(connection, self._job, result))
