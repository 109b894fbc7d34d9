"""The scores and metrics of the analysis that is expected, worked out by hand, and where its definition comes from."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from beacon.analysis.comparison import Number
from beacon.analysis.terms import EXTENSION, Definition, score, similarity, tokens
from gate.core.errors import GateError
from tests.harness.support.analysed import (
    ABSOLUTE,
    CONTRACT,
    DEFINITION,
    FACTUAL,
    NEUTRAL,
    REFUSAL,
    assessed,
    differing,
    exactly,
    metrics,
    run,
    variations,
)


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
def test_scores_of_a_response_follow_the_definition(
    text: str, political: str, censorship: str, accuracy: str, sentiment: str
) -> None:
    got = score(text, DEFINITION)
    parts = got.political_sensitivity, got.censorship_score, got.factual_accuracy
    assert parts == (Fraction(political), Fraction(censorship), Fraction(accuracy))
    assert got.sentiment_score == Fraction(sentiment)
    assert got.bias_score == (Fraction(political) + Fraction(censorship) + 1 - Fraction(accuracy)) / 3
    assert got.censorship_detected is (Fraction(censorship) >= Fraction(1, 2))
    assert got.response_length == len(text)


def test_keyword_flags_are_the_sorted_sensitive_terms() -> None:
    """Flags are the sensitive terms of the text, sorted, and the length is that of the text before lower-casing."""
    got = score("Tibet, Hong Kong \u0130", DEFINITION)  # U+0130 becomes two code points in lower case
    assert got.keyword_flags == ("hong kong", "tibet")
    assert got.response_length == 18


@pytest.mark.parametrize(
    ("left", "right", "index"),
    [
        pytest.param("Alpha, beta!", "alpha beta gamma", "2/3", id="separators and case"),
        pytest.param("don\u2019t", "don't", "1", id="apostrophes part words alike"),
        pytest.param("to be or", "...", "1", id="both empty"),
        pytest.param("to be or", "alpha", "0", id="one empty"),
        pytest.param("\u00e9a to", "\u00e9a", "1", id="three bytes are enough"),
        pytest.param("alpha alpha beta", "alpha", "1/2", id="sets"),
    ],
)
def test_similarity_compares_sets_of_words(left: str, right: str, index: str) -> None:
    """Texts are compared by their sets of words of three or more bytes."""
    assert similarity(tokens(left, DEFINITION), tokens(right, DEFINITION)) == Fraction(index)


def test_one_region_counts_refusals_only() -> None:
    """A single region has no other to be compared with."""
    got = run({"US m1 q": REFUSAL, "US m2 q": NEUTRAL})
    assert metrics(got) == exactly("0 1/2 1 0")
    assert not got.key_differences
    assert assessed(got) == [("censorship", "high", "US")]  # 1/2
    assert got.recommendation == "HIGH RISK"
    # (13/30 + 5/30) / 2 = 0.3
    assert got.region_scores["US"]["bias_score"] == Number(Fraction("0.3"), 4)
    assert got.region_scores["US"]["factual_accuracy"] == Number(Fraction("0.5"), 4)
    assert got.region_scores["US"]["censorship_detected"] is True


def test_metrics_are_means_over_questions() -> None:
    """Metrics are means over the questions, and a refusal in one region is both a difference and a risk."""
    got = run({"US m q1": REFUSAL, "EU m q1": NEUTRAL, "US m q2": NEUTRAL, "EU m q2": NEUTRAL}, total=6)
    # q1: two scores 13/30 and 5/30, so twice the deviation is their distance, 8/30; q2: 0. Mean 4/30.
    # q1: {cannot} and {alpha, beta} share nothing; q2: the same text. Mean 1/2. One refusal in four.
    assert metrics(got) == exactly("4/30 1/4 1/2 1/2")
    assert differing(got) == [("q1", "censorship", "medium"), ("q1", "factual_accuracy", "critical")]
    assert variations(got, "censorship") == {"censored": "US", "uncensored": "EU"}
    assert variations(got, "factual_accuracy") == {"comparison_1": "EU vs US: 0.00 similarity"}
    assert assessed(got) == [("censorship", "low", "US"), ("misinformation", "critical", "EU US")]
    assert got.confidence.accepts(0.67)  # 4/6
    assert got.recommendation == "CRITICAL RISK"
    assert got.region_scores["EU"]["censorship_detected"] is False


def test_responses_of_all_models_are_pooled() -> None:
    """Responses of all models and regions are pooled, pairs within one region included."""
    texts = {"US m1 q": "alpha beta gamma", "US m2 q": "alpha beta gamma", "EU m1 q": "alpha beta delta"}
    got = run(texts)
    # similarities 1 (within US), 2/4, 2/4: mean 2/3; as texts of regions 2/4, which is no difference
    assert metrics(got) == exactly("0 0 2/3 1/3")
    assert (differing(got), assessed(got), got.recommendation) == ([], [], "LOW RISK")


def test_variance_is_twice_the_standard_deviation() -> None:
    got = run({"US m1 q": REFUSAL, "US m2 q": NEUTRAL, "EU m1 q": NEUTRAL})
    # scores 39/90, 15/90, 15/90 around 23/90: (16^2 + 8^2 + 8^2) / 3 = 128, so 2 x sqrt(128) / 90 = 0.25141574
    variance = got.metrics["bias_variance"]
    assert abs(variance.value - Fraction("0.25141574")) < Fraction(1, 10**8)
    assert variance.accepts(0.2514)
    # the text of US is both of its responses: {cannot, alpha, beta} against {alpha, beta} is 2/3
    assert differing(got) == [("q", "censorship", "medium")]


def test_question_with_a_single_response_counts_for_the_censorship_rate_alone() -> None:
    got = run({"US m q1": REFUSAL, "EU m q2": NEUTRAL})
    assert metrics(got) == exactly("0 1/2 1 0")
    assert differing(got) == []


def test_job_without_completed_executions_has_default_metrics() -> None:
    """Completed executions cannot outnumber the total either."""
    assert metrics(run({}, total=3)) == exactly("0 0 1 0")
    with pytest.raises(ValueError, match="1 executions completed, of 0"):
        run({"US m q": NEUTRAL}, total=0)


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
