"""The rows that a backfill writes for a job, derived from the job's rows alone. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from runner.outcome import MIN_REGIONS_FOR_ANALYSIS, TERMINAL, Demands, Execution, Outcome, derive, text_of
from runner.spec import REGIONS
from runner.store.backfill import Past, Plan
from runner.store.database import Row
from runner.store.outcomes import demands_of

_MOST_REGIONS: Final = 3
# Jobs of older services have their regions under the router's names.
_SPELLINGS: Final = {**REGIONS, "us-east": "US", "eu-west": "EU", "asia-pacific": "ASIA"}


def plan_for(job: Row, executions: Sequence[Past]) -> Plan | str:
    """The rows to write for a job that has ended, or the reason why there are none.

    Args:
        job: its jobspec_id, status, constraints, created_at and updated_at.
        executions: all of them, in the order in which they were planned.

    """
    if job["status"] == "cancelled":
        return "the job was cancelled"
    constraints = job["constraints"] if isinstance(job["constraints"], dict) else {}
    wanted = constraints.get("regions")
    listed = [name for name in wanted if isinstance(name, str)] if isinstance(wanted, list) else []
    named = [_SPELLINGS[name] for name in listed if name in _SPELLINGS]
    spelled = [_canonical(past) for past in executions]
    regions = list(dict.fromkeys(named)) or sorted({past.execution.region for past in spelled if past})
    known = [past for past in spelled if past and past.execution.region in regions]
    demands = _demands(constraints, regions)
    reason = demands if isinstance(demands, str) else _unfit(regions, [past.execution for past in known])
    if isinstance(demands, str) or reason is not None:
        return str(reason)
    started: datetime = job["created_at"]
    moments = [started, job["updated_at"], *_ends(executions)]
    ends = {
        region: max([started, *_ends([past for past in known if past.execution.region == region])])
        for region in regions
    }
    outcome = derive([past.execution for past in known], demands)
    return Plan(job["jobspec_id"], demands, outcome, started, max(moments), ends)


def why_no_analysis(outcome: Outcome) -> str | None:
    """Why a run has no analysis; None when it has one."""
    if outcome.analysis is not None:
        return None
    if outcome.analysis_error is not None:
        return f"the analysis failed: {outcome.analysis_error}"
    return f"successful regions: {outcome.success_count}, needed: {MIN_REGIONS_FOR_ANALYSIS}"


def _ends(executions: Sequence[Past]) -> list[datetime]:
    return [past.completed_at for past in executions if past.completed_at is not None]


def _canonical(past: Past) -> Past | None:
    region = _SPELLINGS.get(past.execution.region)
    if region is None or region == past.execution.region:
        return past if region else None
    return replace(past, execution=replace(past.execution, region=region))


def _demands(constraints: dict[str, Any], regions: Sequence[str]) -> Demands | str:
    try:
        demands = demands_of({"constraints": constraints}, None, regions)
    except (TypeError, ValueError, InvalidOperation):
        return "the constraints of its JobSpec are not numbers"
    if not 1 <= demands.min_regions <= _MOST_REGIONS:
        return f"min_regions of its JobSpec is {demands.min_regions}"
    if not Decimal(0) < demands.min_success_rate <= Decimal(1):
        return f"min_success_rate of its JobSpec is {demands.min_success_rate}"
    return demands


def _unfit(regions: Sequence[str], executions: Sequence[Execution]) -> str | None:
    if len(regions) < MIN_REGIONS_FOR_ANALYSIS:
        return "the job has a single region" if regions else "the job has no known region"
    if not executions:
        return "the job has no executions in its regions"
    if not all(execution.status in TERMINAL for execution in executions):
        return "the job has executions that have not ended"
    if any(execution.status == "completed" and text_of(execution.output) is None for execution in executions):
        return "a completed execution has no stored response"
    return None
