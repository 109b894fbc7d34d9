"""D07: multi-region jobs that ended before the fix stay without a cross-region execution and without an analysis.

From phase 5 of BIAS_ANALYSIS_404_FIX_PLAN.md: the fix changed new submissions only. Historical jobs that a backfill is
run over must catch it.
"""

from benchmarks.defects.patches.patching import replace_text
from runner.store import backfill

KIND = "backfill"
CAUGHT_BY = ("BG-TEST-001 tests/backfill/",)
CAUSE = ("backfill",)


def apply() -> None:
    """The backfill looks at jobs of the new workflow only, of which none lacks anything."""
    replace_text(backfill, "_WITHOUT_RUN", "j.workflow = 'standard'", "j.workflow = 'cross-region'")
