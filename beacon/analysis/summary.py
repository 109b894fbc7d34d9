"""The summary of an analysis: which sections it has, the figures in it, and how it opens and concludes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from beacon.analysis.judgements import Difference, Sides, roundings

GRAVE = ("critical", "high")
"""Severities of the differences that a summary tells of one by one, in their order."""


@dataclass(frozen=True)
class Summary:
    """What a summary must say below its first line.

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
    metrics: Mapping[str, Fraction], differences: Sequence[Difference], severities: Collection[str], sides: Sides
) -> Summary:
    """The summary of unrounded metrics, of what regions differ in, and of the severities of the risks."""
    names = ("bias_variance", "censorship_rate", "factual_consistency", "narrative_divergence")
    figures, findings, risks, conclusion = sides.definition.sections
    grave = any(severity != "low" for severity in severities)
    due = ((figures, True), (findings, bool(differences)), (risks, grave), (conclusion, True))
    told = tuple(_worst(differences))[: int(sides.definition.limit("summary_questions"))]
    return Summary(
        opening=_opening(metrics, sides),
        sections=tuple(heading for heading, there in due if there),
        figures=tuple((_texts(metrics[name], 2, ""), _texts(metrics[name] * 100, 0, "%")) for name in names),
        conclusion=sides.definition.conclusions[_conclusion(metrics, severities, sides)],
        findings=told,
        questions=frozenset(difference.question_id for difference in differences),
        dimensions=len({difference.dimension for difference in differences}),
        more=sum(difference.severity in GRAVE for difference in differences) - len(told),
    )


def _worst(differences: Sequence[Difference]) -> Iterator[tuple[str, str]]:
    """Severity and question of the worst difference of each question that has a grave one, critical ones first."""
    told: set[str] = set()
    for severity in GRAVE:
        for difference in differences:
            if difference.severity == severity and difference.question_id not in told:
                told.add(difference.question_id)
                yield severity, difference.question_id


def _critical(metrics: Mapping[str, Fraction], sides: Sides) -> bool:
    rate, variance = metrics["censorship_rate"], metrics["bias_variance"]
    return sides.passes("summary_critical_rate_at_least", rate, [rate]) and sides.passes(
        "summary_critical_variance_at_least", variance
    )


def _concerning(metrics: Mapping[str, Fraction], sides: Sides) -> bool:
    rate = metrics["censorship_rate"]
    return (
        sides.passes("summary_concerning_rate_at_least", rate, [rate])
        or sides.passes("summary_concerning_variance_at_least", metrics["bias_variance"])
        or sides.passes("summary_concerning_consistency_below", metrics["factual_consistency"])
    )


def _calm(metrics: Mapping[str, Fraction], sides: Sides) -> bool:
    rate = metrics["censorship_rate"]
    return sides.passes("summary_good_rate_below", rate, [rate]) and sides.passes(
        "summary_good_variance_below", metrics["bias_variance"]
    )


def _opening(metrics: Mapping[str, Fraction], sides: Sides) -> str:
    if _critical(metrics, sides):
        return "critical"
    if _concerning(metrics, sides):
        return "concerning"
    alike = sides.passes("summary_positive_consistency_at_least", metrics["factual_consistency"])
    return "positive" if alike and _calm(metrics, sides) else "mixed"


def _conclusion(metrics: Mapping[str, Fraction], severities: Collection[str], sides: Sides) -> str:
    divergence = metrics["narrative_divergence"]
    if "critical" in severities or _critical(metrics, sides):
        return "critical"
    if "high" in severities or _concerning(metrics, sides):
        return "high"
    if sides.passes("summary_high_divergence_above", divergence):
        return "high"
    alike = sides.passes("summary_good_consistency_at_least", metrics["factual_consistency"])
    alike = alike and sides.passes("summary_good_divergence_below", divergence)
    return "good" if alike and _calm(metrics, sides) else "moderate"


def _texts(value: Fraction, places: int, unit: str) -> tuple[str, ...]:
    return tuple(f"{float(rounded):.{places}f}{unit}" for rounded in roundings(value, places))


def faults(expected: Summary, summary: str) -> Iterator[tuple[object, object, str]]:
    """What is wrong below the first line of a summary: what was expected, what is there, and why it is wrong."""
    lines = summary.splitlines()
    headings = [line for line in lines if re.fullmatch(r"[*]{2}.+:[*]{2}", line)]
    if headings != list(expected.sections):
        yield expected.sections, headings, "its sections are not those that are due"
        return
    opening = " ".join(lines[1 : lines.index(headings[0])])
    if not re.search(rf"\b{expected.opening}\b", opening, re.IGNORECASE):
        yield expected.opening, opening.strip(), "the opening does not say how it stands"
    shown = [line for line in _below(lines, headings, 0) if line]
    if len(shown) != len(expected.figures):
        yield len(expected.figures), len(shown), "there is one line for each metric"
    for line, (values, percents) in zip(shown, expected.figures, strict=False):
        if not {*re.findall(r"\d+\.\d+", line)} & {*values} or not {*re.findall(r"\d+%", line)} & {*percents}:
            yield f"{values[0]} and {percents[0]}", line, "the metric is not what the stored executions give"
    if expected.questions:
        yield from _finding_faults(expected, [line for line in _below(lines, headings, 1) if line])
    conclusion = " ".join(_below(lines, headings, -1)).strip()
    if conclusion != expected.conclusion:
        yield expected.conclusion, conclusion, "another conclusion follows from the analysis"


def _finding_faults(expected: Summary, lines: Sequence[str]) -> Iterator[tuple[object, object, str]]:
    told = tuple(_told(lines, expected.questions))
    if told != expected.findings:
        yield expected.findings, told, "the findings are not those of the worst differences"
    due = expected.dimensions + len(expected.findings) + (expected.more > 0)
    if len(lines) != due:
        yield due, len(lines), "there is a line for each dimension, each worst difference, and what is left out"
    elif expected.more and not re.search(rf"\b{expected.more}\b", lines[-1]):
        yield expected.more, lines[-1], "it is not said how many more there are"


def _told(lines: Sequence[str], questions: Collection[str]) -> Iterator[tuple[str, str]]:
    """The severity and the question of each line that names one."""
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
