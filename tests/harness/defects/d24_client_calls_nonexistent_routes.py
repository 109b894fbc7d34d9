"""D24: the portal asks for the executions of a job by a filter that the runner ignores, and shows those of other jobs.

From RETRY_UI_FIX.md and the portal's api module: a client written against endpoints that were planned and not built.
The listings, held against the rows of the job that they are asked for, must catch it.
"""

from runner.store import executions
from tests.harness.defects.patching import edit

CAUGHT_BY = ("BG-LIST-001 jobspec_id",)
CAUSE = ("jobspec_id",)


def apply() -> None:
    """The filter is ignored."""
    edit(executions.page, ('where = "" if job_id is None else "WHERE j.jobspec_id = %(job)s"', 'where = ""'))
