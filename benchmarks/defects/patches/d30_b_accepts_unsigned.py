"""D30: the cross-region workflow verifies a signature only where both of its members are there, and keeps no nonce.

From cross_region_handlers.go: verification is conditional on the fields that it should require. Signatures computed
again from the request, and the rule that the nonce of a signed job is kept, must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner.web import jobs

CAUGHT_BY = ("BG-SIGN-001 cross-region", "BG-INV-027")
CAUSE = ("missing_field", "nonce")


def apply() -> None:
    """Half a signature is none, and a signed cross-region job leaves no nonce."""
    edit(
        jobs._submit,
        (
            "nonce = signature.verify(submission.received, required=state.settings.require_signature)\n",
            "of_region = submission.workflow == 'cross-region'\n"
            "            nonce = None\n"
            "            if not of_region or all(submission.received.get(m) for m in ('signature', 'public_key')):\n"
            "                nonce = signature.verify(submission.received, required=False)\n"
            "            nonce = None if of_region else nonce\n",
        ),
    )
