"""D36: executions that the time limit of their region cut off leave no row, so a job never has all that it should.

From cross_region_executor.go: the deadline is looked at between executions, and the rest is skipped without a record.
The rule that a job has an execution for each region, model and question must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner.store import runs

CAUGHT_BY = ("BG-INV-002",)
CAUSE = ("execution for each region, model and question",)

_SKIPPED = """
DELETE FROM executions WHERE job_id = %(job)s AND region = %(region)s AND status IN ('pending', 'running') RETURNING id
"""


def apply() -> None:
    """What is left of a region when its time is over is dropped."""
    edit(
        runs.fail_region,
        ("        _FAIL_REGION,\n", f"        _FAIL_REGION if status != 'timeout' else {_SKIPPED!r},\n"),
    )
