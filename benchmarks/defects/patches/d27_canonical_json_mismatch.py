"""D27: signed specs with null, empty or zero members are refused, because the runner drops these before it verifies.

From SIGNATURE_FIX_APPLIED.md and SIGNATURE_FIX_PLAN_V2.md: two canonicalisers with different rules of what they clean.
Signatures computed again from the request as it was sent must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner import signature

CAUGHT_BY = ("BG-SIGN-002",)
CAUSE = ("signature_mismatch",)


def apply() -> None:
    """The canonical form leaves out what is null or empty, and numbers that are 0, at the top level."""
    edit(
        signature.canonical,
        ("not in UNSIGNED_MEMBERS})", "not in UNSIGNED_MEMBERS and (value is False or value == [] or value)})"),
    )
