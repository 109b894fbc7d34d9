from benchmarks.defects.patches.patching import edit
from runner.web import analysis


def apply() -> None:
    """Answers too few regions as an analysis that is still pending."""
    edit(analysis._missing, ('"analysis_not_applicable"', '"analysis_pending"'))
