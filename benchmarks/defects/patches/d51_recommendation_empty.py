"""D51: the recommendation of an analysis is empty; only its summary names the level of risk.

From cross_region_executor.go: what is computed goes into the summary and is not assigned. The form of the rows must
catch it, and the rule that recommendation and summary name the same level.
"""

from benchmarks.defects.patches.patching import edit
from runner.store import outcomes

CAUGHT_BY = ("BG-ROW-005 recommendation", "BG-INV-023", "BG-HTTP-004 recommendation", "BG-ANALYSIS-001 recommendation")
CAUSE = ("recommendation",)


def apply() -> None:
    """The level is not stored."""
    edit(outcomes.analysis_values, ("analysis.recommendation,", '"",'))
