"""The oracle of the summary: its opening, its conclusion and its parts, and a finding for each fault."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest

from beacon.analysis.judgements import Difference, Thresholds
from beacon.analysis.summary import Summary, faults, summarised
from beacon.analysis.terms import CONCLUSIONS, Definition
from beacon.contract import published

DEFINITION = Definition.from_contract(published().document)
FIRST = "**Risk Level: LOW RISK**"


def written(summary: Summary) -> str:
    """A summary as it has to be, below its first line."""
    below = dict.fromkeys(summary.sections, "- more")
    below[summary.sections[0]] = "\n".join(f"- a metric: {value[0]} ({part[0]})" for value, part in summary.figures)
    if summary.questions:
        lines = [f"- Dimension {number}: differs for some" for number in range(summary.dimensions)]
        lines += [
            f"- {severity.capitalize()}: regions differ in {question}." for severity, question in summary.findings
        ]
        below[summary.sections[1]] = "\n".join([*lines, *([f"- and {summary.more} more"] if summary.more else [])])
    below[summary.sections[-1]] = summary.conclusion
    sections = (f"{heading}\n{text}" for heading, text in below.items())
    return "\n\n".join((f"It is {summary.opening}.", *sections))


def differing(*lines: str) -> list[Difference]:
    """Differences, each as "question severity"."""
    pairs = (line.split() for line in lines)
    return [Difference(question, "censorship", severity, {}, ()) for question, severity in pairs]


GRAVE = ("a high", "b medium", "c critical", "a critical", "d high", "e high", "c high")


def expected(figures: str, *severities: str, differ: Sequence[str] = GRAVE) -> Summary:
    """The summary of "variance rate consistency" and of risks with these severities."""
    variance, rate, consistency = map(Fraction, figures.split())
    metrics = {
        "bias_variance": variance,
        "censorship_rate": rate,
        "factual_consistency": consistency,
        "narrative_divergence": 1 - consistency,
    }
    return summarised(metrics, differing(*differ), severities, Thresholds(DEFINITION))


CLASSES = {
    "much withheld, scores apart": ("0.75 0.75 0.5", (), "critical", "critical"),
    "much withheld, scores close": ("0.69 0.75 0.5", (), "concerning", "high"),
    "scores apart, little withheld": ("0.75 0.69 0.5", (), "concerning", "high"),
    "half withheld": ("0 0.5 0.9", (), "concerning", "high"),
    "scores rather far apart": ("0.61 0 0.9", (), "concerning", "high"),
    "few words shared": ("0 0 0.29", (), "concerning", "high"),
    "not quite of concern": ("0.59 0.49 0.31", (), "mixed", "moderate"),
    "alike": ("0 0 0.81", (), "positive", "good"),
    "rather alike": ("0 0 0.79", (), "mixed", "good"),
    "hardly alike": ("0 0 0.69", (), "mixed", "moderate"),
    "alike, a fifth withheld": ("0 0.2 0.81", (), "mixed", "moderate"),
    "alike, less withheld": ("0.29 0.19 0.81", (), "positive", "good"),
    "alike, scores differ": ("0.31 0.19 0.81", (), "mixed", "moderate"),
    "a critical risk": ("0 0 1", ("critical",), "positive", "critical"),
    "a high risk": ("0 0 1", ("low", "high"), "positive", "high"),
    "a medium risk": ("0 0 1", ("medium",), "positive", "good"),
}


@pytest.mark.parametrize(("figures", "severities", "opening", "conclusion"), CLASSES.values(), ids=CLASSES)
def test_opening_and_conclusion_follow_from_the_metrics(
    figures: str, severities: tuple[str, ...], opening: str, conclusion: str
) -> None:
    """Each class of the published definition, on both sides of its thresholds."""
    summary = expected(figures, *severities)
    assert (summary.opening, summary.conclusion) == (opening, DEFINITION.conclusions[conclusion])
    assert set(DEFINITION.conclusions) == set(CONCLUSIONS)


@pytest.mark.parametrize(("differ", "severity", "due"), [(GRAVE, "medium", 4), ((), "low", 2), (GRAVE, "low", 3)])
def test_summary_has_the_sections_that_are_due(differ: Sequence[str], severity: str, due: int) -> None:
    """Findings where regions differ, risks where one is of medium severity or above."""
    assert len(expected("0 0 1", severity, differ=differ).sections) == due


RICH = expected("0.1234 0.25 0.5", "medium")
FAULTS = {
    "no sections": (lambda text: text.partition("**")[0], "sections"),
    "a section less": (lambda text: text.replace("**Key Findings:**", ""), "sections"),
    "another opening": (lambda text: text.replace("mixed", "positive"), "opening"),
    "a word that contains it": (lambda text: text.replace("mixed", "unmixed"), "opening"),
    "a metric less": (lambda text: text.replace("- a metric: 0.25 (25%)\n", ""), "one line"),
    "another value": (lambda text: text.replace("0.12 ", "0.13 "), "metric is not"),
    "another percentage": (lambda text: text.replace("(12%)", "(1234%)"), "metric is not"),
    "more places": (lambda text: text.replace("0.12 ", "0.123 "), "metric is not"),
    "another severity": (
        lambda text: text.replace("- Critical: regions differ in a", "- High: regions differ in a"),
        "worst",
    ),
    "a question less": (lambda text: text.replace("- High: regions differ in d.", ""), "worst"),
    "another order": (lambda text: text.replace("in c.", "in X.").replace("in a.", "in c.").replace("X", "a"), "worst"),
    "a mild difference": (lambda text: text.replace("- Critical: regions differ in c", "- Medium: in b"), "worst"),
    "nothing of the rest": (lambda text: text.replace("\n- and 3 more", ""), "there is a line for each"),
    "another number of the rest": (lambda text: text.replace("- and 3 more", "- and 13 more"), "how many more"),
    "another conclusion": (lambda text: text.replace(RICH.conclusion, DEFINITION.conclusions["good"]), "conclusion"),
    "no conclusion": (lambda text: text.replace(RICH.conclusion, ""), "conclusion"),
}


def test_summary_as_it_has_to_be_has_no_fault() -> None:
    """A summary can be written to the expectation of the oracle."""
    assert list(faults(RICH, f"{FIRST}\n\n{written(RICH)}")) == []


@pytest.mark.parametrize(("change", "reason"), FAULTS.values(), ids=FAULTS)
def test_single_fault_in_a_summary_is_found(change: object, reason: str) -> None:
    assert callable(change)
    reported = list(faults(RICH, f"{FIRST}\n\n{change(written(RICH))}"))
    assert reason in " ".join(why for _, _, why in reported)
