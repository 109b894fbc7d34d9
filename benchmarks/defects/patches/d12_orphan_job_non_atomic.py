from benchmarks.defects.patches.patching import edit
from runner.store import jobs


def apply() -> None:
    """Commits each statement by itself."""
    edit(jobs.accept, ("alone = key is None and nonce is None", "alone = key is None"))
