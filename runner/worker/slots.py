"""A bound on calls that run at the same time, shared fairly between jobs and regions."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class FairSlots:
    """So many slots for the whole process; a free one goes to the waiter whose group holds the fewest.

    A region that hangs, or a job with many executions, cannot keep the others from being served: a group without a slot
    is always next, and of several the one that has waited longest since its last one.

    Args:
        total: how many slots there are.

    """

    def __init__(self, total: int) -> None:
        self._free = total
        self._held: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def slot(self, group: Hashable) -> AsyncIterator[None]:
        """Hold a slot for the group while inside; waits for one."""
        await self._acquire(group)
        try:
            yield
        finally:
            self._release(group)

    async def _acquire(self, group: Hashable) -> None:
        if self._free > 0:
            self._free -= 1
            self._held[group] += 1
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(group, deque()).append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._release(group)  # the slot had been handed over before the waiter was cancelled
            else:
                self._forget(group, waiter)
            raise

    def _release(self, group: Hashable) -> None:
        self._held[group] -= 1
        if self._held[group] == 0:
            del self._held[group]
        self._free += 1
        while self._free > 0 and self._waiting:
            chosen = min(self._waiting, key=lambda candidate: self._held[candidate])
            queue = self._waiting.pop(chosen)
            waiter = queue.popleft()
            if queue:
                self._waiting[chosen] = queue  # behind the others, as groups that hold as many take turns
            if not waiter.done():
                self._free -= 1
                self._held[chosen] += 1
                waiter.set_result(None)

    def _forget(self, group: Hashable, waiter: asyncio.Future[None]) -> None:
        queue = self._waiting.get(group)
        if queue is not None and waiter in queue:
            queue.remove(waiter)
            if not queue:
                del self._waiting[group]
