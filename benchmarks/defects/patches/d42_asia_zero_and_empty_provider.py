from benchmarks.defects.patches.patching import edit, replace_entry
from runner.store import runs
from runner.worker import router


def apply() -> None:
    """Looks for Asia under its code, and stores an empty provider when none is found."""
    replace_entry(router.ROUTER_REGIONS, "ASIA", "asia")
    edit(runs.fail_region, ('"provider": None', '"provider": ""'))
