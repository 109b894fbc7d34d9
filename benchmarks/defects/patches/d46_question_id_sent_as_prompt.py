from benchmarks.defects.patches.patching import edit
from runner.worker import job


def apply() -> None:
    """Sends the id of a question as its prompt."""
    edit(
        job.JobRun._call,
        (
            "text = prompt(entry.question_id, self._spec)",
            "text = entry.question_id if self._records.compared else prompt(entry.question_id, self._spec)",
        ),
    )
