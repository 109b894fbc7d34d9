"""D48: the cross-region workflow does not see the models at the top level of a spec and asks the default one.

From FINAL_MULTI_REGION_ANALYSIS.md: there are four places for the list of models, and each reader knows some of them.
The rule that executions are for the models of the spec must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner import jobspec

CAUGHT_BY = ("BG-INV-002", "BG-INV-003")
CAUSE = ("model",)


def apply() -> None:
    """Where the spec is in a wrapper, its own list of models is not looked at."""
    edit(jobspec._models, ("return given or listed or", "return (not at and given) or listed or"))
