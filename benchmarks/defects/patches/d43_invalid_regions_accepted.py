from benchmarks.defects.patches.patching import edit
from runner import jobspec


def apply() -> None:
    """Refuses a region only when it is no text."""
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
