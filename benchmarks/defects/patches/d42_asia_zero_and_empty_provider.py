"""D42: nothing runs in Asia, and its rows have an empty provider.

From ASIA_PROVIDER_ISSUE.md and APAC_PAUSE_HANDLING.md: no provider matches the name that the region is looked for
under. The comparison with the router's providers must catch it, and the form of the rows.
"""

from benchmarks.defects.patches.patching import edit, replace_entry
from runner.store import runs
from runner.worker import router

CAUGHT_BY = ("BG-ROUTER-005", "BG-ROW-002 provider_id")
CAUSE = ("provider",)


def apply() -> None:
    """Asia is looked for under its code, and what found no provider is stored without one."""
    replace_entry(router.ROUTER_REGIONS, "ASIA", "asia")
    edit(runs.fail_region, ('"provider": None', '"provider": ""'))
