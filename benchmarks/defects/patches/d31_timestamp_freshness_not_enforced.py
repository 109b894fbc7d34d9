from benchmarks.defects.patches.patching import edit
from runner import signature


def apply() -> None:
    """Accepts any text as a timestamp, however old."""
    edit(signature._fresh, ("    moment = _moment(text)\n", "    return\n    moment = _moment(text)\n"))
