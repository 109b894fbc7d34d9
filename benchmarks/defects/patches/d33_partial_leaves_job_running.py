from benchmarks.defects.patches.patching import replace_text
from runner.store import outcomes


def apply() -> None:
    """Maps every status of a cross-region execution but completed and failed to a running job."""
    replace_text(
        outcomes,
        "_JOB",
        "SET status = %s,",
        "SET status = replace(%s, 'partial', CASE workflow WHEN 'cross-region' THEN 'running' ELSE 'partial' END),",
    )
