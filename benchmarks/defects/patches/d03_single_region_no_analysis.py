"""D03: a job of one region never says that an analysis does not apply; the portal keeps polling, then gives up.

From runner-app/internal/handlers/cross_region_handlers.go: the analysis waits for two successful regions, and nothing
records that it was left out. What the analysis endpoint says, held against the job's rows, must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner.web import analysis

CAUGHT_BY = ("BG-ANALYSIS-002",)
CAUSE = ("analysis_not_applicable",)


def apply() -> None:
    """Too few regions look like an analysis that is still to come."""
    edit(analysis._missing, ('"analysis_not_applicable"', '"analysis_pending"'))
