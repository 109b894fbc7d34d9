"""The work of a backfill, batch by batch: here, or in processes beside this one."""

import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from typing import Final

from runner.backfill.plan import plan_for, why_no_analysis
from runner.store import backfill as store
from runner.store.backfill import Batch, Connection, Plan

MOST_PROCESSES: Final = 4
"""More of them than this would wait for the database."""
_WORTH_PROCESSES: Final = 200  # fewer jobs are done before a second interpreter has started
_WAITING: Final = 2  # batches for each process that are handed out before they are needed
_connection: Connection | None = None


@dataclass
class Done:
    """The result of a batch.

    Attributes:
        size: jobs of the batch.
        examined: those that were looked at; others belong to another backfill.
        written: jobs that got a run and region results, or in a dry run would get them.
        analysed: jobs of these that got an analysis.
        left_out: id and reason of each job that got none.

    """

    size: int
    examined: int = 0
    written: int = 0
    analysed: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)


def processes(jobs: int) -> int:
    """How many processes are worth having on this machine for so many jobs."""
    if jobs < _WORTH_PROCESSES:
        return 1
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST_PROCESSES, count)


def here(connection: Connection, batches: Iterable[Batch]) -> Iterator[Done]:
    """Work through batches one after the other."""
    for batch in batches:
        yield work(connection, batch)


def beside(database_url: str, batches: Iterable[Batch], count: int, *, read_only: bool) -> Iterator[Done]:
    """Work through batches in so many processes, which end with this one; the results come in order.

    Raises:
        psycopg.Error: as the database said to a process.
        BrokenProcessPool: a process was killed.

    """
    waiting: deque[Future[Done]] = deque()
    start = get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=start, initializer=_begin, initargs=(database_url, read_only))
    try:
        for batch in batches:
            waiting.append(_submit(pool, batch))
            if len(waiting) > _WAITING * count:  # so that memory does not grow with the number of batches
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def work(connection: Connection, batch: Batch) -> Done:
    """Work through a batch in one transaction."""
    done = Done(batch.size)
    with connection.transaction():
        jobs = store.take(connection, batch)
        executions = store.executions(connection, [job["id"] for job in jobs])
        plans: list[Plan] = []
        for job in jobs:
            plan = plan_for(job, executions.get(job["id"], []))
            if isinstance(plan, str):
                done.left_out.append((job["jobspec_id"], plan))
            else:
                plans.append(plan)
        done.examined = len(jobs)
        if not batch.dry_run:
            written = store.insert(connection, plans)
            # What another backfill was quicker with, it reports.
            done.examined -= len(plans) - len(written)
            plans = [plan for plan in plans if plan.job_id in written]
    for plan in plans:
        reason = why_no_analysis(plan.outcome)
        done.written += 1
        if reason is None:
            done.analysed += 1
        else:
            done.left_out.append((plan.job_id, reason))
    return done


def _submit(pool: ProcessPoolExecutor, batch: Batch) -> Future[Done]:
    # Ctrl-C is the business of this process. One that is started here has it blocked from its first moment on.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(_work, batch)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _begin(database_url: str, read_only: bool) -> None:
    global _connection  # noqa: PLW0603 - the pool keeps nothing else for a process between two batches
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _connection = store.connect(database_url, read_only=read_only)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(batch: Batch) -> Done:
    if _connection is None:
        raise RuntimeError("the process has no connection")
    return work(_connection, batch)
