"""D08: a cross-region job is accepted and nothing more comes of it: no executions, no region results, queued for ever.

From runner-app/DATABASE_PERSISTENCE_BUG.md: the work went on under the request's context, which was cancelled once the
202 was sent. The rows that a job has as soon as it is accepted must catch it.
"""

from benchmarks.defects.patches.patching import replace_text
from runner.store import jobs

CAUGHT_BY = ("BG-INV-002", "BG-INV-007", "BG-INV-042", "BG-LIFE-003")
CAUSE = ("as soon as it is accepted", "as soon as its job is accepted", "entry in the queue")


def apply() -> None:
    """Of a job of workflow B only the job and its cross-region execution are stored."""
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
