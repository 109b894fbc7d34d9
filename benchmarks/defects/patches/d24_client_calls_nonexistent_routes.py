"""D24: the portal calls a route that was planned and never built.

From RETRY_UI_FIX.md and the portal's api module: it asked for retries, differences and executions under paths that no
build had. The portal's consumer contract, held against the published one, must catch it.
"""

from benchmarks.defects.patches.patching import edit_file

KIND = "portal"
CAUGHT_BY = ("BG-PORTAL-001",)
CAUSE = ("/api/v1/questions/all",)


def apply() -> None:
    """The questions are asked for where there is nothing, and so it was recorded."""
    edit_file("portal/js/api.js", ('"/api/v1/questions")', '"/api/v1/questions/all")'))
    recorded = "contracts/portal/beacon-portal-beacon-runner.json"
    edit_file(recorded, ('"path": "/api/v1/questions"', '"path": "/api/v1/questions/all"'))
