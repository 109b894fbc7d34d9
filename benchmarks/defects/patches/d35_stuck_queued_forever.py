"""D35: a job hangs for as long as one of its inferences does.

From JOB_HANG_BUG.md and STUCK_JOBS_ANALYSIS.md: the wait for one inference has no bound. The rule that nothing runs
beyond the time limits of its job must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner.worker import job

CAUGHT_BY = ("BG-INV overdue",)
CAUSE = ("time limit",)


def apply() -> None:
    """Neither the job's limit nor that of a region ends a call."""
    edit(job.JobRun._within_limit, ("asyncio.timeout(seconds)", "asyncio.timeout(None)"))
    edit(job.JobRun._region, ("asyncio.get_running_loop().time() + seconds", "None"))
