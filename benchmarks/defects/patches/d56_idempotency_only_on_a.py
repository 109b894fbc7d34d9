from benchmarks.defects.patches.patching import edit
from runner.web import jobs


def apply() -> None:
    """Reads the header for the standard workflow alone."""
    edit(
        jobs._submit,
        (
            "key_text = _idempotency_key(request)",
            'key_text = None if request.url.path.endswith("/cross-region") else _idempotency_key(request)',
        ),
    )
