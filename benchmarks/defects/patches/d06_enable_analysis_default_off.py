from benchmarks.defects.patches.patching import edit
from runner import spec


def apply() -> None:
    """Takes a missing enable_analysis for false."""
    edit(
        spec.cross_region,
        (
            'problems.boolean(body, "enable_analysis", "") is not False',
            'problems.boolean(body, "enable_analysis", "") is True',
        ),
    )
