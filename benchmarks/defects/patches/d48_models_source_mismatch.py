from benchmarks.defects.patches.patching import edit
from runner import jobspec


def apply() -> None:
    """Ignores the models of a spec that is in a wrapper."""
    edit(jobspec._models, ("return given or listed or", "return (not at and given) or listed or"))
