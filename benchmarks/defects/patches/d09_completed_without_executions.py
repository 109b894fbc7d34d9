"""D09: a cross-region job is completed, and its list of executions is empty.

From EXECUTION_RECORDS_FIX.md and TEST_RESULTS.md: the cross-region workflow wrote its region results and forgot the
executions. One execution for each region, model and question must catch it, and router calls that none stands for.
"""

from benchmarks.defects.patches.patching import edit
from runner.store import outcomes

CAUGHT_BY = ("BG-INV-002", "BG-ROUTER-002")
CAUSE = ("an execution for each region", "without an execution")


def apply() -> None:
    """The executions of a cross-region job are gone when it has ended."""
    statement = """"DELETE FROM executions WHERE job_id = %s AND cross_region_execution_id IS NOT NULL", (job,)"""
    edit(
        outcomes.store_outcome,
        (
            "        for region in outcome.regions:\n",
            f"        await connection.execute({statement})\n        for region in outcome.regions:\n",
        ),
    )
