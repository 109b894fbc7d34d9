from benchmarks.defects.patches.patching import edit
from runner.web import jobs


def apply() -> None:
    """Takes half a signature for none, and keeps no nonce of a signed cross-region job."""
    edit(
        jobs._take_in,
        (
            "nonce = signature.verify(submission.received, required=state.settings.require_signature)\n",
            "of_region = submission.workflow == 'cross-region'\n"
            "            nonce = None\n"
            "            if not of_region or all(submission.received.get(m) for m in ('signature', 'public_key')):\n"
            "                nonce = signature.verify(submission.received, required=False)\n"
            "            nonce = None if of_region else nonce\n",
        ),
    )
