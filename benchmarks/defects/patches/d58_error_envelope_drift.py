"""D58: errors come in several shapes, in some of which `error` is an object.

From the middleware and openapi.yaml: each layer has invented a shape of its own. The one shape that is published
for every error must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner.web import errors

CAUGHT_BY = ("BG-HTTP-006",)
CAUSE = ("envelope",)


def apply() -> None:
    """What is not there is told in one shape, a conflict in another."""
    edit(
        errors.envelope,
        (
            "    if error.details is not None:\n",
            "    if error.status == 404:\n"
            "        body['error'] = {'type': 'not_found', 'message': error.message, 'code': body.pop('error_code')}\n"
            "    elif error.status == 409:\n"
            "        body = {'error': error.message, 'details': body['error_code']}\n"
            "    if error.details is not None:\n",
        ),
    )
