from benchmarks.defects.patches.patching import edit, replace
from runner.analysis import metrics


def apply() -> None:
    """Sets factual consistency to 0.87 and narrative divergence to 0.84."""
    edit(
        metrics.measure,
        ("factual_consistency=_over_questions(scored, _similarity, otherwise=1.0)", "factual_consistency=0.87"),
    )
    replace(metrics.Metrics, "narrative_divergence", property(lambda _: 0.84))
