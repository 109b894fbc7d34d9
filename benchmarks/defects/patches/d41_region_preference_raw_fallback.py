from benchmarks.defects.patches.patching import edit
from runner.worker import router


def apply() -> None:
    """Sends the region code unmapped, and ignores where an answer came from."""
    edit(router.Router.infer, ("ROUTER_REGIONS.get(region, region)", "region"))
    edit(router._accept, ("isinstance(ran_in, str) and ran_in and", "False and"))
