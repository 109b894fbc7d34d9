from benchmarks.defects.patches.patching import edit_file


def apply() -> None:
    """Makes the JobSpec's version an enumeration of one value."""
    edit_file(
        "contracts/openapi/runner.yaml",
        ('version: {type: string, minLength: 1, maxLength: 50, default: "1.0"}', 'version: {enum: ["1.0"]}'),
    )
