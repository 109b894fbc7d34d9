"""D18: the same id again overwrites the job and runs it anew; through the cross-region workflow it is a 500.

From the upsert of the jobs repository and cross_region_handlers.go: an upsert in one path, a plain insert in the other.
That nothing changes after a terminal status must catch it, as must the stored spec and the documented statuses.
"""

from benchmarks.defects.patches.patching import replace_text
from runner.store import jobs

CAUGHT_BY = ("BG-LIFE-002", "BG-INV-003", "BG-HTTP-001 POST /api/v1/jobs", "BG-TEST-001 same_id_again")
CAUSE = ("duplicate_job", "after completed", "not asked for", "409")


def apply() -> None:
    """An id that is taken takes the new spec and goes back into the queue."""
    replace_text(
        jobs,
        "_ACCEPT",
        "ON CONFLICT (jobspec_id) DO NOTHING",
        "ON CONFLICT (jobspec_id) DO UPDATE SET jobspec_data = excluded.jobspec_data, status = 'queued'",
    )
    replace_text(
        jobs,
        "_ACCEPT",
        "ORDER BY r_place, m_place, q_place\n",
        "ORDER BY r_place, m_place, q_place ON CONFLICT DO NOTHING\n",
    )
