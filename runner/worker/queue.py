"""The queue as a worker takes jobs from it."""

from datetime import timedelta
from typing import Any, Final

from pgqueuer.core.qm import QueueManager

# An entry that is due is the first that is met, however many there are.
_PAUSE: Final = """
SELECT CASE WHEN EXISTS (
    SELECT FROM pgqueuer WHERE entrypoint = ANY($1) AND status = 'queued' AND execute_after <= now()
) THEN interval '0' ELSE (
    SELECT min(execute_after) - now() FROM pgqueuer WHERE entrypoint = ANY($1) AND status = 'queued'
) END AS pause
"""


class Queue(QueueManager):
    """pgqueuer's manager, which asks the database once, not three times, how long it may wait for the next entry.

    It asks after each look at the queue, and an idle worker does little else. pgqueuer does not publish the method: a
    version without it would use its own statements.
    """

    async def _effective_dequeue_timeout(self, dequeue_timeout: timedelta) -> timedelta:
        """The time until the first entry that is queued is due, within the limits of the manager."""
        rows: list[dict[str, Any]] = await self.queries.driver.fetch(_PAUSE, list(self.entrypoint_registry))
        pause: timedelta | None = rows[0]["pause"]
        return dequeue_timeout if pause is None else max(min(pause, dequeue_timeout), self.min_dequeue_poll_interval)
