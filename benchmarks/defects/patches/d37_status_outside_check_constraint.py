"""D37: the code writes a status that the table's CHECK forbids, so the row stays as it was.

From the migrations against job_runner.go and retry_service.go: statuses of the code grew without a migration. The
comparison of the schema with its contract must catch it, and the rule that no execution fails by a fault of the runner.
"""

from benchmarks.defects.patches.patching import edit
from runner import migrate

KIND = "migration"
INSTEAD = (
    "The published contract has no endpoint that retries a question, where the deployed code wrote `retrying`; what "
    "stands for it is `timeout`, which the deployed CHECK forbids as well."
)
CAUGHT_BY = ("BG-SCHEMA-006 executions_status_check", "BG-INV-046")
CAUSE = ("executions_status_check", "CheckViolation")


def apply() -> None:
    """The CHECK on executions is that of before the code had time limits."""
    edit(
        migrate.available,
        (
            'halves["up"].read_text(), ',
            """halves["up"].read_text().replace("'failed', 'timeout', 'cancelled')", "'failed', 'cancelled')", 1), """,
        ),
    )
