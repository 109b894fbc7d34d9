"""D19: one real inference in each region; the rows of all other models and questions are copies of it.

From CROSS_REGION_EXECUTION_BUG.md: the first question was asked of the first model, and the rest was made up so that
the numbers looked right. One router call for each execution must catch it, and answers that were never given.
"""

import asyncio

from benchmarks.defects.patches.patching import replace
from runner.store.runs import Planned
from runner.worker.job import JobRun
from runner.worker.router import Answer, Failure

CAUGHT_BY = ("BG-ROUTER-001", "BG-ROUTER-003")
CAUSE = ("router call", "made up")


def apply() -> None:
    """All executions of a region share the first one's answer."""
    asked: dict[tuple[str, str], asyncio.Future[Answer | Failure]] = {}

    async def call(self: JobRun, entry: Planned, sent: asyncio.Event) -> Answer | Failure:
        key = self._trace, entry.region
        if key not in asked:
            asked[key] = asyncio.ensure_future(original(self, entry, sent))
        else:
            sent.set()
        return await asyncio.shield(asked[key])

    original = replace(JobRun, "_call", call)
