from benchmarks.defects.patches.patching import edit
from runner.store import runs

_SKIPPED = """
DELETE FROM executions WHERE job_id = %(job)s AND region = %(region)s AND status IN ('pending', 'running') RETURNING id
"""


def apply() -> None:
    """Deletes the unfinished executions of a region when its time is over."""
    edit(
        runs.fail_region,
        ("        _FAIL_REGION,\n", f"        _FAIL_REGION if status != 'timeout' else {_SKIPPED!r},\n"),
    )
