from benchmarks.defects.patches.patching import edit
from runner.worker.job import JobRun


def apply() -> None:
    """Fails only the cross-region execution of a plan without a provider, and leaves the job as it is."""
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
