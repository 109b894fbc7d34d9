from benchmarks.defects.patches.patching import edit, replace_text
from runner.store import executions, runs
from runner.worker import router

_OUTPUT = """    output_data = jsonb_set(
        %(output)s::jsonb, '{failure}', (%(output)s::jsonb -> 'failure') || jsonb_build_object('model', model_id)
    ),
"""


def apply() -> None:
    """Sorts a query by a missing column, takes an empty text for an answer, and drops the output of failures."""
    edit(executions.of_region, ("ORDER BY e.id", "ORDER BY e.duration_ms"))
    edit(router._accept, ("if text is None or not text.strip():", "if text is None:"))
    replace_text(runs, "_FAIL_ONE", _OUTPUT, "    output_data = NULL,\n")
