"""D50: region_scores of an analysis is empty.

From cross_region_repo.go: the query has a column that is not there, its error is discarded, and the fallback is empty.
The analysis computed again from the stored answers must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner.web import analysis

CAUGHT_BY = ("BG-ANALYSIS-001 region_scores",)
CAUSE = ("region_scores",)


def apply() -> None:
    """The scores are looked for under a name that no row has, and whatever fails is nothing."""
    edit(
        analysis._scores,
        (
            'return {result["region"]: result["scoring"] for result in successful}',
            'return {result["region"]: result["scores"] for result in successful if "scores" in result}',
        ),
    )
