"""D39: the standard workflow stores other names of the regions than the cross-region workflow, and than were sent.

From MULTI_REGION_ISSUES.md and PORTAL-REGION-FIX.md: one path maps names before it inserts, the other stores them as
sent. The form of the rows must catch it, and the rule that executions are for the regions of the spec.
"""

from benchmarks.defects.patches.patching import edit
from runner.store import jobs

CAUGHT_BY = ("BG-ROW-002 region", "BG-INV-003", "BG-INV-002")
CAUSE = ("region",)

_MAPPED = "{'US': 'us-east', 'EU': 'eu-west', 'ASIA': 'asia-pacific'}"


def apply() -> None:
    """Executions of a standard job are for the router's names."""
    edit(
        jobs.accept,
        (
            '"regions": submission.regions,',
            f'"regions": submission.regions if run else [{_MAPPED}[region] for region in submission.regions],',
        ),
    )
