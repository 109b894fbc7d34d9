from benchmarks.defects.patches.patching import replace
from runner import spec


def apply() -> None:
    """Accepts only jobspec in the wrapper."""
    replace(spec, "_WRAPPERS", ("jobspec",))
    replace(spec, "_WRAPPER_MEMBERS", spec._WRAPPER_MEMBERS - {"job_spec"})
