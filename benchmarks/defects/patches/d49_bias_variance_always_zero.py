from benchmarks.defects.patches.patching import edit
from runner import outcome
from runner.analysis import metrics


def apply() -> None:
    """Counts a missing score as 0, and looks for region scores under another name."""
    edit(metrics._deviation, ("item.scores.bias_score", "getattr(item.scores, 'biasScore', 0.0)"))
    edit(outcome.region_outcome, ("scoring=scores.get(region)", "scoring=scores.get(region.lower())"))
