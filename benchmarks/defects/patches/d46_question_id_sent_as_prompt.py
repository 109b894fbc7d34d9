"""D46: models are asked `identity_basic` instead of "Who are you?" in jobs of the cross-region workflow.

From IDENTITY_QUESTION_FIX.md: the second extractor of prompts lacks the texts. The comparison of router calls with
executions must catch it: no execution stands for a call with such a prompt.
"""

from benchmarks.defects.patches.patching import edit
from runner.worker import job

CAUGHT_BY = ("BG-ROUTER-002",)
CAUSE = ("prompt",)


def apply() -> None:
    """The id of a question is its prompt."""
    edit(
        job.JobRun._call,
        (
            "text = prompt(entry.question_id, self._spec)",
            "text = entry.question_id if self._records.compared else prompt(entry.question_id, self._spec)",
        ),
    )
