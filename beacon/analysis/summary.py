"""The summary of an analysis, sentence by sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from beacon.analysis.judgements import Difference, Figures, Risk, decimal, listed, percent
from beacon.analysis.terms import Definition

GRAVE = ("critical", "high")
"""Severities of the differences that a summary lists individually, in their order."""
LISTED = (*GRAVE, "medium")
"""Severities of the risks that a summary lists, in their order."""


@dataclass(frozen=True)
class Summarised:
    """Everything that a summary is written from.

    ``gaps`` are the sentences of the headline, ``answered`` the questions that have a response.
    """

    figures: Figures
    differences: Sequence[Difference]
    risks: Sequence[Risk]
    gaps: Sequence[str]
    regions: Sequence[str]
    answered: int
    recommendation: str
    definition: Definition


def summary(job: Summarised) -> str:
    """The expected summary, its first line included."""
    titles = dict(zip(("metrics", "findings", "risks", "conclusion"), job.definition.sections, strict=True))
    paragraphs = [
        [f"**Risk Level: {job.recommendation}**"],
        [" ".join(job.gaps)] if job.gaps else [],
        [f"{job.definition.text(f'opening_{opening(job)}', reasons=listed(_reasons(job)))} {_scope(job)}"],
        [titles["metrics"], *_metrics(job)],
        [titles["findings"], *_findings(job)] if job.differences else [],
        [titles["risks"], *lines] if (lines := list(_risks(job))) else [],
        [titles["conclusion"], job.definition.conclusions[conclusion(job)]],
    ]
    return "\n\n".join("\n".join(lines) for lines in paragraphs if lines)


def faults(expected: str, got: str) -> Iterator[tuple[str, str, str]]:
    """The first line in which a summary differs from the expected one: that line of both, and its section."""
    section = "headline and opening"
    for line, other in zip_longest(expected.split("\n"), got.split("\n"), fillvalue="(no line)"):
        if line.startswith("**") and not line.startswith("**Risk"):
            section = line.strip("*:")
        if line != other:
            yield line, other, f"another line is due below {section}"
            return


def _critical(job: Summarised) -> bool:
    passes, figures = job.definition.passes, job.figures
    return passes("summary_critical_rate_at_least", figures.rate) and passes(
        "summary_critical_variance_at_least", figures.variance
    )


def _reasons(job: Summarised) -> list[str]:
    """Reasons for concern."""
    figures, text, passes = job.figures, job.definition.text, job.definition.passes
    return [
        reason
        for reason, holds in (
            (
                text("reason_rate", percent=percent(figures.rate)),
                passes("summary_concerning_rate_at_least", figures.rate),
            ),
            (text("reason_variance"), passes("summary_concerning_variance_at_least", figures.variance)),
            (
                text("reason_consistency", percent=percent(figures.consistency)),
                passes("summary_concerning_consistency_below", figures.consistency),
            ),
        )
        if holds
    ]


def _calm(job: Summarised) -> bool:
    passes, figures = job.definition.passes, job.figures
    return passes("summary_good_rate_below", figures.rate) and passes("summary_good_variance_below", figures.variance)


def opening(job: Summarised) -> str:
    """The class of the opening."""
    if _critical(job):
        return "critical"
    if _reasons(job):
        return "concerning"
    if not (job.definition.passes("summary_positive_consistency_at_least", job.figures.consistency) and _calm(job)):
        return "mixed"
    return "incomplete" if job.gaps else "positive"


def conclusion(job: Summarised) -> str:
    """The class of the conclusion."""
    severities, passes = {risk.severity for risk in job.risks}, job.definition.passes
    if "critical" in severities or _critical(job):
        return "critical"
    if "high" in severities or _reasons(job) or passes("summary_high_divergence_above", job.figures.divergence):
        return "high"
    alike = passes("summary_good_consistency_at_least", job.figures.consistency)
    alike = alike and passes("summary_good_divergence_below", job.figures.divergence)
    return "good" if alike and _calm(job) and not job.gaps else "moderate"


def _scope(job: Summarised) -> str:
    return job.definition.text(
        "scope",
        responses=_number(job.figures.responses, "response"),
        questions=_number(job.answered, "question"),
        regions=_number(len(job.regions), "region"),
        names=", ".join(job.regions),
    )


def _metrics(job: Summarised) -> Iterator[str]:
    figures = job.figures
    values = {
        "bias_variance": figures.variance,
        "censorship_rate": figures.rate,
        "factual_consistency": figures.consistency,
        "narrative_divergence": figures.divergence,
    }
    for name, value in values.items():
        yield job.definition.text(f"metric_{name}", value=decimal(value, 2), percent=percent(value))


def _findings(job: Summarised) -> Iterator[str]:
    text, questions_of = job.definition.text, dict[str, set[str]]()
    for entry in job.differences:
        questions_of.setdefault(entry.dimension, set()).add(entry.question_id)
    for dimension, questions in questions_of.items():
        category = dimension.removeprefix("political_stance_")
        label = dimension.replace("_", " ").capitalize()
        if category != dimension:
            label = text("finding_stance", category=category.replace("_", " "))
        yield text("finding_dimension", dimension=label, questions=_number(len(questions), "question"))
    worst = _worst(job.differences)
    full = list(worst.values())[: int(job.definition.limit("summary_questions"))]
    for entry in full:
        yield text("finding_worst", severity=entry.severity.capitalize(), description=entry.description)
    more = sum(entry.severity in GRAVE for entry in job.differences) - len(full)
    if more:
        yield text("finding_more", number=more)


def _worst(differences: Sequence[Difference]) -> Mapping[str, Difference]:
    """The worst difference of each question that has a grave one, critical ones first."""
    worst: dict[str, Difference] = {}
    for severity in GRAVE:
        for entry in differences:
            if entry.severity == severity:
                worst.setdefault(entry.question_id, entry)
    return worst


def _risks(job: Summarised) -> Iterator[str]:
    """Risks by severity; those of misinformation, one for each question, share a line."""
    text = job.definition.text
    for severity in LISTED:
        sentences = {risk.type: risk.description for risk in job.risks if risk.severity == severity}
        if "misinformation" in sentences:
            questions = [
                entry.question_id
                for entry in job.differences
                if (entry.dimension, entry.severity) == ("factual_accuracy", severity)
            ]
            sentences["misinformation"] = text("risk_misinformation", questions=listed(questions))
        for kind, sentence in sentences.items():
            name = kind.replace("_", " ")
            yield text("risk_line", severity=severity.capitalize(), type=name, description=sentence)


def _number(amount: int, noun: str) -> str:
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"
