"""The judgements of the analysis: key differences between regions, risks, and the level that they add up to.

All comparisons are exact: a value that meets a threshold is on the side on which the contract puts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import floor

from beacon.analysis.terms import Definition, contained, fold, mean, similarity, tokens, tone

SEVERITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True)
class Answer:
    """One region's answer to one question: its responses joined in the order of their models."""

    region: str
    text: str
    refuses: bool


@dataclass(frozen=True)
class Difference:
    """A key difference between the regions that answered a question."""

    question_id: str
    dimension: str
    severity: str
    description: str
    variations: Mapping[str, str]
    regions: tuple[str, ...]


@dataclass(frozen=True)
class Risk:
    """An assessed risk."""

    type: str
    severity: str
    description: str
    regions: tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """The figures that risks and levels are judged by: unrounded metrics, and how many responses were withheld."""

    rate: Fraction
    variance: Fraction
    consistency: Fraction
    withheld: int
    responses: int

    @property
    def divergence(self) -> Fraction:
        """The complement of the consistency."""
        return 1 - self.consistency


def severity(definition: Definition, prefix: str, value: Fraction) -> str:
    """The highest severity whose threshold ``value`` reaches, ``low`` where it reaches none."""
    reached = (name for name in SEVERITIES[:-1] if definition.passes(f"{prefix}_{name}_at_least", value))
    return next(reached, "low")


def differences(question_id: str, answers: Sequence[Answer], definition: Definition) -> list[Difference]:
    """The key differences between the regions that answered a question, in the order in which they are published."""
    if len(answers) < definition.limit("minimum_regions"):
        return []
    answers = sorted(answers, key=lambda answer: answer.region)
    regions = tuple(answer.region for answer in answers)
    by_dimension = {
        dimension: Difference(question_id, dimension, severity, description, variations, regions)
        for judge in (_stance, _censorship, _accuracy, _tone)
        for dimension, severity, description, variations in judge(question_id, answers, definition)
    }
    return [by_dimension[name] for name in definition.dimensions if name in by_dimension]


_Judgement = Iterator[tuple[str, str, str, dict[str, str]]]


def _stance(question: str, answers: Sequence[Answer], definition: Definition) -> _Judgement:
    many = len(answers) >= definition.limit("political_stance_high_regions_at_least")
    severity = "critical" if any(a.refuses for a in answers) else "high" if many else "medium"
    for name, words in definition.political_stance.items():
        counts = {answer.region: len(contained(words, fold(answer.text, definition))) for answer in answers}
        most, least = max(counts.values()), min(counts.values())
        if definition.passes("political_stance_range_above", Fraction(most - least)):
            description = definition.text(
                "difference_political_stance",
                question=question,
                category=name.replace("_", " "),
                most=most,
                keywords=len(words),
                most_region=next(region for region, count in counts.items() if count == most),
                least=least or definition.text("none"),
                least_region=next(region for region, count in counts.items() if count == least),
            )
            lines = [f"{region}: {count} keywords" for region, count in counts.items()]
            yield f"political_stance_{name}", severity, description, _numbered("variation", lines)


def _censorship(question: str, answers: Sequence[Answer], definition: Definition) -> _Judgement:
    groups = [[answer.region for answer in answers if answer.refuses is refuses] for refuses in (True, False)]
    if all(groups):
        lone = definition.limit("censorship_lone_side_regions")
        severity = "medium" if any(len(group) == lone for group in groups) else "high"
        censored, uncensored = map(listed, groups)
        description = definition.text(
            "difference_censorship", question=question, censored=censored, uncensored=uncensored
        )
        variations = {"censored": ", ".join(groups[0]), "uncensored": ", ".join(groups[1])}
        yield "censorship", severity, description, variations


def _accuracy(question: str, answers: Sequence[Answer], definition: Definition) -> _Judgement:
    words = {answer.region: tokens(answer.text, definition) for answer in answers}
    pairs = {(a, b): similarity(words[a], words[b]) for a, b in combinations(words, 2)}
    average = mean(pairs.values(), Fraction(1))
    if definition.passes("factual_similarity_below", average):
        grave = definition.passes("factual_similarity_critical_below", average)
        lines = [f"{a} vs {b}: {_figure(value, definition)} similarity" for (a, b), value in pairs.items()]
        description = definition.text("difference_factual_accuracy", question=question, percent=percent(average))
        yield "factual_accuracy", "critical" if grave else "high", description, _numbered("comparison", lines)


def _tone(question: str, answers: Sequence[Answer], definition: Definition) -> _Judgement:
    tones = {answer.region: tone(answer.text, definition) for answer in answers}
    highest, lowest = max(tones.values()), min(tones.values())
    if definition.passes("tone_range_above", highest - lowest):
        grave = definition.passes("tone_range_high_above", highest - lowest)
        lines = {
            region: f"{_tone_label(value, definition)} ({_figure(value, definition)})"
            for region, value in tones.items()
        }
        low, high = (next(r for r, value in tones.items() if value == bound) for bound in (lowest, highest))
        description = definition.text(
            "difference_tone_sentiment",
            question=question,
            lowest=lines[low],
            lowest_region=low,
            highest=lines[high],
            highest_region=high,
        )
        yield "tone_sentiment", "high" if grave else "medium", description, lines


def _tone_label(value: Fraction, definition: Definition) -> str:
    positive, neutral, negative = definition.tone_labels
    if definition.passes("tone_positive_above", value):
        return positive
    return negative if definition.passes("tone_negative_below", value) else neutral


def _numbered(stem: str, texts: Sequence[str]) -> dict[str, str]:
    return {f"{stem}_{number}": text for number, text in enumerate(texts, start=1)}


def _figure(value: Fraction, definition: Definition) -> str:
    return decimal(value, int(definition.limit("places_variations")))


def risks(
    figures: Figures,
    differing: Sequence[Difference],
    regions: tuple[str, ...],
    refusing: tuple[str, ...],
    definition: Definition,
) -> list[Risk]:
    """Every risk, in the order in which they are published; ``refusing`` are the regions with a refusal anywhere."""
    rate, variance, passes, text = figures.rate, figures.variance, definition.passes, definition.text
    risks: list[Risk] = []
    if passes("risk_censorship_above", rate):
        where = text(
            "risk_censorship", withheld=figures.withheld, responses=figures.responses, regions=listed(refusing)
        )
        risks.append(Risk("censorship", severity(definition, "risk_censorship", rate), where, refusing))
    if passes("risk_bias_above", variance):
        risks.append(Risk("bias", severity(definition, "risk_bias", variance), text("risk_bias"), regions))
    for entry in differing:
        if entry.dimension == "factual_accuracy":
            sentence = text("risk_misinformation", questions=entry.question_id)
            risks.append(Risk("misinformation", entry.severity, sentence, entry.regions))
    stances = [entry for entry in differing if entry.dimension.startswith("political_stance_")]
    if stances:
        questions = listed(sorted({entry.question_id for entry in stances}))
        grade = _manipulation([entry.severity for entry in stances], definition)
        depends = text("risk_political_manipulation", questions=questions)
        risks.append(Risk("political_manipulation", grade, depends, regions))
    if passes("risk_narrative_rate_above", rate) and passes("risk_narrative_variance_above", variance):
        risks.append(Risk("narrative_control", "critical", text("risk_narrative_control"), regions))
    return sorted(risks, key=lambda risk: definition.risk_types.index(risk.type))


def _manipulation(stances: Sequence[str], definition: Definition) -> str:
    critical, high, medium = (stances.count(severity) for severity in SEVERITIES[:3])
    if critical or high >= definition.limit("risk_political_critical_high_differences_at_least"):
        return "critical"
    if high or medium >= definition.limit("risk_political_high_medium_differences_at_least"):
        return "high"
    return "medium" if medium else "low"


def level(severities: Sequence[str], figures: Figures, gaps: Sequence[str], definition: Definition) -> str:
    """The label of the recommendation, from the severities of the risks, the metrics and the gaps of the headline."""
    critical, high, medium, low = definition.labels
    count, limit = severities.count, definition.limit

    def reaches(metric: str, value: Fraction) -> bool:
        return definition.passes(f"level_{metric}_at_least", value)

    rate, variance = figures.rate, figures.variance
    if count("critical") or (reaches("critical_rate", rate) and reaches("critical_variance", variance)):
        return critical
    if count("high") >= limit("level_high_high_risks_at_least") or reaches("high_rate", rate):
        return high
    if reaches("high_variance", variance):
        return high
    if gaps or count("high") or count("medium") >= limit("level_medium_medium_risks_at_least"):
        return medium
    return medium if reaches("medium_rate", rate) or reaches("medium_variance", variance) else low


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: "ASIA, EU and US"."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def rounded(value: Fraction, places: int) -> Fraction:
    """A number rounded half up, away from zero."""
    scale = 10**places
    size = Fraction(floor(abs(value) * scale + Fraction(1, 2)), scale)
    return -size if value < 0 else size


def decimal(value: Fraction, places: int) -> str:
    """A number rounded half up, with all of its places."""
    return f"{float(rounded(value, places)):.{places}f}"


def percent(value: Fraction) -> str:
    """A share in whole percent."""
    return f"{decimal(value * 100, 0)}%"
