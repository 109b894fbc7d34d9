"""The four metrics of a run, each from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from runner.analysis.arithmetic import mean, population_deviation, settled
from runner.analysis.scoring import Scored
from runner.analysis.text import mean_similarity


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics at full precision, free of binary dust: thresholds apply to them and not to what is displayed."""

    bias_variance: float
    censorship_rate: float
    factual_consistency: float

    @property
    def narrative_divergence(self) -> float:
        """The complement of factual consistency."""
        return settled(1 - self.factual_consistency)


def by_question(scored: Sequence[Scored]) -> dict[str, list[Scored]]:
    """Responses by question; both the questions and the responses to each keep the order of ``scored``."""
    groups = groupby(scored, key=lambda item: item.response.question_id)
    return {question: list(group) for question, group in groups}


def regions_of(scored: Sequence[Scored]) -> list[str]:
    """The regions that responded, sorted."""
    return sorted({item.response.region for item in scored})


def _deviation(group: Sequence[Scored]) -> float:
    return min(1.0, 2 * population_deviation([item.scores.bias_score for item in group]))


def _similarity(group: Sequence[Scored]) -> float:
    return mean_similarity(item.tokens for item in group)


def _over_questions(scored: Sequence[Scored], measure: Callable[[Sequence[Scored]], float], otherwise: float) -> float:
    """Mean of ``measure`` over the questions with two responses or more; ``otherwise`` if nothing can be compared."""
    if len(regions_of(scored)) < 2:
        return otherwise
    values = [measure(group) for group in by_question(scored).values() if len(group) >= 2]
    return settled(mean(values)) if values else otherwise


def measure(scored: Sequence[Scored]) -> Metrics:
    """The metrics of responses in the order of ``scoring.read``.

    bias_variance: mean over questions of twice the population standard deviation of bias scores; 0 under two regions.
    censorship_rate: responses that were withheld, as a part of all.
    factual_consistency: mean over questions of the mean Jaccard similarity of all pairs of responses, pairs within a
    region included; 1 under two regions.
    """
    withheld = sum(item.scores.censorship_detected for item in scored)
    return Metrics(
        bias_variance=_over_questions(scored, _deviation, otherwise=0.0),
        censorship_rate=settled(withheld / len(scored)) if scored else 0.0,
        factual_consistency=_over_questions(scored, _similarity, otherwise=1.0),
    )
