from benchmarks.defects.patches.patching import edit_file


def apply() -> None:
    """Sends jobs of one region to the standard endpoint."""
    edit_file(
        "portal/js/spec.js",
        (
            "  const spec = await signed(await jobSpec(choice));\n",
            "  const spec = await signed(await jobSpec(choice));\n"
            '  if (choice.regions.length === 1) workflow = "standard";\n',
        ),
    )
