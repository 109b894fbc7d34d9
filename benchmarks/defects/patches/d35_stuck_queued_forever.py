from benchmarks.defects.patches.patching import edit
from runner.worker import job


def apply() -> None:
    """Lets neither the job's limit nor that of a region end a call."""
    edit(job.JobRun._within_limit, ("asyncio.timeout(remaining)", "asyncio.timeout(None)"))
    edit(job.JobRun._region, ("asyncio.get_running_loop().time() + seconds", "None"))
