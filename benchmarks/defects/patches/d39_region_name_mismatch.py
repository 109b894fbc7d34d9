from benchmarks.defects.patches.patching import edit
from runner.store import jobs

_MAPPED = "{'US': 'us-east', 'EU': 'eu-west', 'ASIA': 'asia-pacific'}"


def apply() -> None:
    """Stores executions of a standard job under the router's region names."""
    edit(
        jobs.accept,
        (
            '"regions": submission.regions,',
            f'"regions": submission.regions if run else [{_MAPPED}[region] for region in submission.regions],',
        ),
    )
