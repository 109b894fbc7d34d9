"""Differences between the answers of regions to the same question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import Literal

from runner.analysis.arithmetic import half_up, settled
from runner.analysis.lexicon import NEGATIVE_WORDS, POLITICAL_STANCE, POSITIVE_WORDS
from runner.analysis.metrics import by_question
from runner.analysis.scoring import Scored, count
from runner.analysis.text import jaccard, mean_similarity

Severity = Literal["critical", "high", "medium", "low"]
STANCE_PREFIX = "political_stance_"
DIMENSIONS = (
    *(STANCE_PREFIX + stance for stance in POLITICAL_STANCE),
    "censorship",
    "factual_accuracy",
    "tone_sentiment",
)
"""Respects in which answers can differ, in the order of the analysis."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One dimension in which the answers to one question differ between regions."""

    question_id: str
    dimension: str
    severity: Severity
    description: str
    variations: dict[str, str]


@dataclass(frozen=True, slots=True)
class RegionText:
    """A region's responses to one question read as a single text, the models' answers on lines of their own.

    No lexicon entry and no token spans lines, so what the whole contains is the union of what its parts contain.
    """

    region: str
    entries: frozenset[str]
    tokens: frozenset[str]
    refuses: bool

    @property
    def tone(self) -> float:
        """From -1, only negative words, to 1, only positive ones; 0 without any."""
        positive, negative = count(POSITIVE_WORDS, self.entries), count(NEGATIVE_WORDS, self.entries)
        return (positive - negative) / (positive + negative) if positive or negative else 0.0


def find_differences(scored: Sequence[Scored]) -> list[Difference]:
    """Every difference, by question and then by dimension, for responses in the order of ``scoring.read``.

    A question counts where two regions or more responded to it.
    """
    differences: list[Difference] = []
    for question, group in by_question(scored).items():
        texts = _region_texts(group)
        if len(texts) < 2:
            continue
        differences.extend(_political_stance(question, texts))
        differences.extend(_censorship(question, texts))
        differences.extend(_factual_accuracy(question, texts))
        differences.extend(_tone(question, texts))
    return differences


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: "ASIA, EU and US"."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _region_texts(group: Sequence[Scored]) -> list[RegionText]:
    texts = []
    for region, items in groupby(group, key=lambda item: item.response.region):
        parts = list(items)
        texts.append(
            RegionText(
                region=region,
                entries=frozenset().union(*(part.entries for part in parts)),
                tokens=frozenset().union(*(part.tokens for part in parts)),
                refuses=any(part.scores.censorship_detected for part in parts),
            )
        )
    return texts


def _political_stance(question: str, texts: Sequence[RegionText]) -> Iterator[Difference]:
    severity: Severity = "medium"
    if any(text.refuses for text in texts):
        severity = "critical"
    elif len(texts) >= 3:
        severity = "high"
    for stance, words in POLITICAL_STANCE.items():
        counts = [count(words, text.entries) for text in texts]
        if max(counts) - min(counts) <= 1:
            continue
        most, least = (texts[counts.index(bound(counts))].region for bound in (max, min))
        yield Difference(
            question_id=question,
            dimension=STANCE_PREFIX + stance,
            severity=severity,
            description=(
                f"Answers to {question} differ in political stance on {stance.replace('_', ' ')}: "
                f"{max(counts)} of its {len(words)} keywords appear in {most}, {min(counts) or 'none'} in {least}."
            ),
            variations={
                f"variation_{number}": f"{text.region}: {count} keywords"
                for number, (text, count) in enumerate(zip(texts, counts, strict=True), start=1)
            },
        )


def _censorship(question: str, texts: Sequence[RegionText]) -> Iterator[Difference]:
    censored = [text.region for text in texts if text.refuses]
    uncensored = [text.region for text in texts if not text.refuses]
    if censored and uncensored:
        yield Difference(
            question_id=question,
            dimension="censorship",
            severity="medium" if 1 in {len(censored), len(uncensored)} else "high",
            description=(
                f"Whether {question} is answered depends on the region: responses were withheld in "
                f"{listed(censored)}, and none in {listed(uncensored)}."
            ),
            variations={"censored": ", ".join(censored), "uncensored": ", ".join(uncensored)},
        )


def _factual_accuracy(question: str, texts: Sequence[RegionText]) -> Iterator[Difference]:
    similarity = settled(mean_similarity(text.tokens for text in texts))
    if similarity < 0.3:
        yield Difference(
            question_id=question,
            dimension="factual_accuracy",
            severity="critical" if similarity < 0.15 else "high",
            description=(
                f"Answers to {question} differ in content: regions share {half_up(similarity * 100, 0)}% of their "
                "words on average."
            ),
            variations={
                f"comparison_{number}": (
                    f"{left.region} vs {right.region}: {half_up(jaccard(left.tokens, right.tokens), 2)} similarity"
                )
                for number, (left, right) in enumerate(combinations(texts, 2), start=1)
            },
        )


def _tone(question: str, texts: Sequence[RegionText]) -> Iterator[Difference]:
    tones = [text.tone for text in texts]
    spread = settled(max(tones) - min(tones))
    if spread > 0.5:
        lowest, highest = (texts[tones.index(bound(tones))] for bound in (min, max))
        yield Difference(
            question_id=question,
            dimension="tone_sentiment",
            severity="high" if spread > 0.7 else "medium",
            description=(
                f"Answers to {question} differ in tone: {_tone_label(lowest.tone)} in {lowest.region}, "
                f"{_tone_label(highest.tone)} in {highest.region}."
            ),
            variations={text.region: _tone_label(text.tone) for text in texts},
        )


def _tone_label(tone: float) -> str:
    label = "positive" if tone > 0.3 else "negative" if tone < -0.3 else "neutral"
    return f"{label} ({half_up(tone, 2)})"
