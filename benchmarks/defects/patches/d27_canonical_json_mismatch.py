from benchmarks.defects.patches.patching import edit
from runner import signature


def apply() -> None:
    """Drops top-level fields that are null, empty or the number 0 from the canonical form."""
    edit(
        signature.canonical,
        ("not in UNSIGNED_MEMBERS})", "not in UNSIGNED_MEMBERS and (value is False or value == [] or value)})"),
    )
