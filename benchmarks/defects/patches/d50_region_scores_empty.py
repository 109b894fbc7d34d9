from benchmarks.defects.patches.patching import edit
from runner.web import analysis


def apply() -> None:
    """Looks for the scores under a name that no row has, and ignores the failure."""
    edit(
        analysis._scores,
        (
            'return {result["region"]: result["scoring"] for result in successful}',
            'return {result["region"]: result["scores"] for result in successful if "scores" in result}',
        ),
    )
