"""A stand-in of the deployed runner.

``python -m tests.harness.support.deployed DEVIATION[,DEVIATION...]|all|none COMMAND`` starts it.

The reference runner with the deviations of ``contracts/profiles/deployed.toml``, most of them known defects.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from benchmarks.defects.patches.__main__ import put
from benchmarks.defects.patches.patching import PatchError, replace


def without_run_views() -> None:
    """The views of a cross-region execution are routes of another program."""
    from runner.web import cross_region  # noqa: PLC0415 (not before the command is known)

    kept = [route for route in cross_region.router.routes if "{cross_region_execution_id}" not in _path(route)]
    if len(kept) == len(cross_region.router.routes):
        raise PatchError("runner.web.cross_region has no views of one cross-region execution")
    replace(cross_region.router, "routes", kept)


def _path(route: object) -> str:
    return str(getattr(route, "path", ""))


Patch = str | Callable[[], None]
DEVIATIONS: Mapping[str, Patch] = {
    "wrapper-name": "D20",
    "analysis-off-by-default": "D06",
    "null-lists": "D59",
    "error-shapes": "D05,D58",
    "executions-name-no-run": "D14",
    "cancel-refused": "D32",
    "no-run-views": without_run_views,
    "idempotency-on-one-route": "D56",
    "recommendation-empty": "D51",
    "region-scores-empty": "D50",
}
"""By the id that the profile gives a deviation: the defects that it is, or what puts it there."""


def main(words: Sequence[str]) -> int:
    """Runs the runner's command line with the deviations in it; exit code 70 where one cannot be put there."""
    names = {"all": list(DEVIATIONS), "none": []}.get(words[0], words[0].split(","))
    try:
        for name in names:
            patch = DEVIATIONS[name]
            put(patch.split(",")) if isinstance(patch, str) else patch()
    except (PatchError, KeyError) as error:
        sys.stderr.write(f"the deviation cannot be put there: {error}\n")
        return 70
    from runner.cli import app  # noqa: PLC0415 (not before the patches)

    app(list(words[1:]), prog_name="python -m runner")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
