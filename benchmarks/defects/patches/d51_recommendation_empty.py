from benchmarks.defects.patches.patching import edit
from runner.store import outcomes


def apply() -> None:
    """Leaves the recommendation empty when the analysis is stored."""
    edit(outcomes.analysis_values, ("analysis.recommendation,", '"",'))
