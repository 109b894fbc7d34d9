"""D41: regions are compared with themselves: the router does not know the name it is given and takes any provider.

From the cross-region executor and the hybrid client: the code is sent unmapped. The published form of the inference
request must catch it, and the rule that what is stored for a region was answered there.
"""

from benchmarks.defects.patches.patching import edit
from runner.worker import router

CAUGHT_BY = ("BG-ROUTER-004 region_preference", "BG-INV-039")
CAUSE = ("region",)


def apply() -> None:
    """The code goes out as it is; nobody looks where an answer came from."""
    edit(router.Router.infer, ("ROUTER_REGIONS.get(region, region)", "region"))
    edit(router._accept, ("isinstance(ran_in, str) and ran_in and", "False and"))
