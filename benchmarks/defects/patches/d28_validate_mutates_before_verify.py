from benchmarks.defects.patches.patching import edit
from runner.web import jobs


def apply() -> None:
    """Verifies the spec with its defaults."""
    edit(
        jobs._take_in,
        (
            "signature.verify(submission.received,",
            'signature.verify(submission.spec if submission.workflow == "standard" else submission.received,',
        ),
    )
