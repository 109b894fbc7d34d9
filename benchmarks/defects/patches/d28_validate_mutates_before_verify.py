"""D28: valid signatures of specs without optional members are refused by the standard workflow.

From SIGNATURE_FIX_APPLIED.md: validation fills the defaults into the very object that is verified next. Signatures
computed again from the request as it was sent must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner.web import jobs

CAUGHT_BY = ("BG-SIGN-002 /api/v1/jobs$",)
CAUSE = ("signature_mismatch",)


def apply() -> None:
    """What is verified is the spec with its defaults."""
    edit(
        jobs._submit,
        (
            "signature.verify(submission.received,",
            'signature.verify(submission.spec if submission.workflow == "standard" else submission.received,',
        ),
    )
