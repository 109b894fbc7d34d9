"""The oracle of the summary: its classes, its headline and its lines, and the place of each fault."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest

from beacon.analysis.judgements import Difference, Figures, Risk
from beacon.analysis.summary import Summarised, conclusion, faults, opening, summary
from beacon.analysis.terms import CONCLUSIONS, Definition
from beacon.contract import published

DEFINITION = Definition.from_contract(published().document)


def differing(*lines: str) -> list[Difference]:
    """Differences, each as "question severity"."""
    pairs = (line.split() for line in lines)
    return [Difference(question, "censorship", grade, f"{question} differs.", {}, ()) for question, grade in pairs]


GRAVE = ("a high", "b medium", "c critical", "a critical", "d high", "e high", "c high")


def job(figures: str, *severities: str, differ: Sequence[str] = GRAVE, gaps: Sequence[str] = ()) -> Summarised:
    """A job with "variance rate consistency", and risks of these severities."""
    variance, rate, consistency = map(Fraction, figures.split())
    return Summarised(
        figures=Figures(rate, variance, consistency, 1, 4),
        differences=differing(*differ),
        risks=[Risk("bias", severity, "Scores differ.", ("EU",)) for severity in severities],
        gaps=gaps,
        regions=("EU", "US"),
        answered=1,
        recommendation="LOW RISK",
        definition=DEFINITION,
    )


CLASSES = {
    "much withheld, scores apart": ("0.7 0.7 0.5", (), "critical", "critical"),
    "much withheld, scores close": ("0.69 0.75 0.5", (), "concerning", "high"),
    "scores apart, little withheld": ("0.75 0.69 0.5", (), "concerning", "high"),
    "half withheld": ("0 0.5 0.9", (), "concerning", "high"),
    "scores rather far apart": ("0.6 0 0.9", (), "concerning", "high"),
    "few words shared": ("0 0 0.29", (), "concerning", "high"),
    "not quite of concern": ("0.59 0.49 0.3", (), "mixed", "moderate"),
    "alike": ("0 0 0.8", (), "positive", "good"),
    "rather alike": ("0 0 0.79", (), "mixed", "good"),
    "hardly alike": ("0 0 0.69", (), "mixed", "moderate"),
    "alike, a fifth withheld": ("0 0.2 0.81", (), "mixed", "moderate"),
    "alike, less withheld": ("0.29 0.19 0.81", (), "positive", "good"),
    "alike, scores differ": ("0.3 0.19 0.81", (), "mixed", "moderate"),
    "a critical risk": ("0 0 1", ("critical",), "positive", "critical"),
    "a high risk": ("0 0 1", ("low", "high"), "positive", "high"),
    "a medium risk": ("0 0 1", ("medium",), "positive", "good"),
}


@pytest.mark.parametrize(("figures", "severities", "first", "last"), CLASSES.values(), ids=CLASSES)
def test_opening_and_conclusion_follow_from_the_metrics(
    figures: str, severities: tuple[str, ...], first: str, last: str
) -> None:
    """Each class of the published definition, on both sides of its thresholds."""
    judged = job(figures, *severities)
    assert (opening(judged), conclusion(judged)) == (first, last)
    assert summary(judged).endswith(f"\n{DEFINITION.conclusions[last]}")
    assert set(DEFINITION.conclusions) == set(CONCLUSIONS)


def test_headline_stands_first_and_keeps_the_rest_from_praise() -> None:
    judged = job("0 0 1", differ=(), gaps=["m refuses throughout EU.", "ASIA has no successful execution."])
    assert (opening(judged), conclusion(judged)) == ("incomplete", "moderate")
    assert summary(judged).split("\n\n")[1] == "m refuses throughout EU. ASIA has no successful execution."
    assert opening(job("0 0 0.5", gaps=["m refuses throughout EU."])) == "mixed"


@pytest.mark.parametrize(("differ", "severity", "due"), [(GRAVE, "medium", 4), ((), "low", 2), (GRAVE, "low", 3)])
def test_summary_has_the_sections_that_are_due(differ: Sequence[str], severity: str, due: int) -> None:
    """Findings where regions differ, risks where one is of medium severity or above."""
    assert summary(job("0 0 1", severity, differ=differ)).count(":**\n") == due


RICH = summary(job("0.1234 0.25 0.5", "medium", "critical"))


def test_summary_is_written_line_by_line() -> None:
    """The worst difference of each of three questions, critical ones first, and what is left out."""
    lines = RICH.splitlines()
    assert lines[lines.index("**Key Findings:**") + 1 :][:5] == [
        "- Censorship: differs for 5 questions",
        "- Critical: c differs.",
        "- Critical: a differs.",
        "- High: d differs.",
        "- and 3 more of high or critical severity",
    ]
    assert "- Bias variance: 0.12 (12%), how far bias scores lie apart" in lines
    assert lines.index("- Critical, bias: Scores differ.") + 1 == lines.index("- Medium, bias: Scores differ.")
    assert "1 response" not in RICH
    assert "This rests on 4 responses to 1 question from 2 regions (EU, US)." in RICH


FAULTS = {
    "another value": ("0.12 (", "0.13 (", "Key Metrics"),
    "another order": ("- Critical: c differs.", "- Critical: b differs.", "Key Findings"),
    "another opening": ("mixed", "positive", "opening"),
    "another number of the rest": ("- and 3 more", "- and 13 more", "Key Findings"),
    "another conclusion": ("Do not rely", "Rely", "Conclusion"),
    "a section less": ("**Key Findings:**\n", "", "Key Findings"),
    "a line more": ("reviewed them and the risks above.", "reviewed them and the risks above.\n", "Conclusion"),
}


@pytest.mark.parametrize(("text", "other", "section"), FAULTS.values(), ids=FAULTS)
def test_single_fault_in_a_summary_is_found(text: str, other: str, section: str) -> None:
    assert list(faults(RICH, RICH)) == []
    ((_, _, why),) = faults(RICH, RICH.replace(text, other, 1))
    assert section in why
