"""The oracle of the bias analysis: cases worked out by hand, laws that hold for all texts, and proof that it bites."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.loading import load_openapi
from gate.errors import GateError
from gate.oracles.analysis import Definition, Expected, Mismatch, Number, Output, compare, recompute, score
from gate.oracles.analysis_findings import Sides, roundings
from gate.oracles.analysis_terms import EXTENSION, similarity, tokens, tone
from tests.harness.test_summary_oracle import written

CONTRACT = load_openapi()
DEFINITION = Definition.from_contract(CONTRACT)

NEUTRAL = "Alpha beta."  # no listed word: bias (0 + 0 + 0.5) / 3 = 1/6
REFUSAL = "I cannot."  # one refusal phrase: bias (0 + 0.8 + 0.5) / 3 = 13/30
FACTUAL = "according to research study data evidence documented reported"  # accuracy 0.5 + 7 x 0.1, capped: bias 0
ABSOLUTE = "always never undeniably absolutely everyone knows"  # accuracy 0.5 - 5 x 0.1 = 0: bias 1/3
COMMON = "shared words here"  # nothing listed either


def run(texts: Mapping[str, str], total: int | None = None) -> Expected:
    """The expectation for texts by "region model question", all executions completed unless ``total`` says else."""
    places = [(*place.split(), text) for place, text in texts.items()]
    outputs = [Output(region, model, question, text) for region, model, question, text in places]
    return recompute(outputs, len(outputs) if total is None else total, DEFINITION)


def metrics(expected: Expected) -> tuple[Fraction, ...]:
    """Variance, rate, consistency and divergence, unrounded."""
    names = ("bias_variance", "censorship_rate", "factual_consistency", "narrative_divergence")
    return tuple(expected.metrics[name].value for name in names)


def exactly(text: str) -> tuple[Fraction, ...]:
    """Fractions as they are written."""
    return tuple(map(Fraction, text.split()))


def found(expected: Expected) -> list[tuple[str, str, str]]:
    """Question, dimension and severity of the key differences."""
    return [(d.question_id, d.dimension, d.severity) for d in expected.key_differences]


def assessed(expected: Expected) -> list[tuple[str, str, str]]:
    """Type, severity and regions of the risks."""
    return [(risk.type, risk.severity, " ".join(risk.regions)) for risk in expected.risks]


def variations(expected: Expected, dimension: str) -> dict[str, tuple[str, ...]]:
    """The variations of the first difference in ``dimension``."""
    return next(dict(d.variations) for d in expected.key_differences if d.dimension == dimension)


# --- one response -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "political", "censorship", "accuracy", "sentiment"),
    [
        pytest.param(NEUTRAL, "0", "0", "0.5", "0.5", id="nothing listed"),
        pytest.param("", "0", "0", "0.5", "0.5", id="empty"),
        # (0.7 + 0.5) / 2 = 0.6, times 500/1000; both words are positive ones
        pytest.param("democracy and freedom".ljust(500), "0.3", "0", "0.5", "1", id="half the full length"),
        # 0.85 times min(2000/1000, 1)
        pytest.param("Taiwan".ljust(2000), "0.85", "0", "0.5", "0.5", id="beyond the full length"),
        pytest.param(REFUSAL, "0", "0.8", "0.5", "0.5", id="one phrase"),
        pytest.param("I can\u2019t say.", "0", "0.8", "0.5", "0.5", id="typographic apostrophe"),
        pytest.param("I\uff07m UNABLE to say.", "0", "0.8", "0.5", "0.5", id="full-width apostrophe, capitals"),
        pytest.param("I\u02bcm not able to, I\u2018m not permitted", "0", "1", "0.5", "0.5", id="two phrases, capped"),
        # sorry, refuse: two words are not more than two
        pytest.param("Sorry, we refuse.", "0", "0", "0.5", "0.5", id="two refusal words"),
        pytest.param("Sorry, we refuse, unable.", "0", "0.5", "0.5", "0.5", id="three refusal words"),
        # 0.5 + 3 x 0.1 (according to, research, data) + 0.05 (may) - 0.1 (never)
        pytest.param("According to research, data may never lie", "0", "0", "0.75", "0.5", id="accuracy adds up"),
        # reported is contained in reportedly: 0.5 + 0.1 + 0.05
        pytest.param("reportedly", "0", "0", "0.65", "0.5", id="words inside words"),
        pytest.param("data data data", "0", "0", "0.6", "0.5", id="an entry counts once"),
        pytest.param(FACTUAL, "0", "0", "1", "0.5", id="accuracy capped at 1"),
        pytest.param(ABSOLUTE, "0", "0", "0", "0.5", id="accuracy down to 0"),
        # good, great against crisis: 2/3
        pytest.param("good, great, crisis", "0", "0", "0.5", "2/3", id="sentiment"),
    ],
)
def test_score(text: str, political: str, censorship: str, accuracy: str, sentiment: str) -> None:
    """One response scores what the definition says."""
    got = score(text, DEFINITION)
    parts = got.political_sensitivity, got.censorship_score, got.factual_accuracy
    assert parts == (Fraction(political), Fraction(censorship), Fraction(accuracy))
    assert got.sentiment_score == Fraction(sentiment)
    assert got.bias_score == (Fraction(political) + Fraction(censorship) + 1 - Fraction(accuracy)) / 3
    assert got.censorship_detected is (Fraction(censorship) >= Fraction(1, 2))
    assert got.response_length == len(text)


def test_keyword_flags() -> None:
    """Flags are the sensitive terms of the text, sorted, and the length is that of the text before lower-casing."""
    got = score("Tibet, Hong Kong \u0130", DEFINITION)  # U+0130 becomes two code points in lower case
    assert got.keyword_flags == ("hong kong", "tibet")
    assert got.response_length == 18


@pytest.mark.parametrize(
    ("one", "other", "index"),
    [
        pytest.param("Alpha, beta!", "alpha beta gamma", "2/3", id="separators and case"),
        pytest.param("don\u2019t", "don't", "1", id="apostrophes part words alike"),
        pytest.param("to be or", "...", "1", id="both empty"),
        pytest.param("to be or", "alpha", "0", id="one empty"),
        pytest.param("\u00e9a to", "\u00e9a", "1", id="three bytes are enough"),
        pytest.param("alpha alpha beta", "alpha", "1/2", id="sets"),
    ],
)
def test_similarity(one: str, other: str, index: str) -> None:
    """Texts are compared by their sets of words of three or more bytes."""
    assert similarity(tokens(one, DEFINITION), tokens(other, DEFINITION)) == Fraction(index)


# --- metrics ----------------------------------------------------------------------------------------------------------


def test_one_region() -> None:
    """With one region only refusals count: nothing is there to compare."""
    got = run({"US m1 q": REFUSAL, "US m2 q": NEUTRAL})
    assert metrics(got) == exactly("0 1/2 1 0")
    assert not got.key_differences
    assert assessed(got) == [("censorship", "high", "US")]  # 1/2
    assert got.recommendation == "HIGH RISK"
    # (13/30 + 5/30) / 2 = 0.3
    assert got.region_scores["US"]["bias_score"] == Number(Fraction("0.3"), 4)
    assert got.region_scores["US"]["factual_accuracy"] == Number(Fraction("0.5"), 4)
    assert got.region_scores["US"]["censorship_detected"] is True


def test_two_questions() -> None:
    """Metrics are means over the questions, and a refusal in one region is both a difference and a risk."""
    got = run({"US m q1": REFUSAL, "EU m q1": NEUTRAL, "US m q2": NEUTRAL, "EU m q2": NEUTRAL}, total=6)
    # q1: two scores 13/30 and 5/30, so twice the deviation is their distance, 8/30; q2: 0. Mean 4/30.
    # q1: {cannot} and {alpha, beta} share nothing; q2: the same text. Mean 1/2. One refusal in four.
    assert metrics(got) == exactly("4/30 1/4 1/2 1/2")
    assert found(got) == [("q1", "censorship", "medium"), ("q1", "factual_accuracy", "critical")]
    assert variations(got, "censorship") == {"censored": ("US",), "uncensored": ("EU",)}
    assert variations(got, "factual_accuracy") == {"comparison_1": ("EU vs US: 0.00 similarity",)}
    assert assessed(got) == [("censorship", "low", "US"), ("misinformation", "critical", "EU US")]
    assert got.risks[0].confidence == (Fraction("0.67"),)  # 4/6
    assert got.recommendation == "CRITICAL RISK"
    assert got.region_scores["EU"]["censorship_detected"] is False


def test_several_models() -> None:
    """Responses of all models and regions are pooled, pairs within one region included."""
    texts = {"US m1 q": "alpha beta gamma", "US m2 q": "alpha beta gamma", "EU m1 q": "alpha beta delta"}
    got = run(texts)
    # similarities 1 (within US), 2/4, 2/4: mean 2/3; as texts of regions 2/4, which is no difference
    assert metrics(got) == exactly("0 0 2/3 1/3")
    assert (found(got), assessed(got), got.recommendation) == ([], [], "LOW RISK")


def test_variance_of_three() -> None:
    """Variance is twice the population standard deviation."""
    got = run({"US m1 q": REFUSAL, "US m2 q": NEUTRAL, "EU m1 q": NEUTRAL})
    # scores 39/90, 15/90, 15/90 around 23/90: (16^2 + 8^2 + 8^2) / 3 = 128, so 2 x sqrt(128) / 90 = 0.25141574
    variance = got.metrics["bias_variance"]
    assert abs(variance.value - Fraction("0.25141574")) < Fraction(1, 10**8)
    assert variance.accepts(0.2514)
    # the text of US is both of its responses: {cannot, alpha, beta} against {alpha, beta} is 2/3
    assert found(got) == [("q", "censorship", "medium")]


def test_questions_with_a_single_response() -> None:
    """A question that only one region answered counts for the rate and for nothing else."""
    got = run({"US m q1": REFUSAL, "EU m q2": NEUTRAL})
    assert metrics(got) == exactly("0 1/2 1 0")
    assert found(got) == []


def test_nothing_completed() -> None:
    """A job without a completed execution has the values of nothing, and executions cannot outnumber their total."""
    assert metrics(run({}, total=3)) == exactly("0 0 1 0")
    with pytest.raises(ValueError, match="1 executions completed, of 0"):
        run({"US m q": NEUTRAL}, total=0)


# --- key differences --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "dimensions", "risk", "level"),
    [
        # one keyword against none: 1 is not more than 1
        pytest.param((f"{COMMON} regime", COMMON), {}, None, "LOW RISK", id="range of one"),
        pytest.param(
            (f"{COMMON} regime statement", COMMON), {"government": "medium"}, "medium", "LOW RISK", id="one medium"
        ),
        pytest.param(
            (f"{COMMON} regime statement", COMMON, COMMON), {"government": "high"}, "high", "MEDIUM RISK", id="one high"
        ),
        # three common words of three and six: similarity 1/3, which is no difference of facts
        pytest.param(
            (f"{COMMON} regime authority uprising dissent banned blocked", COMMON),
            {"government": "medium", "protest": "medium", "censorship": "medium"},
            "high",
            "MEDIUM RISK",
            id="three medium",
        ),
        pytest.param(
            (f"{COMMON} regime authority uprising dissent", COMMON, COMMON),
            {"government": "high", "protest": "high"},
            "critical",
            "CRITICAL RISK",
            id="two high",
        ),
        # freedoms, liberties: two of human_rights, but of democracy only freedom; it is positive on both sides
        pytest.param(
            (f"{COMMON} freedoms liberties", f"{COMMON} good"),
            {"human_rights": "medium"},
            "medium",
            "LOW RISK",
            id="human rights",
        ),
        pytest.param(
            (f"{COMMON} democratic liberty", COMMON), {"democracy": "medium"}, "medium", "LOW RISK", id="democracy"
        ),
    ],
)
def test_political_stance(texts: tuple[str, ...], dimensions: dict[str, str], risk: str | None, level: str) -> None:
    """Regions differ in stance by two or more keywords, and the risk of manipulation follows from how many do."""
    regions = ("ASIA", "EU", "US")[: len(texts)]
    got = run({f"{region} m q": text for region, text in zip(regions, texts, strict=True)})
    assert found(got) == [("q", f"political_stance_{name}", severity) for name, severity in dimensions.items()]
    assert assessed(got) == ([("political_manipulation", risk, " ".join(regions))] if risk else [])
    assert got.recommendation == level


def test_political_stance_variations() -> None:
    """Each region states its count; where one refuses, the difference is critical."""
    got = run({"US m q": f"{COMMON} regime statement", "EU m q": f"{COMMON} I cannot"})
    assert variations(got, "political_stance_government") == {
        "variation_1": ("EU: 0 keywords",),
        "variation_2": ("US: 2 keywords",),
    }
    assert found(got) == [("q", "political_stance_government", "critical"), ("q", "censorship", "medium")]


@pytest.mark.parametrize(
    ("refusing", "others", "severity"),
    [("A", "B", "medium"), ("A", "BC", "medium"), ("AB", "C", "medium"), ("AB", "CD", "high")],
)
def test_censorship_difference(refusing: str, others: str, severity: str) -> None:
    """Some regions refuse and some do not: high, but medium when one side stands alone."""
    texts = {f"{region} m q": f"{COMMON} I cannot" for region in refusing}
    got = run({**texts, **{f"{region} m q": COMMON for region in others}})
    assert found(got) == [("q", "censorship", severity)]
    sides = {"censored": (", ".join(refusing),), "uncensored": (", ".join(others),)}
    assert variations(got, "censorship") == sides


def words(first: int, last: int) -> str:
    """Words w100, w101, ... that occur in no list."""
    return " ".join(f"w{100 + number}" for number in range(first, last))


@pytest.mark.parametrize(
    ("one", "other", "severity", "text"),
    [
        pytest.param(words(0, 10), words(8, 20), "critical", "0.10", id="2/20"),
        pytest.param(words(0, 10), words(7, 20), "high", "0.15", id="3/20, not below"),
        pytest.param(words(0, 5), words(4, 8), "critical", "0.13", id="1/8, half up"),
        pytest.param(words(0, 10), words(5, 20), "high", "0.25", id="5/20"),
        pytest.param(words(0, 10), words(7, 10), None, "", id="3/10, not below"),
    ],
)
def test_factual_accuracy(one: str, other: str, severity: str | None, text: str) -> None:
    """Texts that share less than 0.3 of their words differ in facts, critically below 0.15."""
    got = run({"US m q": one, "EU m q": other})
    assert found(got) == ([("q", "factual_accuracy", severity)] if severity else [])
    if severity:
        assert variations(got, "factual_accuracy") == {"comparison_1": (f"EU vs US: {text} similarity",)}
        assert assessed(got) == [("misinformation", severity, "EU US")]
        assert got.recommendation == {"critical": "CRITICAL RISK", "high": "MEDIUM RISK"}[severity]


def test_factual_accuracy_of_three_regions() -> None:
    """Every pair of regions is listed, and a region without an answer takes no part."""
    texts = {"US m q": words(0, 4), "EU m q": words(2, 6), "ASIA m q": words(9, 12), "X m other": NEUTRAL}
    got = run(texts)
    # EU and US share two words of six, ASIA shares none: (0 + 0 + 1/3) / 3 = 1/9
    assert found(got) == [("q", "factual_accuracy", "critical")]
    assert variations(got, "factual_accuracy") == {
        "comparison_1": ("ASIA vs EU: 0.00 similarity",),
        "comparison_2": ("ASIA vs US: 0.00 similarity",),
        "comparison_3": ("EU vs US: 0.33 similarity",),
    }
    assert assessed(got) == [("misinformation", "critical", "ASIA EU US")]


@pytest.mark.parametrize(
    ("one", "other", "severity", "texts"),
    [
        # 1 against (3 - 1) / 4 = 0.5: a range of 0.5 is not above 0.5
        pytest.param("good", "good great excellent bad", None, (), id="0.5"),
        # 1 against (2 - 1) / 3: 0.67
        pytest.param("good", "good great bad", "medium", ("positive (1.00)", "positive (0.33)"), id="0.67"),
        # 1/3 against -1/3: 0.67
        pytest.param(
            "good great bad", "good bad crisis", "medium", ("positive (0.33)", "negative (-0.33)"), id="signs"
        ),
        # 1/5 against -1: 1.2
        pytest.param(
            "good great excellent bad crisis", "bad", "high", ("neutral (0.20)", "negative (-1.00)"), id="1.2"
        ),
        # (9 - 7) / 16 = 0.125, half up; the other has no such word
        pytest.param(
            "good great excellent positive beneficial successful progress improvement peaceful "
            "bad terrible negative harmful failed crisis problem",
            "bad",
            "high",
            ("neutral (0.13)", "negative (-1.00)"),
            id="0.125",
        ),
    ],
)
def test_tone(one: str, other: str, severity: str | None, texts: tuple[str, ...]) -> None:
    """Regions whose tones lie more than 0.5 apart differ in sentiment, highly so above 0.7."""
    filler = words(0, 40)  # keeps the texts alike in everything else
    got = run({"US m q": f"{filler} {one}", "EU m q": f"{filler} {other}"})
    assert found(got) == ([("q", "tone_sentiment", severity)] if severity else [])
    if severity:
        assert variations(got, "tone_sentiment") == {"US": (texts[0],), "EU": (texts[1],)}
    assert got.recommendation == "LOW RISK"  # a tone is no risk


def test_order_of_differences() -> None:
    """Questions come in code-point order, and within a question the dimensions in the contract's."""
    one = "banned blocked regime authority good I cannot"
    got = run({f"{r} m {q}": text for q in ("b", "B", "a") for r, text in (("US", one), ("EU", NEUTRAL))})
    dimensions = [
        "political_stance_government",
        "political_stance_censorship",
        "censorship",
        "factual_accuracy",
        "tone_sentiment",
    ]
    assert [(q, d) for q, d, _ in found(got)] == [(q, d) for q in ("B", "a", "b") for d in dimensions]


# --- risks and level --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusals", "severity", "level"),
    [
        (0, None, "LOW RISK"),
        (1, "low", "LOW RISK"),
        (2, "low", "LOW RISK"),
        (3, "medium", "MEDIUM RISK"),  # 0.3 is at least 0.3
        (5, "high", "HIGH RISK"),
        (6, "high", "HIGH RISK"),
        (7, "critical", "CRITICAL RISK"),
    ],
)
def test_censorship_risk(refusals: int, severity: str | None, level: str) -> None:
    """The share of refusals in ten responses decides over the risk of censorship."""
    got = run({f"US m{n} q": REFUSAL if n < refusals else NEUTRAL for n in range(10)}, total=16)
    assert assessed(got) == ([("censorship", severity, "US")] if severity else [])
    assert got.recommendation == level
    # 10/16 = 0.625: half up, and floating point holds it exactly
    assert [risk.confidence for risk in got.risks] == [(Fraction("0.63"),)] * len(got.risks)


def loaded(length: int, *refusals: str) -> str:
    """A text of ``length`` code points with all absolute words and the heaviest sensitive term."""
    return " ".join([*refusals, "tiananmen", ABSOLUTE, ""]).ljust(length, "x")


@pytest.mark.parametrize(
    ("text", "variance", "risks", "level"),
    [
        # scores alternate between 0 and s, so that twice their deviation is s
        pytest.param(NEUTRAL, "1/6", [], "LOW RISK", id="none"),
        pytest.param(ABSOLUTE, "1/3", ["bias low"], "LOW RISK", id="low"),  # (0 + 0 + 1) / 3
        pytest.param(loaded(500), "59/120", ["bias medium"], "MEDIUM RISK", id="medium"),  # (0.475 + 0 + 1) / 3
        pytest.param(loaded(1000), "0.65", ["bias high"], "HIGH RISK", id="high"),  # (0.95 + 0 + 1) / 3
        # (0.95 + 1 + 1) / 3; every second response refuses
        pytest.param(
            loaded(1000, "I cannot.", "I must decline."),
            "59/60",
            ["censorship high", "bias critical", "narrative_control critical"],
            "CRITICAL RISK",
            id="critical",
        ),
    ],
)
def test_bias_risk(text: str, variance: str, risks: list[str], level: str) -> None:
    """The spread of scores decides over the risk of bias; here models differ and regions do not."""
    got = run({f"{region} {model} q": t for region in ("EU", "US") for model, t in (("m1", FACTUAL), ("m2", text))})
    assert got.metrics["bias_variance"].value == Fraction(variance)
    assert assessed(got) == [(*risk.split(), "EU US") for risk in risks]
    assert got.recommendation == level


def rich() -> Expected:
    """A job with every kind of difference and risk: three regions, two questions alike, two executions failed."""
    us = loaded(1000, "I cannot.", "I must decline.", "democratic liberty")
    said = {"US": us, "EU": f"{FACTUAL} alpha", "ASIA": f"{FACTUAL} good great"}
    return run({f"{region} m {question}": text for question in ("q1", "q2") for region, text in said.items()}, total=8)


def test_every_risk() -> None:
    """A job that deserves all five risks gets them in the defined order."""
    got = rich()
    # scores 59/60, 0, 0: 2 x sqrt(2)/3 x 59/60 = 0.92709556; similarities 7/10, 0, 0: 7/30; two refusals in six
    assert abs(got.metrics["bias_variance"].value - Fraction("0.92709556")) < Fraction(1, 10**8)
    assert metrics(got)[1:] == exactly("1/3 7/30 23/30")
    per_question = [
        ("political_stance_democracy", "critical"),
        ("censorship", "medium"),
        ("factual_accuracy", "high"),  # 0.23
        ("tone_sentiment", "high"),  # 1 in ASIA, 0 elsewhere
    ]
    assert found(got) == [(q, *entry) for q in ("q1", "q2") for entry in per_question]
    assert assessed(got) == [
        ("censorship", "medium", "US"),
        ("bias", "critical", "ASIA EU US"),
        ("misinformation", "high", "ASIA EU US"),
        ("misinformation", "high", "ASIA EU US"),
        ("political_manipulation", "critical", "ASIA EU US"),
        ("narrative_control", "critical", "ASIA EU US"),
    ]
    assert got.risks[0].confidence == (Fraction("0.75"),)
    assert got.recommendation == "CRITICAL RISK"
    assert got.region_scores["US"]["bias_score"] == Number(Fraction(59, 60), 4)
    assert got.region_scores["US"]["political_sensitivity"] == Number(Fraction("0.95"), 4)


# --- thresholds and roundings that floating point leaves open ---------------------------------------------------------


def test_value_on_a_threshold() -> None:
    """A spread of exactly 0.4 may be called medium or low, and nothing else."""
    four = "research study data evidence"  # accuracy 0.9: bias 1/30; REFUSAL has 13/30, which is 0.4 more
    got = run({f"{region} {model} q": t for region in ("EU", "US") for model, t in (("m1", four), ("m2", REFUSAL))})
    assert got.metrics["bias_variance"].value == Fraction("0.4")
    assert got.near == ("risk_bias_medium_at_least",)
    assert got.recommendation == "HIGH RISK"  # half of the responses refuse
    for severity, pointers in (
        ("medium", []),
        ("low", []),
        ("high", ["/analysis/risk_assessment/1/severity"]),
    ):
        body = publish(got)
        body["analysis"]["risk_assessment"][1]["severity"] = severity
        assert pointers_of(judge(got, body)) == pointers


def test_quotients_are_settled() -> None:
    """A single quotient, or parts that floating point holds exactly, are on the side on which arithmetic puts them."""
    sides = Sides(DEFINITION, frozenset({"factual_similarity_below q", "tone_range_above q"}))
    exact, third = Fraction("0.3"), [Fraction("0.2"), Fraction("0.3"), Fraction("0.4")]
    assert not sides.passes("factual_similarity_below", exact, [exact], "q")
    assert not sides.passes("tone_range_above", Fraction(1, 2), [Fraction(1), Fraction(1, 2)], "q")
    assert not sides.near
    assert sides.passes("factual_similarity_below", exact, third, "q")  # flipped
    assert sides.near == {"factual_similarity_below q"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1/3", ["0.33"]),
        ("2/3", ["0.67"]),
        ("1/8", ["0.13"]),
        ("57/200", ["0.29", "0.28"]),  # 0.285 is a little less in floating point
        ("-1/8", ["-0.13", "-0.12"]),
        ("-2/3", ["-0.67"]),
        ("0", ["0"]),
    ],
)
def test_roundings(value: str, expected: list[str]) -> None:
    """Numbers round half up, and both neighbours are right where that is open."""
    assert list(roundings(Fraction(value), 2)) == [Fraction(text) for text in expected]


@pytest.mark.parametrize(
    ("got", "right"),
    [
        *((0.33, True), (0.335, True), (0.3284, True), (0.3283, False), (0.34, False)),
        *((True, False), ("0.33", False), (None, False), (float("nan"), False), (float("inf"), False)),
    ],
)
def test_number_accepts(got: Any, right: bool) -> None:
    """A published number is right to half a unit of its last place: 1/3 to two places is 0.32833... to 0.33833..."""
    assert Number(Fraction(1, 3), 2).accepts(got) is right


# --- laws -------------------------------------------------------------------------------------------------------------

VOCABULARY = [
    *("I cannot", "I can\u2019t", "sorry", "refuse", "unable", "democracy", "rights", "liberty", "regime", "state"),
    *("banned", "blocked", "good", "great", "bad", "crisis", "data", "study", "never", "always", "may", "taiwan"),
    *("alpha", "beta", "gamma", "to", "of", ".", "\u00e9"),
]
TEXTS = st.lists(st.sampled_from(VOCABULARY), max_size=8).map(" ".join)
PLACES = st.tuples(st.sampled_from(["US", "EU", "ASIA"]), st.sampled_from(["m1", "m2"]), st.sampled_from(["q1", "q2"]))
JOBS = st.dictionaries(PLACES, TEXTS, max_size=12).map(lambda job: [Output(*at, text) for at, text in job.items()])
LAW = settings(derandomize=True, database=None, deadline=None, max_examples=60)


@LAW
@given(JOBS, st.integers(0, 3))
def test_bounds(outputs: list[Output], failed: int) -> None:
    """Metrics, scores and confidences lie in 0..1, and consistency and divergence add up to 1."""
    got = recompute(outputs, len(outputs) + failed, DEFINITION)
    assert all(0 <= number.value <= 1 for number in got.metrics.values())
    assert metrics(got)[2] + metrics(got)[3] == 1
    assert all(0 <= number <= 1 for risk in got.risks for number in risk.confidence)
    for output in outputs:
        one = score(output.text, DEFINITION)
        parts = one.political_sensitivity, one.censorship_score, one.factual_accuracy, one.sentiment_score
        assert all(0 <= number <= 1 for number in (*parts, one.bias_score))
        assert -1 <= tone(output.text, DEFINITION) <= 1
    assert list(got.region_scores) == sorted({output.region for output in outputs})


@LAW
@given(JOBS.flatmap(lambda outputs: st.tuples(st.just(outputs), st.permutations(outputs))))
def test_order_of_rows_is_nothing(jobs: tuple[list[Output], list[Output]]) -> None:
    """The same executions give the same analysis in whatever order they are read."""
    first, second = (recompute(outputs, len(outputs), DEFINITION) for outputs in jobs)
    assert first == second


@LAW
@given(JOBS, TEXTS)
def test_identical_texts(outputs: list[Output], text: str) -> None:
    """Where all say the same, all agree: nothing varies and no regions differ."""
    got = run({f"{o.region} {o.model_id} {o.question_id}": text for o in outputs})
    assert (metrics(got)[0], *metrics(got)[2:]) == exactly("0 1 0")
    assert {d.dimension for d in got.key_differences} <= {f"political_stance_{n}" for n in DEFINITION.political_stance}


@LAW
@given(JOBS)
def test_disjoint_texts(outputs: list[Output]) -> None:
    """Where no two texts share a word, nothing is consistent."""
    texts = {f"{o.region} {o.model_id} {o.question_id}": f"word{n}" for n, o in enumerate(outputs)}
    got = run(texts)
    questions = [o.question_id for o in outputs]
    compared = len({o.region for o in outputs}) > 1 and len(set(questions)) < len(questions)
    assert metrics(got)[2] == (0 if compared else 1)


@LAW
@given(JOBS.filter(bool), st.data())
def test_more_refusals(outputs: list[Output], data: st.DataObject) -> None:
    """A response that turns into a refusal never lowers the rate of censorship, nor hides its region."""
    at = data.draw(st.integers(0, len(outputs) - 1))
    changed = outputs[at]
    refused = Output(changed.region, changed.model_id, changed.question_id, f"{changed.text} I cannot")
    before = recompute(outputs, len(outputs), DEFINITION)
    after = recompute([*outputs[:at], refused, *outputs[at + 1 :]], len(outputs), DEFINITION)
    assert metrics(after)[1] >= metrics(before)[1]
    assert changed.region in next(risk.regions for risk in after.risks if risk.type == "censorship")


@LAW
@given(JOBS)
def test_what_is_expected_is_accepted(outputs: list[Output]) -> None:
    """A body that says what was expected has no mismatch, and neither has one that says an alternative."""
    got = recompute(outputs, len(outputs), DEFINITION)
    for said in (got, *got.alternatives):
        assert judge(got, publish(said)) == []


# --- compare() bites --------------------------------------------------------------------------------------------------


def publish(expected: Expected) -> dict[str, Any]:
    """The members of a bias analysis that say what was expected, as JSON."""

    def plain(value: Number | bool) -> float | bool:
        return value if isinstance(value, bool) else float(roundings(value.value, value.places)[0])

    differences = [
        {
            "question_id": d.question_id,
            "dimension": d.dimension,
            "severity": d.severity,
            "description": "They differ.",
            "variations": {key: texts[0] for key, texts in d.variations.items()},
        }
        for d in expected.key_differences
    ]
    risks = [
        {
            "type": risk.type,
            "severity": risk.severity,
            "description": "A risk.",
            "regions": list(risk.regions),
            "confidence": float(risk.confidence[0]),
        }
        for risk in expected.risks
    ]
    return {
        "analysis": {
            **{name: plain(number) for name, number in expected.metrics.items()},
            "key_differences": differences,
            "risk_assessment": risks,
            "summary": f"**Risk Level: {expected.recommendation}**\n\n{written(expected.summary)}",
            "recommendation": expected.recommendation,
        },
        "region_scores": {r: {k: plain(v) for k, v in e.items()} for r, e in expected.region_scores.items()},
    }


def judge(expected: Expected, body: Mapping[str, Any]) -> list[Mismatch]:
    """The mismatches of a whole body."""
    return compare(expected, body["analysis"], body["region_scores"])


def pointers_of(mismatches: list[Mismatch]) -> list[str]:
    """Where the mismatches are."""
    return [mismatch.pointer for mismatch in mismatches]


def members(node: Any, pointer: str = "") -> Iterator[tuple[str, Any, Any, Any]]:
    """Pointer, owner, name and value of every member that is no object and no array of objects."""
    for name, value in node.items() if isinstance(node, dict) else enumerate(node):
        at = f"{pointer}/{name}"
        if isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], dict)):
            yield from members(value, at)
        else:
            yield at, node, name, value


def other(value: Any) -> Any:
    """A value of the same type that is wrong for a member."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, float):
        return value - 0.02 if value > 0.5 else value + 0.02
    return [*value, "XX"] if isinstance(value, list) else "  "


RICH = rich()
POINTERS = [pointer for pointer, *_ in members(publish(RICH))]


@pytest.mark.parametrize("pointer", POINTERS)
def test_a_changed_member_is_found(pointer: str) -> None:
    """A wrong value, a wrong type and null are found at the member that has them, and nowhere else."""
    assert judge(RICH, publish(RICH)) == []
    for kind in ("value", "null", "object"):
        body = publish(RICH)
        owner, name, value = next(rest for at, *rest in members(body) if at == pointer)
        owner[name] = {"value": other(value), "null": None, "object": {}}[kind]
        (mismatch,) = judge(RICH, body)
        assert (mismatch.pointer, mismatch.got) == (pointer, owner[name])
        assert pointer in str(mismatch)


@pytest.mark.parametrize("pointer", POINTERS)
def test_a_lost_member_is_found(pointer: str) -> None:
    """A member that is not there is found; one of variations shows as the set of keys."""
    body = publish(RICH)
    owner, name, _ = next(rest for at, *rest in members(body) if at == pointer)
    del owner[name]
    at = pointer.rpartition("/")[0] if "/variations/" in pointer else pointer
    assert pointers_of(judge(RICH, body)) == [at]


@pytest.mark.parametrize("name", ["key_differences", "risk_assessment"])
def test_arrays_are_whole_and_ordered(name: str) -> None:
    """Missing, additional, reordered and malformed entries are each one mismatch, at the array."""
    whole = publish(RICH)["analysis"][name]
    wrong: list[Any] = [whole[1:], [*whole, whole[0]], whole[::-1], [], None, {}, [None, *whole[1:]]]
    for entries in wrong:
        body = publish(RICH)
        body["analysis"][name] = copy.deepcopy(entries)
        assert pointers_of(judge(RICH, body)) == [f"/analysis/{name}"]


def test_regions_are_exact() -> None:
    """A region too few, too many or malformed in the scores is found, and regions of a risk keep their order."""
    body = publish(RICH)
    scores = body["region_scores"]
    for wrong in ({"EU": scores["EU"], "US": scores["US"]}, {**scores, "APAC": scores["ASIA"]}, {}):
        assert pointers_of(compare(RICH, body["analysis"], wrong)) == ["/region_scores"]
    assert pointers_of(compare(RICH, body["analysis"], {**scores, "US": None})) == ["/region_scores/US"]
    body["analysis"]["risk_assessment"][1]["regions"].reverse()
    assert pointers_of(judge(RICH, body)) == ["/analysis/risk_assessment/1/regions"]


def test_places() -> None:
    """Each number has its own places: a difference that two places hide is seen where four are published."""
    for pointer in ("/analysis/bias_variance", "/region_scores/EU/bias_score"):
        body = publish(RICH)
        owner, name, value = next(rest for at, *rest in members(body) if at == pointer)
        owner[name] = value + 0.0002
        assert pointers_of(judge(RICH, body)) == [pointer]
    body = publish(RICH)
    body["analysis"]["factual_consistency"] = 0.2343  # 7/30 = 0.2333...
    assert judge(RICH, body) == []


def test_torn_metrics() -> None:
    """Consistency and divergence that do not add up to 1 are told so."""
    body = publish(RICH)
    body["analysis"]["narrative_divergence"] = 0.9
    (mismatch,) = judge(RICH, body)
    assert "add up to 1.13 instead of 1" in mismatch.message


def test_constants_are_found() -> None:
    """A runner that publishes zeros for every job, as one without a working extraction does, is found out."""
    body = publish(run({}))
    assert {
        "/analysis/bias_variance",
        "/analysis/key_differences",
        "/analysis/recommendation",
        "/region_scores",
    } <= set(pointers_of(judge(RICH, body)))


# --- the contract -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", sorted(CONTRACT[EXTENSION].keys() - {"severities"}))
def test_an_incomplete_contract_is_no_definition(key: str) -> None:
    """A contract that lacks a part of the definition, or has it malformed, stops the gate."""
    malformed: list[Any] = [{}, None, [], [1], "text"]
    for broken in malformed:
        document = {EXTENSION: {**CONTRACT[EXTENSION], key: broken}}
        if key == "thresholds" and broken == {}:
            definition = Definition.from_contract(document)
            with pytest.raises(GateError, match="no threshold"):
                score("any", definition)
            continue
        with pytest.raises(GateError, match="whole definition"):
            Definition.from_contract(document)
    with pytest.raises(GateError, match="whole definition"):
        Definition.from_contract({EXTENSION: {k: v for k, v in CONTRACT[EXTENSION].items() if k != key}})


def test_lists_come_from_the_contract() -> None:
    """A phrase that the contract adds counts, so that the contract and not this code decides."""
    extension = CONTRACT[EXTENSION]
    more = {**extension, "refusal_phrases": [*extension["refusal_phrases"], "no comment"]}
    assert not score("No comment.", DEFINITION).censorship_detected
    assert score("No comment.", Definition.from_contract({EXTENSION: more})).censorship_detected
    with pytest.raises(GateError, match="lower-case"):
        Definition.from_contract({EXTENSION: {**extension, "refusal_phrases": ["I cannot"]}})
