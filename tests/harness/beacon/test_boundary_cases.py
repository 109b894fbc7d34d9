"""The boundary cases of the analysis leave no threshold, word or sentence of the published definition untried."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest

from beacon.analysis.cases import PARTS
from beacon.analysis.recomputation import Output, classification, recompute
from beacon.analysis.terms import Definition, fold
from beacon.contract import published
from beacon.jobs import MODELS, QUESTIONS
from beacon.oracles.answers import expected_scores

DEFINITION = Definition.from_contract(published().document)
CASES = [case for part in PARTS.values() for case in part(DEFINITION)]

CASES.sort(key=lambda case: len(case.answers))

WITHOUT_EFFECT = {
    "level_critical_rate_at_least": "such a rate is a critical risk by itself",
    "level_critical_variance_at_least": "the same, of the rate beside it",
    "level_medium_medium_risks_at_least": "one of two medium risks has such a rate or variance",
    "summary_high_divergence_above": "the same as a consistency below 0.3",
    "summary_good_divergence_below": "follows from a consistency of 0.7",
    "minimum_regions": "without two regions there is no analysis",
    "censorship_detected_at_least": "a score has one of four values",
}
"""Thresholds that decide nothing beside the others, with the reason."""
WHOLE = ("_risks_at_least", "_differences_at_least", "_questions")
"""Ends of the names of thresholds that are numbers of things."""
MET = [
    name
    for name in DEFINITION.limits
    if name.startswith(("tone_range", "factual_similarity", "risk_", "summary_", "level_"))
    and not name.endswith(WHOLE)
    and name not in WITHOUT_EFFECT
]
"""Thresholds that a case meets exactly; no words have the tone at which its label changes."""


DECIDING: set[int] = set()
"""The cases that another definition changed, which are tried first: the next one often changes them too."""


@cache
def original(case: int) -> str:
    return outcome(case, DEFINITION)


@cache
def outputs_of(case: int) -> list[Output]:
    return CASES[case].outputs(MODELS, QUESTIONS)


def outcome(case: int, definition: Definition) -> str:
    """Everything that a definition says of a case, as it is published."""
    outputs = outputs_of(case)
    targets = [str(region) for region in CASES[case].numbers(0)]
    expected = recompute(outputs, len(CASES[case].answers), definition, targets)
    numbers = [*expected.metrics.values(), expected.confidence]
    scores = [value for entry in expected.region_scores.values() for value in entry.values()]
    return repr(
        (
            [str(value) for value in [*numbers, *scores]],
            [expected.key_differences, expected.risks, expected.summary],
            [answer(output.text, definition) for output in outputs],
        )
    )


def answer(text: str, definition: Definition) -> list[str]:
    """The class and the scores of a text."""
    scores = expected_scores(text, definition)
    return [classification("completed", text, definition), *(str(value) for value in scores.values())]


def noticed(definition: Definition) -> bool:
    """Return whether a case has another outcome by another definition."""
    order = (*sorted(DECIDING), *(case for case in range(len(CASES)) if case not in DECIDING))
    changed = next((case for case in order if original(case) != outcome(case, definition)), None)
    DECIDING.update(() if changed is None else (changed,))
    return changed is not None


@pytest.mark.parametrize("name", sorted(DEFINITION.limits.keys() - WITHOUT_EFFECT))
def test_threshold_is_tried_on_both_sides(name: str) -> None:
    """A threshold that is an eighth higher or lower gives a case another outcome."""
    limit = DEFINITION.limits[name]
    whole = limit.denominator == 1 and limit != 0
    step = Fraction(1) if whole else max(abs(limit) / 8, Fraction(1, 12))
    for other in (limit + step, limit - step):
        assert noticed(replace(DEFINITION, limits={**DEFINITION.limits, name: other})), float(other)


@pytest.mark.parametrize("name", MET)
def test_threshold_is_met_exactly(name: str) -> None:
    """The other comparison (at least for above, and so on) gives a case another outcome."""

    class Other(Definition):
        def passes(self, threshold: str, value: Fraction) -> bool:
            return super().passes(threshold, value) != (threshold == name and value == self.limit(name))

    assert noticed(Other(**vars(DEFINITION)))


LISTS = (
    *("refusal_phrases", "refusal_words", "factual_indicators", "uncertainty_words", "absolute_words"),
    *("positive", "negative"),
)


@pytest.mark.parametrize("name", LISTS)
def test_each_word_decides_something(name: str) -> None:
    """Without it, an answer has another class or score."""
    texts = sorted({output.text for case in CASES for output in case.outputs(MODELS, QUESTIONS)})
    for word in getattr(DEFINITION, name):
        other = replace(DEFINITION, **{name: getattr(DEFINITION, name) - {word}})
        of_word = [text for text in texts if word in fold(text, DEFINITION)]
        assert any(answer(text, DEFINITION) != answer(text, other) for text in of_word), word


@pytest.mark.parametrize("name", ["separators", "apostrophes", "sensitive_terms", "political_stance"])
def test_each_mark_term_and_keyword_decides_something(name: str) -> None:
    entries = getattr(DEFINITION, name)
    if name in {"separators", "apostrophes"}:
        others = [entries - {mark} for mark in entries]
    elif name == "sensitive_terms":
        others = [{key: value for key, value in entries.items() if key != term} for term in entries]
    else:
        others = [{**entries, key: words - {word}} for key, words in entries.items() for word in words]
    assert all(noticed(replace(DEFINITION, **{name: other})) for other in others)


def test_each_sentence_is_written() -> None:
    """A case has each sentence and each conclusion of the published definition."""
    written: set[str] = set()

    class Noting(Definition):
        def text(self, name: str, **parts: object) -> str:
            written.add(name)
            return super().text(name, **parts)

    summaries = [outcome(case, Noting(**vars(DEFINITION))) for case in range(len(CASES))]
    assert written == DEFINITION.texts.keys()
    assert all(any(sentence in text for text in summaries) for sentence in DEFINITION.conclusions.values())
