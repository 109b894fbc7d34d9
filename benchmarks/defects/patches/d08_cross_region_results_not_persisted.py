from benchmarks.defects.patches.patching import replace_text
from runner.store import jobs


def apply() -> None:
    """Stores only the job and its cross-region execution."""
    replace_text(
        jobs,
        "_ACCEPT",
        "SELECT gen_random_uuid(), run.id, region FROM run",
        "SELECT gen_random_uuid(), run.id, region FROM (SELECT id FROM run WHERE %(run)s::uuid IS NULL) AS run",
    )
    replace_text(
        jobs,
        "_ACCEPT",
        "FROM job\n    CROSS JOIN unnest(%(regions)s",
        "FROM (SELECT id FROM job WHERE %(run)s::uuid IS NULL) AS job\n    CROSS JOIN unnest(%(regions)s",
    )
    replace_text(
        jobs,
        "_ACCEPT",
        "    FROM job\n    ON CONFLICT (dedupe_key)",
        "    FROM job WHERE %(run)s::uuid IS NULL\n    ON CONFLICT (dedupe_key)",
    )
