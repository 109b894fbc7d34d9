from benchmarks.defects.patches.patching import edit
from runner.web import jobs


def apply() -> None:
    """Looks for the wallet where nothing puts it."""
    edit(
        jobs.cancel_job,
        (
            "    outcome = await cancel(",
            "    if not hasattr(request.state, 'wallet'):\n"
            "        raise ApiError(401, 'unauthorized', 'The request has no wallet.')\n"
            "    outcome = await cancel(",
        ),
    )
