from benchmarks.defects.patches.patching import edit
from runner import migrate


def apply() -> None:
    """Restores the CHECK on executions from before the code had time limits."""
    edit(
        migrate.available,
        (
            'halves["up"].read_text(), ',
            """halves["up"].read_text().replace("'failed', 'timeout', 'cancelled')", "'failed', 'cancelled')", 1), """,
        ),
    )
