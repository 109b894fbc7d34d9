"""D40: work for the US is done in Europe.

From DEDUP_FIXES_IMPLEMENTED.md and EXECUTION-STATUS-MISMATCH-DEBUG.md: names are mapped twice, and the second mapping
takes what it does not know for eu-west. The one-to-one comparison of router calls with executions must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner.worker import router

CAUGHT_BY = ("BG-ROUTER-001", "BG-ROUTER-002", "BG-INV-039")
CAUSE = ("region",)


def apply() -> None:
    """The router's own names are mapped again; nobody looks where an answer came from."""
    edit(
        router.Router.infer,
        ("ROUTER_REGIONS.get(region, region)", "ROUTER_REGIONS.get(ROUTER_REGIONS.get(region, region), 'eu-west')"),
    )
    edit(router._accept, ("isinstance(ran_in, str) and ran_in and", "False and"))
