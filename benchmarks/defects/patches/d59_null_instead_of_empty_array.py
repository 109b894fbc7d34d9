"""D59: a list without entries is null, and the executions of an unknown job are such a list rather than a 404.

From DATABASE_PERSISTENCE_BUG.md and executions_handler.go: a nil slice is written as null, and nobody asks whether the
job is there. The published schema of the listings must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner.web import executions, jobs

CAUGHT_BY = ("BG-HTTP-004 executions", "BG-HTTP-009 executions")
CAUSE = ("null",)


def apply() -> None:
    """Listings of executions are null without one."""
    edit(
        jobs.list_job_executions,
        ("            raise unknown_job(job_id)\n", '            return JsonBody({"executions": None})\n'),
    )
    edit(
        executions.list_executions,
        ("[views.execution(row) for row in rows]", "[views.execution(row) for row in rows] or None"),
    )
