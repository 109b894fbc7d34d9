"""D44: the cross-region workflow asks one question of one model, whatever the spec says.

From CROSS_REGION_EXECUTION_BUG.md and BIAS_DETECTION_2_MODELS_FIX.md: the executor takes element 0 of both lists. The
rule that a job has an execution for each region, model and question must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner.store import jobs

CAUGHT_BY = ("BG-INV-002",)
CAUSE = ("model and question",)


def apply() -> None:
    """Executions are planned for the first of the models and the first of the questions."""
    edit(
        jobs.accept,
        ('"models": submission.models,', '"models": submission.models[:1] if run else submission.models,'),
        (
            '"questions": submission.questions,',
            '"questions": submission.questions[:1] if run else submission.questions,',
        ),
    )
