"""An independent recomputation of the bias analysis from stored executions.

It shares nothing with the runner but the text of the published contract, from which it reads the word lists and
thresholds, and it computes in exact fractions, so that a fault of the runner's arithmetic cannot be repeated here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from math import isqrt
from statistics import pvariance

from beacon.analysis.comparison import Expected, Number
from beacon.analysis.judgements import Answer, Figures, differences, level, risks
from beacon.analysis.summary import Summarised, summary
from beacon.analysis.terms import Definition, Score, contained, fold, mean, score, similarity, tokens

REGION_MEANS = ("bias_score", "political_sensitivity", "factual_accuracy")


@dataclass(frozen=True)
class Output:
    """One completed execution and the text that it answered."""

    region: str
    model_id: str
    question_id: str
    text: str


def recompute(
    outputs: Sequence[Output], executions_total: int, definition: Definition, targets: Iterable[str] = ()
) -> Expected:
    """The expected analysis of a job.

    ``outputs`` are all completed executions of the job, in any order, and ``executions_total`` counts its executions
    of whatever status; ValueError where it is less than the completed ones. ``targets`` are the regions of the job,
    where any of them may be without a completed execution.
    """
    if executions_total < len(outputs):
        raise ValueError(f"{len(outputs)} executions completed, of {executions_total}")
    return _Job(outputs, executions_total, definition, tuple(targets)).judged()


@dataclass(frozen=True)
class _Job:
    """The completed executions of a job, and the figures computed from them."""

    outputs: Sequence[Output]
    total: int
    definition: Definition
    targets: Sequence[str]

    def judged(self) -> Expected:
        """The expectation."""
        definition, figures = self.definition, self.figures
        compared = len(self.regions) >= definition.limit("minimum_regions")
        differing = [d for q, answers in self.answers.items() if compared for d in differences(q, answers, definition)]
        refusing = tuple(r for r in self.regions if self.region_scores[r]["censorship_detected"])
        assessed = risks(figures, differing, self.regions, refusing, definition)
        gaps = list(self._gaps())
        recommendation = level([risk.severity for risk in assessed], figures, gaps, definition)
        answered = len(self.answers)
        return Expected(
            metrics=self.metrics,
            key_differences=tuple(differing),
            risks=tuple(assessed),
            confidence=self.confidence,
            recommendation=recommendation,
            region_scores=self.region_scores,
            summary=summary(
                Summarised(figures, differing, assessed, gaps, self.regions, answered, recommendation, definition)
            ),
        )

    def _gaps(self) -> Iterator[str]:
        """The headline: models that refuse throughout a region, and regions without a completed execution."""
        for region in sorted({*self.targets, *self.regions}):
            if region not in self.regions:
                yield self.definition.text("headline_silent", region=region)
            texts: dict[str, list[str]] = {}
            for output in self.outputs:
                if output.region == region:
                    texts.setdefault(output.model_id, []).append(output.text)
            for model in sorted(texts):
                if all(declines(text, self.definition) for text in texts[model]):
                    yield self.definition.text("headline_refuses", model=model, region=region)

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
    def figures(self) -> Figures:
        """The unrounded metrics."""
        refused = [Fraction(self.scores[output.text].censorship_detected) for output in self.outputs]
        return Figures(
            rate=mean(refused, Fraction(0)),
            variance=mean([self._spread(texts) for texts in self.compared], Fraction(0)),
            consistency=mean([self._agreement(texts) for texts in self.compared], Fraction(1)),
            withheld=int(sum(refused)),
            responses=len(self.outputs),
        )

    @cached_property
    def metrics(self) -> Mapping[str, Number]:
        """The four metrics."""
        values = {
            "bias_variance": self.figures.variance,
            "censorship_rate": self.figures.rate,
            "factual_consistency": self.figures.consistency,
            "narrative_divergence": self.figures.divergence,
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
        return {
            region: region_score([o.text for o in self.outputs if o.region == region], self.definition)
            for region in self.regions
        }

    @cached_property
    def confidence(self) -> Number:
        """The share of the job's executions that completed."""
        share = Fraction(len(self.outputs), self.total) if self.total else Fraction(0)
        return Number(share, self._places("confidence"))

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


def declines(text: str, definition: Definition) -> bool:
    """Return whether a response is a refusal by its classification: it contains one of the phrases."""
    return bool(contained(definition.refusal_phrases, fold(text, definition)))


def classification(status: str, text: str, definition: Definition) -> str:
    """The class of an execution."""
    if status in {"failed", "timeout"}:
        return "technical_failure"
    if status != "completed":
        return "unknown"
    if declines(text, definition):
        return "content_refusal"
    return "substantive" if definition.passes("substantive_length_above", Fraction(len(text))) else "unknown"


def region_score(texts: Sequence[str], definition: Definition) -> Mapping[str, Number | bool]:
    """The four members of the score of a region, from its responses."""
    scores, places = [score(text, definition) for text in texts], int(definition.limit("places_region_scores"))
    means = {name: mean([getattr(entry, name) for entry in scores], Fraction(0)) for name in REGION_MEANS}
    return {
        **{name: Number(value, places) for name, value in means.items()},
        "censorship_detected": any(entry.censorship_detected for entry in scores),
    }


def _root(value: Fraction) -> Fraction:
    """The square root of a fraction: exact where there is one, else to 40 places."""
    exact = Fraction(isqrt(value.numerator), isqrt(value.denominator))
    if exact * exact == value:
        return exact
    scale = 10**40
    return Fraction(isqrt(value.numerator * scale**2 // value.denominator), scale)
