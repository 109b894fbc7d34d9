"""D33: a job whose cross-region execution ends as partial is running for ever.

From cross_region_handlers.go: the mapping of statuses has a default branch that yields running. The rule that a job and
its cross-region execution are terminal together must catch it.
"""

from benchmarks.defects.patches.patching import replace_text
from runner.store import outcomes

CAUGHT_BY = ("BG-INV-001", "BG-INV-042", "BG-LIFE-003")
CAUSE = ("terminal", "has not ended")


def apply() -> None:
    """The status of a cross-region job knows completed and failed, and anything else is running."""
    replace_text(
        outcomes,
        "_JOB",
        "SET status = %s,",
        "SET status = replace(%s, 'partial', CASE workflow WHEN 'cross-region' THEN 'running' ELSE 'partial' END),",
    )
