"""D01: the analysis of a standard job is 404 for ever, with the answer that an unknown job gets.

From BIAS_ANALYSIS_404_FIX_PLAN.md: the reader joins tables that only the cross-region workflow writes. The answer of
the analysis endpoint has to follow from the job's rows, so the comparison of the two must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner.web import analysis

CAUGHT_BY = ("BG-ANALYSIS-002",)
CAUSE = ("standard_workflow",)


def apply() -> None:
    """Whoever has no cross-region execution is taken for unknown."""
    edit(
        analysis.get_bias_analysis,
        ("        if run is None:\n", "        if run is None:\n            raise unknown_job(job_id)\n"),
    )
