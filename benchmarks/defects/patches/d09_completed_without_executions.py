from benchmarks.defects.patches.patching import edit
from runner.store import outcomes


def apply() -> None:
    """Deletes the executions of a cross-region job when it ends."""
    statement = """"DELETE FROM executions WHERE job_id = %s AND cross_region_execution_id IS NOT NULL", (job,)"""
    edit(
        outcomes.store_outcome,
        (
            "        for region in outcome.regions:\n",
            f"        await connection.execute({statement})\n        for region in outcome.regions:\n",
        ),
    )
