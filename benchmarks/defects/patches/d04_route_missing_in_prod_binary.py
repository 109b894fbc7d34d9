from benchmarks.defects.patches.patching import PatchError, replace
from runner import app
from runner.web import analysis


def apply() -> None:
    """Drops the routes of the analysis."""
    areas = tuple(area for area in app._AREAS if area is not analysis)
    if len(areas) == len(app._AREAS):
        raise PatchError("the routes of the analysis are not taken in by runner.app._AREAS")
    replace(app, "_AREAS", areas)
