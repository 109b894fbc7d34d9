"""D43: regions that do not exist, none at all, the same twice, and more to succeed than there are: all are accepted.

From validation.go and cross_region_handlers.go: the validator of the constraints is there and never called. The
published form of requests, held against each that was accepted, must catch it, and the form of the rows.
"""

from benchmarks.defects.patches.patching import edit
from runner import jobspec

CAUGHT_BY = ("BG-HTTP-008 region", "BG-FUZZ-001 region", "BG-ROW-001 region")
CAUSE = ("region",)


def apply() -> None:
    """Only what is no text is refused as a region."""
    edit(
        jobspec.read_regions,
        ("if not 1 <= len(values) <= MAX_REGIONS:", "if len(values) > MAX_REGIONS:"),
        ("REGIONS.get(value) if", "REGIONS.get(value, value) if"),
        ("elif code in codes:\n", "elif code in codes:\n            continue\n"),
    )
    edit(
        jobspec.check_min_regions,
        ("if draft.min_regions and 0 < count", "if count < 0 and draft.min_regions and 0 < count"),
    )
