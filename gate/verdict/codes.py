"""Codes of findings on a run as a whole."""

from __future__ import annotations

from gate.core.findings import register

CODES = register("""
BG-PROFILE-001 minor run: Accepted deviation no longer occurs
    The profile accepts a deviation that the run did not see, although it covered what would show it. Remove the entry
    from the profile, or it hides the next fault of its kind.
    Example: deployed: listings-without-total | The listing of jobs has no total | no such finding in this run
BG-PROFILE-002 major run: Accepted deviation has expired
    The profile accepted this deviation until a date that has passed. Fix the service, or have the owner decide
    again and set a new date.
    Example: deployed: listings-without-total | a decision before 2026-06-30 | still: The listing of jobs has no total
BG-SEEN-001 major run: Not covered
    A full run must cover every operation, documented status, error code, invariant and final status of a job. The
    run never reached this one, so it was not judged and the run cannot pass.
    Example: error code analysis_failed | seen at least once | never
""")
STALE, EXPIRED, UNCOVERED = (code.id for code in CODES)
