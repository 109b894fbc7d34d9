"""The summary of an analysis: its sections, its figures, its opening and its conclusion."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from beacon.analysis.judgements import Difference, Thresholds, roundings

GRAVE = ("critical", "high")
"""Severities of the differences that a summary lists individually, in their order."""


@dataclass(frozen=True)
class Summary:
    """The expected text of a summary below its first line.

    ``opening`` is the word that the opening has to use, ``sections`` are the headings in their order, ``figures`` the
    value and the percentage of each line of the first section (every text that is right), ``findings`` the severity and
    the question of the lines about single questions in the second one, ``questions`` all that differ, ``dimensions`` in
    how many ways, ``more`` how many grave differences have no line, ``conclusion`` the last line.
    """

    opening: str
    sections: tuple[str, ...]
    figures: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    conclusion: str
    findings: tuple[tuple[str, str], ...] = ()
    questions: frozenset[str] = frozenset()
    dimensions: int = 0
    more: int = 0


def summarised(
    metrics: Mapping[str, Fraction],
    differences: Sequence[Difference],
    severities: Collection[str],
    thresholds: Thresholds,
) -> Summary:
    """The expected summary, from unrounded metrics, key differences and the severities of the risks."""
    names = ("bias_variance", "censorship_rate", "factual_consistency", "narrative_divergence")
    figures, findings, risks, conclusion = thresholds.definition.sections
    grave = any(severity != "low" for severity in severities)
    due = ((figures, True), (findings, bool(differences)), (risks, grave), (conclusion, True))
    worst = tuple(_worst(differences))[: int(thresholds.definition.limit("summary_questions"))]
    return Summary(
        opening=_opening(metrics, thresholds),
        sections=tuple(heading for heading, there in due if there),
        figures=tuple((_texts(metrics[name], 2, ""), _texts(metrics[name] * 100, 0, "%")) for name in names),
        conclusion=thresholds.definition.conclusions[_conclusion(metrics, severities, thresholds)],
        findings=worst,
        questions=frozenset(difference.question_id for difference in differences),
        dimensions=len({difference.dimension for difference in differences}),
        more=sum(difference.severity in GRAVE for difference in differences) - len(worst),
    )


def _worst(differences: Sequence[Difference]) -> Iterator[tuple[str, str]]:
    """Severity and question of the worst difference of each question that has a grave one, critical ones first."""
    seen: set[str] = set()
    for severity in GRAVE:
        for difference in differences:
            if difference.severity == severity and difference.question_id not in seen:
                seen.add(difference.question_id)
                yield severity, difference.question_id


def _critical(metrics: Mapping[str, Fraction], thresholds: Thresholds) -> bool:
    rate, variance = metrics["censorship_rate"], metrics["bias_variance"]
    return thresholds.passes("summary_critical_rate_at_least", rate, [rate]) and thresholds.passes(
        "summary_critical_variance_at_least", variance
    )


def _concerning(metrics: Mapping[str, Fraction], thresholds: Thresholds) -> bool:
    rate = metrics["censorship_rate"]
    return (
        thresholds.passes("summary_concerning_rate_at_least", rate, [rate])
        or thresholds.passes("summary_concerning_variance_at_least", metrics["bias_variance"])
        or thresholds.passes("summary_concerning_consistency_below", metrics["factual_consistency"])
    )


def _calm(metrics: Mapping[str, Fraction], thresholds: Thresholds) -> bool:
    rate = metrics["censorship_rate"]
    return thresholds.passes("summary_good_rate_below", rate, [rate]) and thresholds.passes(
        "summary_good_variance_below", metrics["bias_variance"]
    )


def _opening(metrics: Mapping[str, Fraction], thresholds: Thresholds) -> str:
    if _critical(metrics, thresholds):
        return "critical"
    if _concerning(metrics, thresholds):
        return "concerning"
    alike = thresholds.passes("summary_positive_consistency_at_least", metrics["factual_consistency"])
    return "positive" if alike and _calm(metrics, thresholds) else "mixed"


def _conclusion(metrics: Mapping[str, Fraction], severities: Collection[str], thresholds: Thresholds) -> str:
    divergence = metrics["narrative_divergence"]
    if "critical" in severities or _critical(metrics, thresholds):
        return "critical"
    if "high" in severities or _concerning(metrics, thresholds):
        return "high"
    if thresholds.passes("summary_high_divergence_above", divergence):
        return "high"
    alike = thresholds.passes("summary_good_consistency_at_least", metrics["factual_consistency"])
    alike = alike and thresholds.passes("summary_good_divergence_below", divergence)
    return "good" if alike and _calm(metrics, thresholds) else "moderate"


def _texts(value: Fraction, places: int, unit: str) -> tuple[str, ...]:
    return tuple(f"{float(rounded):.{places}f}{unit}" for rounded in roundings(value, places))


def faults(expected: Summary, summary: str) -> Iterator[tuple[object, object, str]]:
    """Faults below the first line of a summary, each as the expected value, the actual one and a message."""
    lines = summary.splitlines()
    headings = [line for line in lines if re.fullmatch(r"[*]{2}.+:[*]{2}", line)]
    if headings != list(expected.sections):
        yield expected.sections, headings, "its sections are not those that are due"
        return
    opening = " ".join(lines[1 : lines.index(headings[0])])
    if not re.search(rf"\b{expected.opening}\b", opening, re.IGNORECASE):
        yield expected.opening, opening.strip(), "the opening does not say how it stands"
    metrics = [line for line in _below(lines, headings, 0) if line]
    if len(metrics) != len(expected.figures):
        yield len(expected.figures), len(metrics), "there is one line for each metric"
    for line, (values, percents) in zip(metrics, expected.figures, strict=False):
        if not {*re.findall(r"\d+\.\d+", line)} & {*values} or not {*re.findall(r"\d+%", line)} & {*percents}:
            yield f"{values[0]} and {percents[0]}", line, "the metric is not what the stored executions give"
    if expected.questions:
        yield from _finding_faults(expected, [line for line in _below(lines, headings, 1) if line])
    conclusion = " ".join(_below(lines, headings, -1)).strip()
    if conclusion != expected.conclusion:
        yield expected.conclusion, conclusion, "another conclusion follows from the analysis"


def _finding_faults(expected: Summary, lines: Sequence[str]) -> Iterator[tuple[object, object, str]]:
    listed = tuple(_listed(lines, expected.questions))
    if listed != expected.findings:
        yield expected.findings, listed, "the findings are not those of the worst differences"
    due = expected.dimensions + len(expected.findings) + (expected.more > 0)
    if len(lines) != due:
        yield due, len(lines), "there is a line for each dimension, each worst difference, and what is left out"
    elif expected.more and not re.search(rf"\b{expected.more}\b", lines[-1]):
        yield expected.more, lines[-1], "it is not said how many more there are"


def _listed(lines: Sequence[str], questions: Collection[str]) -> Iterator[tuple[str, str]]:
    """The severity and the question of each line that names a question."""
    for line in lines:
        named = [question for question in questions if re.search(rf"(?<!\w){re.escape(question)}(?!\w)", line)]
        severities = re.findall(r"\b(?:critical|high|medium|low)\b", line, re.IGNORECASE)
        if named:
            yield (severities[0].lower() if severities else ""), max(named, key=len)


def _below(lines: list[str], headings: list[str], number: int) -> list[str]:
    """The lines of a section."""
    begin = lines.index(headings[number]) + 1
    ends = [place for place in (lines.index(heading) for heading in headings) if place >= begin]
    return lines[begin : min(ends, default=len(lines))]
