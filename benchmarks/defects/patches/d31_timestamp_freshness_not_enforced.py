"""D31: a signed spec may have been signed a day ago, or be dated a day ahead.

From the security pipeline against openapi.yaml: the check of the timestamp is configured but not called. Signatures
judged again from the request must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner import signature

CAUGHT_BY = ("BG-SIGN-001",)
CAUSE = ("timestamp_invalid",)


def apply() -> None:
    """Any text is a timestamp, as old as it may be."""
    edit(signature._fresh, ("    moment = _moment(text)\n", "    return\n    moment = _moment(text)\n"))
