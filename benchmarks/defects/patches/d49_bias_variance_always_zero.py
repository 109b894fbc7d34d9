"""D49: bias_variance is 0 even for opposite answers, and regions have no scores.

From ANALYSIS_SUMMARY_FIX.md: the scorer stores other member names than the extractor looks for. The analysis computed
again from the stored answers must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner import outcome
from runner.analysis import metrics

CAUGHT_BY = ("BG-ANALYSIS-001 bias_variance", "BG-ROW-004 scoring")
CAUSE = ("bias_variance", "scoring")


def apply() -> None:
    """A score that is not found counts as 0, and scores by region are looked for under another name."""
    edit(metrics._deviation, ("item.scores.bias_score", "getattr(item.scores, 'biasScore', 0.0)"))
    edit(outcome.region_outcome, ("scoring=scores.get(region)", "scoring=scores.get(region.lower())"))
