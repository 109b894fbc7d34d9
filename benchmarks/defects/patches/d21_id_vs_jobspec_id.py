from benchmarks.defects.patches.patching import edit
from runner import jobspec


def apply() -> None:
    """Reads the id from `id` alone."""
    edit(jobspec._job_id, ('for name in ("id", "jobspec_id")]', 'for name in ("id",)]'))
