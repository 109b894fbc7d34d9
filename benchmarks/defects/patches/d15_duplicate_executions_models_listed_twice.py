from benchmarks.defects.patches.patching import edit, edit_migration
from runner import jobspec


def apply() -> None:
    """Takes the models of both members, repeated ids included."""
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
