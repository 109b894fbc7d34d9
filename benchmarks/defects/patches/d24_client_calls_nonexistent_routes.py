from benchmarks.defects.patches.patching import edit_file


def apply() -> None:
    """Asks for the questions under a path without a route, and records it so."""
    edit_file("portal/js/first.js", ('"/api/v1/questions",', '"/api/v1/questions/all",'))
    recorded = "contracts/portal/beacon-portal-beacon-runner.json"
    edit_file(recorded, ('"path": "/api/v1/questions"', '"path": "/api/v1/questions/all"'))
