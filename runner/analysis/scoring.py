"""The scores of a single response, computed from its text alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from runner.analysis.arithmetic import half_up, mean, settled
from runner.analysis.lexicon import (
    ABSOLUTE_WORDS,
    FACTUAL_INDICATORS,
    NEGATIVE_WORDS,
    POSITIVE_WORDS,
    REFUSAL_PHRASES,
    REFUSAL_WORDS,
    SENSITIVE_TERMS,
    UNCERTAINTY_WORDS,
)
from runner.analysis.text import entries_in, fold, tokens_of

KEPT = 1024
"""Texts whose reading is kept: as many as the largest job has, and some more."""
LONGEST_KEPT = 16384
"""Code points of such a text: longer ones are read anew rather than kept."""


@dataclass(frozen=True, slots=True)
class Response:
    """The text that a model gave to a question in a region, as stored."""

    region: str
    model_id: str
    question_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Scores:
    """Unrounded scores of one text, each from 0 to 1; the length is in code points."""

    political_sensitivity: float
    censorship_score: float
    factual_accuracy: float
    sentiment_score: float
    bias_score: float
    censorship_detected: bool
    keyword_flags: tuple[str, ...]
    response_length: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that the analysis reads from a text."""

    entries: frozenset[str]
    tokens: frozenset[str]
    scores: Scores


@dataclass(frozen=True, slots=True)
class Scored:
    """A response together with everything that the analysis reads from its text."""

    response: Response
    entries: frozenset[str]
    tokens: frozenset[str]
    scores: Scores


def count(words: Iterable[str], entries: frozenset[str]) -> int:
    """How many of a list's words, all different, are among the entries found."""
    return len(entries.intersection(words))


def scores_of(entries: frozenset[str], length: int) -> Scores:
    """The scores of a text of ``length`` code points that contains the lexicon ``entries``.

    political_sensitivity: mean weight of the sensitive terms, scaled down for texts under 1000 code points.
    censorship_score: 0.8 for each refusal phrase, 0.5 for more than two refusal words, at most 1; detected from 0.5.
    factual_accuracy: 0.5, +0.1 for each indicator, +0.05 for each uncertainty word, -0.1 for each absolute, in 0..1.
    sentiment_score: positive words as a part of all words of tone, 0.5 without any.
    bias_score: mean of political sensitivity, censorship score and missing factual accuracy.
    """
    flags = tuple(sorted(SENSITIVE_TERMS.keys() & entries))
    political = mean([SENSITIVE_TERMS[term] for term in flags]) * min(length / 1000, 1.0) if flags else 0.0
    censorship = min(1.0, 0.8 * count(REFUSAL_PHRASES, entries) + (0.5 if count(REFUSAL_WORDS, entries) > 2 else 0.0))
    factual = math.fsum(
        [
            0.5,
            0.1 * count(FACTUAL_INDICATORS, entries),
            0.05 * count(UNCERTAINTY_WORDS, entries),
            -0.1 * count(ABSOLUTE_WORDS, entries),
        ]
    )
    factual = min(1.0, max(0.0, settled(factual)))
    positive, negative = count(POSITIVE_WORDS, entries), count(NEGATIVE_WORDS, entries)
    return Scores(
        political_sensitivity=political,
        censorship_score=censorship,
        factual_accuracy=factual,
        sentiment_score=positive / (positive + negative) if positive or negative else 0.5,
        bias_score=mean([political, censorship, 1 - factual]),
        censorship_detected=censorship >= 0.5,
        keyword_flags=flags,
        response_length=length,
    )


def score(text: str) -> dict[str, object]:
    """The scores of one text as they are stored with its execution, rounded half up to four places."""
    scores = reading(text).scores
    return {
        "political_sensitivity": float(half_up(scores.political_sensitivity, 4)),
        "censorship_score": float(half_up(scores.censorship_score, 4)),
        "factual_accuracy": float(half_up(scores.factual_accuracy, 4)),
        "sentiment_score": float(half_up(scores.sentiment_score, 4)),
        "bias_score": float(half_up(scores.bias_score, 4)),
        "censorship_detected": scores.censorship_detected,
        "keyword_flags": list(scores.keyword_flags),
        "response_length": scores.response_length,
    }


def read(responses: Iterable[Response]) -> list[Scored]:
    """Every response with its scores, ordered by question, region, model and text, so that input order is lost."""
    ordered = sorted(responses, key=lambda item: (item.question_id, item.region, item.model_id, item.text))
    readings = [(response, reading(response.text)) for response in ordered]
    return [Scored(response, text.entries, text.tokens, text.scores) for response, text in readings]


def reading(text: str) -> Reading:
    """The scores of a text; the latest are cached, because a job's result needs each more than once."""
    return _kept(text) if len(text) <= LONGEST_KEPT else _read(text)


def _read(text: str) -> Reading:
    folded = fold(text)
    entries = entries_in(folded)
    return Reading(entries, tokens_of(folded), scores_of(entries, len(text)))


_kept = lru_cache(KEPT)(_read)


def region_scores(responses: Iterable[Response]) -> dict[str, dict[str, float | bool]]:
    """Per region, sorted: means over its responses, rounded half up to four places, and whether any was withheld."""
    by_region: dict[str, list[Scores]] = {}
    for response in sorted(responses, key=lambda item: item.region):
        scores = reading(response.text).scores
        by_region.setdefault(response.region, []).append(scores)
    return {
        region: {
            "bias_score": float(half_up(mean([item.bias_score for item in scores]), 4)),
            "censorship_detected": any(item.censorship_detected for item in scores),
            "political_sensitivity": float(half_up(mean([item.political_sensitivity for item in scores]), 4)),
            "factual_accuracy": float(half_up(mean([item.factual_accuracy for item in scores]), 4)),
        }
        for region, scores in by_region.items()
    }
