"""The analysis of a run, from its responses alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

from runner.analysis.arithmetic import half_up
from runner.analysis.differences import Difference, find_differences
from runner.analysis.headline import headline_of
from runner.analysis.metrics import measure
from runner.analysis.risks import Risk, assess, level
from runner.analysis.scoring import Response, read
from runner.analysis.summary import summarise


@dataclass(frozen=True, slots=True)
class Analysis:
    """A run's analysis as it is stored: variance to four decimal places, the other metrics to two, rounded half up.

    The members of ``key_differences`` are those of ``differences.Difference``, of ``risk_assessment`` those of
    ``risks.Risk``.
    """

    bias_variance: Decimal
    censorship_rate: Decimal
    factual_consistency: Decimal
    narrative_divergence: Decimal
    key_differences: list[dict[str, object]]
    risk_assessment: list[dict[str, object]]
    summary: str
    recommendation: str


def analyse(responses: Sequence[Response], executions_total: int, regions: Collection[str]) -> Analysis:
    """The analysis of all completed responses of a job's successful regions, in whatever order.

    ``regions`` are all that the job is about. ``executions_total`` counts all executions of the job; the part that
    was completed is the confidence of each risk. With fewer than two regions variance is 0, consistency 1, and
    there are no differences. Raises ValueError if there are more responses than executions.

    """
    if len(responses) > executions_total:
        raise ValueError(f"{len(responses)} responses cannot come from {executions_total} executions")
    confidence = float(half_up(len(responses) / executions_total, 2)) if executions_total else 0.0
    scored = read(responses)
    metrics = measure(scored)
    differences = find_differences(scored)
    risks = assess(scored, metrics, differences, confidence)
    headline = headline_of(scored, regions)
    recommendation = level(metrics, risks, headline)
    return Analysis(
        bias_variance=half_up(metrics.bias_variance, 4),
        censorship_rate=half_up(metrics.censorship_rate, 2),
        factual_consistency=half_up(metrics.factual_consistency, 2),
        narrative_divergence=half_up(metrics.narrative_divergence, 2),
        key_differences=[_members(difference) for difference in differences],
        risk_assessment=[_members(risk) for risk in risks],
        summary=summarise(scored, metrics, differences, risks, recommendation, headline),
        recommendation=recommendation,
    )


def _members(entry: Difference | Risk) -> dict[str, object]:
    return {field.name: getattr(entry, field.name) for field in fields(entry)}
