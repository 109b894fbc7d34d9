"""D06: a submission that does not mention enable_analysis gets no analysis.

From cross_region_handlers.go: the zero value of a boolean became the default, and the sample request of the fix plan
leaves the member out. The defaults of what is stored must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner import spec

CAUGHT_BY = ("BG-STORED-001 enable_analysis",)
CAUSE = ("enable_analysis",)


def apply() -> None:
    """Left out means false."""
    edit(
        spec.cross_region,
        (
            'problems.boolean(body, "enable_analysis", "") is not False',
            'problems.boolean(body, "enable_analysis", "") is True',
        ),
    )
