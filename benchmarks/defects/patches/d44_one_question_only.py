from benchmarks.defects.patches.patching import edit
from runner.store import jobs


def apply() -> None:
    """Plans executions for the first model and the first question only."""
    edit(
        jobs.accept,
        ('"models": submission.models,', '"models": submission.models[:1] if run else submission.models,'),
        (
            '"questions": submission.questions,',
            '"questions": submission.questions[:1] if run else submission.questions,',
        ),
    )
