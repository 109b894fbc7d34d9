from collections.abc import Mapping

from benchmarks.defects.patches.patching import replace
from runner.store.database import Row
from runner.web import analysis
from runner.web.errors import ApiError


def apply() -> None:
    """Answers every missing analysis alike."""

    def none(
        code: str, message: str, job: Row, headers: Mapping[str, str] | None = None, **details: object
    ) -> ApiError:
        return ApiError(404, "job_not_found", "Bias analysis not found for this job.")

    replace(analysis, "_none", none)
