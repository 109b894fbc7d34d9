"""The outcome of a job's executions: the result of each region, the status of the run, and its analysis. Pure.

The worker applies these rules when a job ends, the backfill to jobs that ended long ago: both get the same result.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from runner.analysis import Analysis, Response, analyse, region_scores

RegionStatus = Literal["success", "failed", "timeout", "cancelled"]
RunStatus = Literal["completed", "partial", "failed"]

TERMINAL: Final = frozenset({"completed", "failed", "timeout", "cancelled"})
MIN_REGIONS_FOR_ANALYSIS: Final = 2
UNASSIGNED: Final = "unassigned"
"""The provider of an execution that no provider was found for."""


@dataclass(frozen=True)
class Execution:
    """The columns of an execution that decide the outcome.

    Attributes:
        region: canonical code.
        model_id: the model that was asked.
        question_id: the question that it was asked.
        status: of `executions.status`.
        provider_id: who answered, or was to answer.
        output: `output_data`.

    """

    region: str
    model_id: str
    question_id: str
    status: str
    provider_id: str
    output: Mapping[str, Any] | None


@dataclass(frozen=True)
class Demands:
    """The limits that a run must reach.

    Attributes:
        regions: canonical codes of the regions that the run is about.
        min_regions: how many of them must succeed.
        min_success_rate: which share of them must succeed for the run to be completed, above 0 and up to 1.
        enable_analysis: whether the answers are to be compared.

    """

    regions: Sequence[str]
    min_regions: int
    min_success_rate: Decimal
    enable_analysis: bool


@dataclass(frozen=True)
class RegionOutcome:
    """The result of one region, as it is stored in `region_results`."""

    region: str
    status: RegionStatus
    provider_id: str | None
    execution_output: dict[str, Any] | None
    error_message: str | None
    scoring: dict[str, Any] | None
    metadata: dict[str, int]


@dataclass(frozen=True)
class Outcome:
    """The result of a run.

    Attributes:
        status: of the job and of its cross-region execution.
        regions: one for each target region, sorted by code.
        success_count: regions that succeeded.
        failure_count: all other target regions.
        analysis: None when it is disabled, not applicable or failed.
        analysis_error: why the analysis could not be computed; None otherwise.

    """

    status: RunStatus
    regions: list[RegionOutcome]
    success_count: int
    failure_count: int
    analysis: Analysis | None
    analysis_error: str | None


def run_status(successes: int, demands: Demands) -> RunStatus:
    """The status of a run in which so many regions succeeded.

    completed: at least `min_regions` succeeded and they are at least `min_success_rate` of all; partial: at least
    `min_regions` only; else failed.
    """
    if successes < demands.min_regions:
        return "failed"
    if successes < demands.min_success_rate * len(demands.regions):
        return "partial"
    return "completed"


def region_outcome(region: str, executions: Iterable[Execution]) -> RegionOutcome:
    """The result of a region, from its executions, all of which are terminal.

    A region succeeds with its first completed execution; else it timed out if any of them did; else it failed, or was
    cancelled where nothing but cancelled executions is left.
    """
    rows = sorted(executions, key=lambda row: (row.model_id, row.question_id))
    answered = [row for row in rows if row.status == "completed"]
    counts = {
        "success_count": len(answered),
        "failure_count": len(rows) - len(answered),
        "total_executions": len(rows),
    }
    if answered:
        scores = region_scores(_responses(answered))
        return RegionOutcome(
            region=region,
            status="success",
            provider_id=answered[0].provider_id,
            execution_output={"executions": len(answered), "first_response": text_of(answered[0].output)},
            error_message=None,
            scoring=scores.get(region),
            metadata=counts,
        )
    statuses = {row.status for row in rows}
    status: RegionStatus = "failed"
    if "timeout" in statuses:
        status = "timeout"
    elif statuses == {"cancelled"}:
        status = "cancelled"
    return RegionOutcome(
        region=region,
        status=status,
        provider_id=next((row.provider_id for row in rows if row.provider_id != UNASSIGNED), None),
        execution_output=None,
        error_message=_error_message(rows, status),
        scoring=None,
        metadata=counts,
    )


def derive(executions: Sequence[Execution], demands: Demands) -> Outcome:
    """The result of a run, from all its executions, all of which are terminal.

    The analysis compares the completed executions of successful regions, of which there have to be at least two. A
    fault in it is stored in `analysis_error` and leaves the rest of the result as it is.
    """
    by_region: dict[str, list[Execution]] = {region: [] for region in sorted(demands.regions)}
    for row in executions:
        if row.region in by_region:
            by_region[row.region].append(row)
    regions = [region_outcome(region, rows) for region, rows in by_region.items()]
    successes = [entry.region for entry in regions if entry.status == "success"]
    analysis, error = None, None
    if demands.enable_analysis and len(successes) >= MIN_REGIONS_FOR_ANALYSIS:
        try:
            compared = [row for region in successes for row in by_region[region] if row.status == "completed"]
            analysis = analyse(_responses(compared), len(executions), demands.regions)
        except Exception as fault:  # noqa: BLE001 - the run has ended however its analysis fares; the reason is stored
            error = f"{type(fault).__name__}: {fault}"
    return Outcome(
        status=run_status(len(successes), demands),
        regions=regions,
        success_count=len(successes),
        failure_count=len(regions) - len(successes),
        analysis=analysis,
        analysis_error=error,
    )


def text_of(output: Mapping[str, Any] | None) -> str | None:
    """The response text in an execution's `output_data`.

    Executions of this service have it in `response`; older ones in the first of `responses`, in `text` or in `content`.
    """
    if output is None:
        return None
    responses = output.get("responses")
    first = responses[0] if isinstance(responses, list) and responses else None
    nested = [first.get("text"), first.get("content")] if isinstance(first, Mapping) else [first]
    for candidate in (output.get("response"), *nested, output.get("text"), output.get("content")):
        if isinstance(candidate, str) and candidate:
            return candidate
    return None


def _responses(rows: Iterable[Execution]) -> list[Response]:
    return [
        Response(row.region, row.model_id, row.question_id, text)
        for row in rows
        if (text := text_of(row.output)) is not None
    ]


def _error_message(rows: Sequence[Execution], status: RegionStatus) -> str:
    if status == "cancelled":
        return "the job was cancelled"
    for row in rows:
        if row.status != status:
            continue
        error = (row.output or {}).get("error")
        if isinstance(error, str) and error:
            return error
    return f"no execution of the region completed ({status})"
