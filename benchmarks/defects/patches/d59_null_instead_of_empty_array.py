from benchmarks.defects.patches.patching import edit
from runner.web import executions, jobs


def apply() -> None:
    """Answers empty listings of executions with null."""
    edit(
        jobs.list_job_executions,
        ("            raise unknown_job(job_id)\n", '            return JsonBody({"executions": None})\n'),
    )
    edit(
        executions.list_executions,
        ("[views.execution(row) for row in rows]", "[views.execution(row) for row in rows] or None"),
    )
