from benchmarks.defects.patches.patching import edit
from runner.worker import router


def apply() -> None:
    """Maps region names twice, and ignores where an answer came from."""
    edit(
        router.Router.infer,
        ("ROUTER_REGIONS.get(region, region)", "ROUTER_REGIONS.get(ROUTER_REGIONS.get(region, region), 'eu-west')"),
    )
    edit(router._accept, ("isinstance(ran_in, str) and ran_in and", "False and"))
