"""D14: nothing writes the column that ties an execution to its cross-region execution.

From executions_repo.go and migration 006: a migration added the column, and the statement that inserts was left as it
was. The rule between both tables must catch it.
"""

from benchmarks.defects.patches.patching import replace_text
from runner.store import jobs

CAUGHT_BY = ("BG-INV-024",)
CAUSE = ("cross_region_execution_id", "cross-region execution")


def apply() -> None:
    """The column stays null."""
    replace_text(jobs, "_ACCEPT", "region, model, question, %(run)s::uuid\n", "region, model, question, NULL::uuid\n")
