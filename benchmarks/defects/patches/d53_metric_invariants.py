"""D53: two metrics of each analysis are constants, and do not add up.

From executions_handler.go: placeholders 0.87 and 0.84 were left in. The analysis computed again from the stored answers
must catch it, and the rule that consistency and divergence add up to 1.
"""

from benchmarks.defects.patches.patching import edit, replace
from runner.analysis import metrics

CAUGHT_BY = ("BG-ANALYSIS-001 factual_consistency|narrative_divergence", "BG-INV-022")
CAUSE = ("factual_consistency", "factual consistency", "narrative_divergence")


def apply() -> None:
    """Factual consistency is 0.87, and narrative divergence 0.84."""
    edit(
        metrics.measure,
        ("factual_consistency=_over_questions(scored, _similarity, otherwise=1.0)", "factual_consistency=0.87"),
    )
    replace(metrics.Metrics, "narrative_divergence", property(lambda _: 0.84))
