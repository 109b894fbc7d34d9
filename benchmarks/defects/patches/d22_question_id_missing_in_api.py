from benchmarks.defects.patches.patching import edit
from runner.web import views


def apply() -> None:
    """Leaves the field out of the answer."""
    edit(views.execution, ('        "question_id": row["question_id"] or DEFAULT_QUESTION,\n', ""))
