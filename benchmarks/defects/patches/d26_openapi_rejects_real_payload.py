"""D26: the published document refuses what every client sends: only version 1.0, which no real JobSpec has.

From runner-app/api/openapi.yaml: written once and never made again. Each request that the runner took, held against the
schema that the document has for it, must catch it.
"""

from benchmarks.defects.patches.patching import edit_file

KIND = "document"
CAUGHT_BY = ("BG-HTTP-008",)
CAUSE = ("version",)


def apply() -> None:
    """The JobSpec's version is an enumeration of one."""
    edit_file(
        "contracts/openapi/runner.yaml",
        ('version: {type: string, minLength: 1, maxLength: 50, default: "1.0"}', 'version: {enum: ["1.0"]}'),
    )
