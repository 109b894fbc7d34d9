"""What the bias-analysis endpoint has to say about a job, from the job's rows alone."""

from __future__ import annotations

from gate.core.database import Rows


def answer_for(rows: Rows) -> str:
    """``200``, or the error code that says why there is no analysis."""
    if rows.job is None:
        return "job_not_found"
    if rows.run is None:
        return "standard_workflow"
    status = rows.job["status"]
    reasons = (
        (rows.analysis is not None, "200"),
        (status in {"queued", "running"}, "analysis_pending"),
        (not rows.run["enable_analysis"], "analysis_disabled"),
        (status in {"failed", "cancelled"} or rows.run["analysis_error"] is not None, "analysis_failed"),
    )
    return next((code for holds, code in reasons if holds), "analysis_not_applicable")
