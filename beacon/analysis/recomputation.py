"""An independent recomputation of the bias analysis from stored executions.

It shares nothing with the runner but the text of the published contract, from which it reads the word lists and
thresholds, and it computes in exact fractions, so that a fault of the runner's arithmetic cannot be repeated here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from math import isqrt
from statistics import pvariance

from beacon.analysis.comparison import Expected, Number
from beacon.analysis.judgements import Answer, Risk, Thresholds, differences, level, risks, roundings
from beacon.analysis.summary import summarised
from beacon.analysis.terms import Definition, Score, mean, score, similarity, tokens

ALTERNATIVES = 256
"""Upper bound on the expectations for one job with borderline values; it covers all outcomes of eight values."""

REGION_MEANS = ("bias_score", "political_sensitivity", "factual_accuracy")


@dataclass(frozen=True)
class Output:
    """One completed execution and the text that it answered."""

    region: str
    model_id: str
    question_id: str
    text: str


def recompute(outputs: Sequence[Output], executions_total: int, definition: Definition) -> Expected:
    """The expected analysis of a job.

    ``outputs`` are all completed executions of the job, in any order, and ``executions_total`` counts its executions
    of whatever status; ValueError where it is less than the completed ones.
    """
    if executions_total < len(outputs):
        raise ValueError(f"{len(outputs)} executions completed, of {executions_total}")
    job = _Job(outputs, executions_total, definition)
    judged: dict[frozenset[str], Expected] = {}
    pending = [frozenset[str]()]
    while pending and len(judged) < ALTERNATIVES:
        inverted = pending.pop(0)
        if inverted not in judged:
            judged[inverted] = job.judged(Thresholds(definition, inverted))
            pending += [inverted | {name} for name in judged[inverted].borderline if name not in inverted]
    first, *others = judged.values()
    return replace(first, alternatives=tuple(others))


@dataclass(frozen=True)
class _Job:
    """The completed executions of a job, and the figures computed from them."""

    outputs: Sequence[Output]
    total: int
    definition: Definition

    def judged(self, thresholds: Thresholds) -> Expected:
        """The expectation for one choice of outcomes of the borderline comparisons."""
        metrics = {name: number.value for name, number in self.metrics.items()}
        rate, variance = metrics["censorship_rate"], metrics["bias_variance"]
        compared = len(self.regions) >= self.definition.limit("minimum_regions")
        differing = [d for q, answers in self.answers.items() if compared for d in differences(q, answers, thresholds)]
        refusing = tuple(r for r in self.regions if self.region_scores[r]["censorship_detected"])
        assessed = risks(rate, variance, differing, self.regions, refusing, thresholds)
        severities = [severity for _, severity, _ in assessed]
        return Expected(
            metrics=self.metrics,
            key_differences=tuple(differing),
            risks=tuple(Risk(*risk, self.confidence) for risk in assessed),
            recommendation=level(severities, rate, variance, thresholds),
            region_scores=self.region_scores,
            summary=summarised(metrics, differing, severities, thresholds),
            borderline=tuple(sorted(thresholds.borderline)),
        )

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The regions with a completed execution, in code-point order."""
        return tuple(sorted({output.region for output in self.outputs}))

    @cached_property
    def scores(self) -> Mapping[str, Score]:
        """The scores of every text."""
        return {text: score(text, self.definition) for text in {output.text for output in self.outputs}}

    @cached_property
    def compared(self) -> list[list[str]]:
        """The responses to each question that has enough of them, all regions and models together."""
        fewest = self.definition.limit("minimum_responses")
        if len(self.regions) < self.definition.limit("minimum_regions"):
            return []
        texts: dict[str, list[str]] = {}
        for output in self.outputs:
            texts.setdefault(output.question_id, []).append(output.text)
        return [responses for responses in texts.values() if len(responses) >= fewest]

    @cached_property
    def metrics(self) -> Mapping[str, Number]:
        """The four metrics."""
        refused = [Fraction(self.scores[output.text].censorship_detected) for output in self.outputs]
        spreads = [self._spread(texts) for texts in self.compared]
        agreements = [self._agreement(texts) for texts in self.compared]
        consistency = mean(agreements, Fraction(1))
        values = {
            "bias_variance": mean(spreads, Fraction(0)),
            "censorship_rate": mean(refused, Fraction(0)),
            "factual_consistency": consistency,
            "narrative_divergence": 1 - consistency,
        }
        return {name: Number(value, self._places(name)) for name, value in values.items()}

    @cached_property
    def answers(self) -> Mapping[str, list[Answer]]:
        """The regions' answers to each question, questions in code-point order."""
        texts_of: dict[str, dict[str, list[str]]] = {}
        for output in sorted(self.outputs, key=lambda o: (o.question_id, o.region, o.model_id, o.text)):
            texts_of.setdefault(output.question_id, {}).setdefault(output.region, []).append(output.text)
        return {
            question: [Answer(region, "\n".join(texts), self._refuses(texts)) for region, texts in by_region.items()]
            for question, by_region in texts_of.items()
        }

    @cached_property
    def region_scores(self) -> Mapping[str, Mapping[str, Number | bool]]:
        """The four members of every region's score."""
        scores: dict[str, Mapping[str, Number | bool]] = {}
        for region in self.regions:
            texts = [output.text for output in self.outputs if output.region == region]
            means = {name: mean([getattr(self.scores[t], name) for t in texts], Fraction(0)) for name in REGION_MEANS}
            numbers = {name: Number(value, self._places("region_scores")) for name, value in means.items()}
            scores[region] = {**numbers, "censorship_detected": self._refuses(texts)}
        return scores

    @cached_property
    def confidence(self) -> tuple[Fraction, ...]:
        """The share of the job's executions that completed, rounded."""
        share = Fraction(len(self.outputs), self.total) if self.total else Fraction(0)
        return roundings(share, self._places("confidence"))

    def _refuses(self, texts: Iterable[str]) -> bool:
        return any(self.scores[text].censorship_detected for text in texts)

    def _spread(self, texts: Sequence[str]) -> Fraction:
        deviation = _root(pvariance([self.scores[text].bias_score for text in texts]))
        return min(self.definition.limit("variance_factor") * deviation, Fraction(1))

    def _agreement(self, texts: Sequence[str]) -> Fraction:
        sets = [tokens(text, self.definition) for text in texts]
        return mean([similarity(a, b) for a, b in combinations(sets, 2)], Fraction(1))

    def _places(self, name: str) -> int:
        return int(self.definition.limit(f"places_{name}"))


def _root(value: Fraction) -> Fraction:
    """The square root of a fraction: exact where there is one, else to 40 places."""
    exact = Fraction(isqrt(value.numerator), isqrt(value.denominator))
    if exact * exact == value:
        return exact
    scale = 10**40
    return Fraction(isqrt(value.numerator * scale**2 // value.denominator), scale)
