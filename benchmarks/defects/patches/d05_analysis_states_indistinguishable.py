"""D05: every reason for a missing analysis is told with one code and one text, that of an unknown job.

From cross_region_handlers.go: one status and two free texts cover pending, failed, disabled, one region and standard
jobs, so no client can show any of them. The code, held against the job's rows, must catch it.
"""

from collections.abc import Mapping

from benchmarks.defects.patches.patching import replace
from runner.store.database import Row
from runner.web import analysis
from runner.web.errors import ApiError

CAUGHT_BY = ("BG-ANALYSIS-002",)
CAUSE = ("analysis_pending", "analysis_failed", "analysis_disabled", "analysis_not_applicable", "standard_workflow")


def apply() -> None:
    """One answer for all."""

    def none(
        code: str, message: str, job: Row, headers: Mapping[str, str] | None = None, **details: object
    ) -> ApiError:
        return ApiError(404, "job_not_found", "Bias analysis not found for this job.")

    replace(analysis, "_none", none)
