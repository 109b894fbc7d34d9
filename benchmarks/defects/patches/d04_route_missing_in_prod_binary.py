"""D04: the bias analysis is a route of one build, and not of the one that was deployed.

From BIAS_ANALYSIS_404_FIX_PLAN_V2.md and DOCKERFILE_FIX.md: two programs with two tables of routes, and the image was
made of the wrong one. A documented operation that is answered as an unknown path must catch it.
"""

from benchmarks.defects.patches.patching import PatchError, replace
from runner import app
from runner.web import analysis

CAUGHT_BY = ("BG-HTTP-007 bias-analysis",)
CAUSE = ("not routed",)


def apply() -> None:
    """The routes of the analysis are not taken in."""
    left = tuple(area for area in app._AREAS if area is not analysis)
    if len(left) == len(app._AREAS):
        raise PatchError("the routes of the analysis are not taken in by runner.app._AREAS")
    replace(app, "_AREAS", left)
