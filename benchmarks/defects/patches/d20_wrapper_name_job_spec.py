"""D20: the runner takes the wrapper's member under one of its two names only, not under the one of the fix plan.

From BIAS_ANALYSIS_404_FIX_PLAN.md and its second version: the document said job_spec, the code jobspec. That a valid
submission is accepted must catch it, whichever test sends it.
"""

from benchmarks.defects.patches.patching import replace
from runner import spec

CAUGHT_BY = ("BG-REFUSED-002", "BG-FUZZ-002")
CAUSE = ("job_spec",)


def apply() -> None:
    """Only jobspec is a member of the wrapper."""
    replace(spec, "_WRAPPERS", ("jobspec",))
    replace(spec, "_WRAPPER_MEMBERS", spec._WRAPPER_MEMBERS - {"job_spec"})
