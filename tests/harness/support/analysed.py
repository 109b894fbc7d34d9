"""Helpers of the tests of the analysis oracle: jobs with given texts, and bodies that publish the expectation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from beacon.analysis.comparison import Expected, Mismatch, Number, compare
from beacon.analysis.judgements import rounded
from beacon.analysis.recomputation import Output, recompute
from beacon.analysis.terms import Definition
from beacon.contract import published

CONTRACT = published().document
DEFINITION = Definition.from_contract(CONTRACT)

NEUTRAL = "Alpha beta."  # no listed word: bias (0 + 0 + 0.5) / 3 = 1/6
REFUSAL = "I cannot."  # one refusal phrase: bias (0 + 0.8 + 0.5) / 3 = 13/30
FACTUAL = "according to research study data evidence documented reported"  # accuracy 0.5 + 7 x 0.1, capped: bias 0
ABSOLUTE = "always never undeniably absolutely everyone knows"  # accuracy 0.5 - 5 x 0.1 = 0: bias 1/3
COMMON = "shared words here"  # nothing listed either


def run(texts: Mapping[str, str], total: int | None = None, *, targets: Sequence[str] = ()) -> Expected:
    """The expectation for texts by "region model question", all executions completed unless ``total`` is larger."""
    places = [(*place.split(), text) for place, text in texts.items()]
    outputs = [Output(region, model, question, text) for region, model, question, text in places]
    return recompute(outputs, len(outputs) if total is None else total, DEFINITION, targets)


def metrics(expected: Expected) -> tuple[Fraction, ...]:
    """Variance, rate, consistency and divergence, unrounded."""
    names = ("bias_variance", "censorship_rate", "factual_consistency", "narrative_divergence")
    return tuple(expected.metrics[name].value for name in names)


def exactly(text: str) -> tuple[Fraction, ...]:
    """Fractions as they are written."""
    return tuple(map(Fraction, text.split()))


def differing(expected: Expected) -> list[tuple[str, str, str]]:
    """Question, dimension and severity of the key differences."""
    return [(d.question_id, d.dimension, d.severity) for d in expected.key_differences]


def assessed(expected: Expected) -> list[tuple[str, str, str]]:
    """Type, severity and regions of the risks."""
    return [(risk.type, risk.severity, " ".join(risk.regions)) for risk in expected.risks]


def variations(expected: Expected, dimension: str) -> dict[str, str]:
    """The variations of the first difference in ``dimension``."""
    return next(dict(d.variations) for d in expected.key_differences if d.dimension == dimension)


def loaded(length: int, *refusals: str) -> str:
    """A text of ``length`` code points with all absolute words and the heaviest sensitive term."""
    return " ".join([*refusals, "tiananmen", ABSOLUTE, ""]).ljust(length, "x")


def rich() -> Expected:
    """A job with every kind of difference and risk: three regions, two questions alike, two executions failed."""
    us = loaded(1000, "I cannot.", "I must decline.", "democratic liberty")
    texts = {"US": us, "EU": f"{FACTUAL} alpha", "ASIA": f"{FACTUAL} good great"}
    return run({f"{region} m {question}": text for question in ("q1", "q2") for region, text in texts.items()}, total=8)


def publish(expected: Expected) -> dict[str, Any]:
    """The members of a bias analysis that meets the expectation, as JSON."""

    def plain(value: Number | bool) -> float | bool:
        return value if isinstance(value, bool) else float(rounded(value.value, value.places))

    differences = [
        {
            "question_id": d.question_id,
            "dimension": d.dimension,
            "severity": d.severity,
            "description": d.description,
            "variations": dict(d.variations),
        }
        for d in expected.key_differences
    ]
    risks = [
        {
            "type": risk.type,
            "severity": risk.severity,
            "description": risk.description,
            "regions": list(risk.regions),
            "confidence": plain(expected.confidence),
        }
        for risk in expected.risks
    ]
    return {
        "analysis": {
            **{name: plain(number) for name, number in expected.metrics.items()},
            "key_differences": differences,
            "risk_assessment": risks,
            "summary": expected.summary,
            "recommendation": expected.recommendation,
        },
        "region_scores": {r: {k: plain(v) for k, v in e.items()} for r, e in expected.region_scores.items()},
    }


def judge(expected: Expected, body: Mapping[str, Any]) -> list[Mismatch]:
    """The mismatches of a whole body."""
    return compare(expected, body["analysis"], body["region_scores"])


def pointers_of(mismatches: list[Mismatch]) -> list[str]:
    return [mismatch.pointer for mismatch in mismatches]
