from benchmarks.defects.patches.patching import replace_text
from runner.store import backfill


def apply() -> None:
    """Lets the backfill look at cross-region jobs only, none of which lacks anything."""
    replace_text(backfill, "_WITHOUT_RUN", "j.workflow = 'standard'", "j.workflow = 'cross-region'")
