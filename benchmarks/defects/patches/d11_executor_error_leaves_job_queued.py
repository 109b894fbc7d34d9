"""D11: where no provider is found the cross-region execution fails, at year 1, and the job goes on for ever.

From Thurs-plan.md, with 13 jobs stuck, and cross_region_handlers.go: the branch of the error returns before the job is
updated, and writes a zero time. That job and run are terminal together must catch it, and the order of times.
"""

from benchmarks.defects.patches.patching import edit
from runner.worker.job import JobRun

CAUGHT_BY = ("BG-INV-001", "BG-INV-029", "BG-INV-031")
CAUSE = ("terminal together", "created <= started <= completed", "0001")


def apply() -> None:
    """A plan without any provider fails the run alone, and the job is left as it is."""
    failed = (
        "UPDATE cross_region_executions SET status = 'failed', completed_at = '0001-01-01 00:00:00+00' "
        "WHERE jobspec_id = %s AND status = 'running'"
    )
    edit(
        JobRun._within_limit,
        (
            "            async with asyncio.TaskGroup() as group:\n",
            "            if known == {} and self._records.compared:\n"
            f'                statement = "{failed}"\n'
            "                persist = self._tools.persist\n"
            "                await persist(lambda connection, _: connection.execute(statement, (self._trace,)))\n"
            "                return\n"
            "            async with asyncio.TaskGroup() as group:\n",
        ),
    )
