"""D32: nobody can cancel a job: the answer is 401 for its owner, too.

From handlers_simple.go: the handler wants a wallet in the request's context, and no middleware puts one there. The
published statuses of the operation must catch it.
"""

from benchmarks.defects.patches.patching import edit
from runner.web import jobs

CAUGHT_BY = ("BG-HTTP-002 cancel",)
CAUSE = ("401",)


def apply() -> None:
    """The wallet is looked for where nobody puts it."""
    edit(
        jobs.cancel_job,
        (
            "    outcome = await cancel(",
            "    if not hasattr(request.state, 'wallet'):\n"
            "        raise ApiError(401, 'unauthorized', 'The request has no wallet.')\n"
            "    outcome = await cancel(",
        ),
    )
