"""D12: a submission is refused by its second write, and the job of the first one stays behind.

From Thurs-plan.md and cross_region_handlers.go: two inserts without a transaction. That a refused request changes no
row must catch it; here the second write is that of the signature's nonce, which is refused when it was used before.
"""

from benchmarks.defects.patches.patching import edit
from runner.store import jobs

CAUGHT_BY = ("BG-REFUSED-001",)
CAUSE = ("refus",)


def apply() -> None:
    """Each statement is committed by itself."""
    edit(jobs.accept, ("alone = key is None and nonce is None", "alone = key is None"))
