from benchmarks.defects.patches.patching import replace_text
from runner.store import jobs


def apply() -> None:
    """Overwrites the spec of an id that is taken, and queues the job again."""
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
