"""D21: a job whose id comes as jobspec_id gets another one, so that its client never finds it.

From SIGNATURE_FIX_APPLIED.md: two names for one identity, and each side read one of them. That the stored spec is the
one that was sent must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner import jobspec

CAUGHT_BY = ("BG-STORED-001 jobspec_id", "BG-STORED-002 jobspec_id", "BG-FUZZ-005")
CAUSE = ("jobspec_id",)


def apply() -> None:
    """Only id counts."""
    edit(jobspec._job_id, ('for name in ("id", "jobspec_id")]', 'for name in ("id",)]'))
