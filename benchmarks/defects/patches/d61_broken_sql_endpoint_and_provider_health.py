"""D61: one endpoint always fails, empty answers are completed, and failures have no reason.

From executions_handler.go and EXECUTION-FAILURE-ROOT-CAUSE-FIXED.md: (a) a query names a column that is not there,
(b) layers judge an empty text differently, (c) what the router said of a failure is lost. The published statuses must
catch (a), the form of the rows (b) and (c).
"""

from benchmarks.defects.patches.patching import edit, replace_text
from runner.store import executions, runs
from runner.worker import router

CAUGHT_BY = ("BG-HTTP-001 regions", "BG-ROW-002 output_data", "BG-INV-037")
CAUSE = ("regions/{region}", "output_data", "error code")

_OUTPUT = """    output_data = jsonb_set(
        %(output)s::jsonb, '{failure}', (%(output)s::jsonb -> 'failure') || jsonb_build_object('model', model_id)
    ),
"""


def apply() -> None:
    """A query sorts by a column of another table, an empty text is an answer, and failures have no output."""
    edit(executions.of_region, ("ORDER BY e.id", "ORDER BY e.duration_ms"))
    edit(router._accept, ("if text is None or not text.strip():", "if text is None:"))
    replace_text(runs, "_FAIL_ONE", _OUTPUT, "    output_data = NULL,\n")
