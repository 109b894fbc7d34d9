from benchmarks.defects.patches.patching import edit
from runner.web import errors


def apply() -> None:
    """Gives 404 and 409 answers shapes of their own."""
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
