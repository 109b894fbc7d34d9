"""D22: no listing of executions says which question an execution answers.

From QUESTION_ID_API_FIX.md: the column was there, and neither the query nor the shape of the answer was extended. The
schema of the answers must catch it, and the comparison of each listing with the rows.
"""

from benchmarks.defects.patches.patching import edit
from runner.web import views

CAUGHT_BY = ("BG-HTTP-004 executions", "BG-LIST-001", "BG-LIST-002")
CAUSE = ("question_id",)


def apply() -> None:
    """The member is left out."""
    edit(views.execution, ('        "question_id": row["question_id"] or DEFAULT_QUESTION,\n', ""))
