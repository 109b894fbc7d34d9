from benchmarks.defects.patches.patching import edit
from runner.web import analysis


def apply() -> None:
    """Answers a job without a cross-region execution as unknown."""
    edit(
        analysis.get_bias_analysis,
        ("        if run is None:\n", "        if run is None:\n            raise unknown_job(job_id)\n"),
    )
