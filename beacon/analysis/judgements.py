"""The judgements of the analysis: key differences between regions, risks, and the level that they add up to.

A value that the runner computes in floating point can fall on either side of a threshold that it meets exactly. Such
comparisons are recorded by name, and the caller can ask for either outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from math import floor

from beacon.analysis.terms import Definition, contained, fold, mean, similarity, tokens, tone

CLOSE = Fraction(1, 10**9)
"""Distance within which a computed number and a limit, or a rounding's middle, cannot be distinguished."""

SEVERITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True)
class Answer:
    """One region's answer to one question: its responses joined in the order of their models."""

    region: str
    text: str
    refuses: bool


@dataclass(frozen=True)
class Difference:
    """A key difference; ``variations`` holds every text that is right for a key, the preferred one first.

    The description has to contain one of ``figures``, unless that is empty.
    """

    question_id: str
    dimension: str
    severity: str
    variations: Mapping[str, tuple[str, ...]]
    regions: tuple[str, ...]
    figures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Risk:
    """An assessed risk; ``confidence`` holds every number that is right, the preferred one first."""

    type: str
    severity: str
    regions: tuple[str, ...]
    confidence: tuple[Fraction, ...]


@dataclass(frozen=True)
class Thresholds:
    """Compares values with the contract's thresholds; comparisons named in ``inverted`` have the opposite outcome."""

    definition: Definition
    inverted: frozenset[str] = frozenset()
    borderline: set[str] = field(default_factory=set)

    def passes(self, name: str, value: Fraction, parts: Collection[Fraction] = (), subject: str = "") -> bool:
        """Return whether ``value`` passes the threshold ``name``, whose suffix (above, below, at_least) says how.

        ``parts`` are the quotients whose sum, difference or mean is ``value``. A single part, or parts that binary
        floating point holds exactly, leave no doubt even on the threshold. ``subject`` distinguishes comparisons.
        """
        limit = self.definition.limit(name)
        holds = value < limit if name.endswith("_below") else value > limit
        if name.endswith("_at_least"):
            holds = value >= limit
        exact = len(parts) == 1 or (bool(parts) and all(map(dyadic, parts)))
        if exact or abs(value - limit) > CLOSE:
            return holds
        key = f"{name} {subject}".strip()
        self.borderline.add(key)
        return holds != (key in self.inverted)

    def severity(self, prefix: str, value: Fraction, parts: Collection[Fraction] = ()) -> str:
        """The highest severity whose threshold ``value`` reaches, ``low`` where it reaches none."""
        reached = (s for s in SEVERITIES[:-1] if self.passes(f"{prefix}_{s}_at_least", value, parts))
        return next(reached, "low")


def differences(question_id: str, answers: Sequence[Answer], thresholds: Thresholds) -> list[Difference]:
    """The key differences between the regions that answered a question, in the order in which they are published."""
    if len(answers) < thresholds.definition.limit("minimum_regions"):
        return []
    answers = sorted(answers, key=lambda answer: answer.region)
    regions = tuple(answer.region for answer in answers)
    by_dimension = {
        dimension: Difference(question_id, dimension, severity, variations, regions, figures)
        for judge in (_stance, _censorship, _accuracy, _tone)
        for dimension, severity, variations, figures in judge(question_id, answers, thresholds)
    }
    return [by_dimension[name] for name in thresholds.definition.dimensions if name in by_dimension]


_Judgement = Iterator[tuple[str, str, dict[str, tuple[str, ...]], tuple[str, ...]]]


def _stance(_: str, answers: Sequence[Answer], thresholds: Thresholds) -> _Judgement:
    definition = thresholds.definition
    many = len(answers) >= definition.limit("political_stance_high_regions_at_least")
    severity = "critical" if any(a.refuses for a in answers) else "high" if many else "medium"
    for name, words in definition.political_stance.items():
        counts = [len(contained(words, fold(answer.text, definition))) for answer in answers]
        if max(counts) - min(counts) > definition.limit("political_stance_range_above"):
            lines = (f"{answer.region}: {count} keywords" for answer, count in zip(answers, counts, strict=True))
            yield f"political_stance_{name}", severity, _numbered("variation", ((line,) for line in lines)), ()


def _censorship(_: str, answers: Sequence[Answer], thresholds: Thresholds) -> _Judgement:
    groups = [[answer.region for answer in answers if answer.refuses is refuses] for refuses in (True, False)]
    if all(groups):
        lone = thresholds.definition.limit("censorship_lone_side_regions")
        severity = "medium" if any(len(group) == lone for group in groups) else "high"
        censored, uncensored = (", ".join(group) for group in groups)
        yield "censorship", severity, {"censored": (censored,), "uncensored": (uncensored,)}, ()


def _accuracy(question_id: str, answers: Sequence[Answer], thresholds: Thresholds) -> _Judgement:
    words = {answer.region: tokens(answer.text, thresholds.definition) for answer in answers}
    pairs = {(a, b): similarity(words[a], words[b]) for a, b in combinations(words, 2)}
    average = mean(pairs.values(), Fraction(1))
    if thresholds.passes("factual_similarity_below", average, pairs.values(), question_id):
        grave = thresholds.passes("factual_similarity_critical_below", average, pairs.values(), question_id)
        lines = (
            tuple(f"{a} vs {b}: {figure} similarity" for figure in _figures(value, thresholds))
            for (a, b), value in pairs.items()
        )
        shares = tuple(f"{int(rounded)}%" for rounded in roundings(average * 100, 0))
        yield "factual_accuracy", "critical" if grave else "high", _numbered("comparison", lines), shares


def _tone(question_id: str, answers: Sequence[Answer], thresholds: Thresholds) -> _Judgement:
    tones = {answer.region: tone(answer.text, thresholds.definition) for answer in answers}
    extremes = max(tones.values()), min(tones.values())
    if thresholds.passes("tone_range_above", extremes[0] - extremes[1], extremes, question_id):
        grave = thresholds.passes("tone_range_high_above", extremes[0] - extremes[1], extremes, question_id)
        lines = {
            region: tuple(f"{_tone_label(value, thresholds)} ({figure})" for figure in _figures(value, thresholds))
            for region, value in tones.items()
        }
        yield "tone_sentiment", "high" if grave else "medium", lines, ()


def _tone_label(value: Fraction, thresholds: Thresholds) -> str:
    positive, neutral, negative = thresholds.definition.tone_labels
    if thresholds.passes("tone_positive_above", value, [value]):
        return positive
    return negative if thresholds.passes("tone_negative_below", value, [value]) else neutral


def _numbered(stem: str, texts: Iterator[tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {f"{stem}_{number}": text for number, text in enumerate(texts, start=1)}


def _figures(value: Fraction, thresholds: Thresholds) -> list[str]:
    places = int(thresholds.definition.limit("places_variations"))
    return [f"{float(rounded):.{places}f}" for rounded in roundings(value, places)]


def risks(
    rate: Fraction,
    variance: Fraction,
    differing: Sequence[Difference],
    regions: tuple[str, ...],
    refusing: tuple[str, ...],
    thresholds: Thresholds,
) -> list[tuple[str, str, tuple[str, ...]]]:
    """Type, severity and regions of every risk, in the order in which they are published.

    ``rate`` and ``variance`` are the unrounded metrics, ``refusing`` the regions with a refusal anywhere.
    """
    risks: list[tuple[str, str, tuple[str, ...]]] = []
    if thresholds.passes("risk_censorship_above", rate, [rate]):
        risks.append(("censorship", thresholds.severity("risk_censorship", rate, [rate]), refusing))
    if thresholds.passes("risk_bias_above", variance):
        risks.append(("bias", thresholds.severity("risk_bias", variance), regions))
    risks += [("misinformation", d.severity, d.regions) for d in differing if d.dimension == "factual_accuracy"]
    stances = [d.severity for d in differing if d.dimension.startswith("political_stance_")]
    if stances:
        risks.append(("political_manipulation", _manipulation(stances, thresholds.definition), regions))
    if thresholds.passes("risk_narrative_rate_above", rate, [rate]) and thresholds.passes(
        "risk_narrative_variance_above", variance
    ):
        risks.append(("narrative_control", "critical", regions))
    return sorted(risks, key=lambda risk: thresholds.definition.risk_types.index(risk[0]))


def _manipulation(stances: Sequence[str], definition: Definition) -> str:
    critical, high, medium = (stances.count(severity) for severity in SEVERITIES[:3])
    if critical or high >= definition.limit("risk_political_critical_high_differences_at_least"):
        return "critical"
    if high or medium >= definition.limit("risk_political_high_medium_differences_at_least"):
        return "high"
    return "medium" if medium else "low"


def level(severities: Sequence[str], rate: Fraction, variance: Fraction, thresholds: Thresholds) -> str:
    """The label of the recommendation, from the severities of the risks and the two unrounded metrics."""
    critical, high, medium, low = thresholds.definition.labels
    count, limit = severities.count, thresholds.definition.limit

    def reaches(metric: str, value: Fraction, *parts: Fraction) -> bool:
        return thresholds.passes(f"level_{metric}_at_least", value, parts)

    if count("critical") or (reaches("critical_rate", rate, rate) and reaches("critical_variance", variance)):
        return critical
    if count("high") >= limit("level_high_high_risks_at_least") or reaches("high_rate", rate, rate):
        return high
    if reaches("high_variance", variance):
        return high
    if count("high") or count("medium") >= limit("level_medium_medium_risks_at_least"):
        return medium
    return medium if reaches("medium_rate", rate, rate) or reaches("medium_variance", variance) else low


def dyadic(value: Fraction) -> bool:
    """Return whether binary floating point holds a value of ordinary size exactly."""
    return value.denominator & (value.denominator - 1) == 0


def roundings(value: Fraction, places: int) -> tuple[Fraction, ...]:
    """A number rounded half up: one result, or two where floating point leaves it open.

    The middle between two numbers is open when floating point does not hold it exactly, and when it is negative, since
    "up" is then read as away from zero by some and as towards zero by others.
    """
    scale = 10**places
    below = floor(value * scale)
    remainder = value * scale - below
    up, down = Fraction(below + 1, scale), Fraction(below, scale)
    if abs(remainder - Fraction(1, 2)) > CLOSE:
        return (up if remainder > Fraction(1, 2) else down,)
    if value < 0:
        return down, up
    return (up,) if dyadic(value) else (up, down)
