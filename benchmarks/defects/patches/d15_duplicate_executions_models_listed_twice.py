"""D15: a model that is listed twice runs twice, and no unique index stands in the way.

From DUPLICATE_EXECUTIONS_DIAGNOSIS.md and DEDUP_FIXES_IMPLEMENTED.md: the models were merged from two members of the
JobSpec. One execution for each region, model and question must catch it, as must one router call for each.
"""

from benchmarks.defects.patches.patching import edit, edit_migration
from runner import jobspec

KIND = "migration"
CAUGHT_BY = ("BG-SCHEMA-001 executions_triple_key", "BG-INV-003", "BG-INV-004", "BG-ROUTER-001")
CAUSE = ("executions_triple_key", "twice", "at most once", "one execution", "not asked for")


def apply() -> None:
    """Both members count, repeated ids included."""
    edit_migration(
        1,
        (
            "DEFAULT 'llama3.2-1b',\n    CONSTRAINT executions_triple_key"
            " UNIQUE NULLS NOT DISTINCT (job_id, region, model_id, question_id)\n",
            "DEFAULT 'llama3.2-1b'\n",
        ),
    )
    edit(
        jobspec._models,
        (
            "return given or listed or [single or DEFAULT_MODEL]",
            "return [*given, *listed] or [single or DEFAULT_MODEL]",
        ),
    )
    edit(
        jobspec._model_ids,
        ("ids: dict[str, None] = {}", "ids: list[str] = []"),
        ("ids[model] = None", "ids.append(model)"),
    )
