from benchmarks.defects.patches.patching import replace_text
from runner.store import jobs


def apply() -> None:
    """Leaves the column null."""
    replace_text(jobs, "_ACCEPT", "region, model, question, %(run)s::uuid\n", "region, model, question, NULL::uuid\n")
