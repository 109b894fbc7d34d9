"""D56: the cross-region workflow ignores Idempotency-Key: the same request again is a second job, or a conflict.

From middleware_idempotency.go: the middleware is attached to one route only. Requests that share a key, compared with
each other, must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner.web import jobs

CAUGHT_BY = ("BG-IDEM-001 cross-region", "BG-FUZZ-007 replay of a submission")
CAUSE = ("idempotency-key", "idempotency key", "same key", "replay")


def apply() -> None:
    """The header is read for the standard workflow alone."""
    edit(
        jobs._submit,
        (
            "key_text = _idempotency_key(request)",
            'key_text = None if request.url.path.endswith("/cross-region") else _idempotency_key(request)',
        ),
    )
