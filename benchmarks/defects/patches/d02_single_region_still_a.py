"""D02: the portal sends jobs of one region to the standard endpoint, where they get no analysis.

From Website/404-FIX-IMPLEMENTATION.md: the endpoint was chosen by the number of regions. What the portal sends for one,
two and three regions must catch it: the same path and the same wrapper.
"""

from benchmarks.defects.patches.patching import edit_file

KIND = "portal"
CAUGHT_BY = ("BG-TEST-001 tests/portal/",)
CAUSE = ("/api/v1/jobs/cross-region",)


def apply() -> None:
    """One region goes the old way."""
    edit_file(
        "portal/js/spec.js",
        (
            "  const spec = await signed(await jobSpec(choice));\n",
            "  const spec = await signed(await jobSpec(choice));\n"
            '  if (choice.regions.length === 1) workflow = "standard";\n',
        ),
    )
