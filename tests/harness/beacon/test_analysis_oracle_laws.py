"""Laws that hold for the expected analysis of all texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beacon.analysis.recomputation import Output, recompute
from beacon.analysis.terms import score, tone
from tests.harness.support.analysed import DEFINITION, exactly, judge, metrics, publish, run
from tests.harness.support.laws import LAW

VOCABULARY = [
    *("I cannot", "I can\u2019t", "sorry", "refuse", "unable", "democracy", "rights", "liberty", "regime", "state"),
    *("banned", "blocked", "good", "great", "bad", "crisis", "data", "study", "never", "always", "may", "taiwan"),
    *("alpha", "beta", "gamma", "to", "of", ".", "\u00e9"),
]
TEXTS = st.lists(st.sampled_from(VOCABULARY), max_size=8).map(" ".join)
PLACES = st.tuples(st.sampled_from(["US", "EU", "ASIA"]), st.sampled_from(["m1", "m2"]), st.sampled_from(["q1", "q2"]))
JOBS = st.dictionaries(PLACES, TEXTS, max_size=12).map(lambda job: [Output(*at, text) for at, text in job.items()])


@LAW
@given(JOBS, st.integers(0, 3))
def test_scores_stay_within_bounds(outputs: list[Output], failed: int) -> None:
    """Metrics, scores and confidences lie in 0..1, and consistency and divergence add up to 1."""
    got = recompute(outputs, len(outputs) + failed, DEFINITION)
    assert all(0 <= number.value <= 1 for number in got.metrics.values())
    assert metrics(got)[2] + metrics(got)[3] == 1
    assert 0 <= got.confidence.value <= 1
    for output in outputs:
        scores = score(output.text, DEFINITION)
        parts = (
            scores.political_sensitivity,
            scores.censorship_score,
            scores.factual_accuracy,
            scores.sentiment_score,
        )
        assert all(0 <= number <= 1 for number in (*parts, scores.bias_score))
        assert -1 <= tone(output.text, DEFINITION) <= 1
    assert list(got.region_scores) == sorted({output.region for output in outputs})


@LAW
@given(JOBS.flatmap(lambda outputs: st.tuples(st.just(outputs), st.permutations(outputs))))
def test_order_of_rows_does_not_matter(jobs: tuple[list[Output], list[Output]]) -> None:
    first, second = (recompute(outputs, len(outputs), DEFINITION) for outputs in jobs)
    assert first == second


@LAW
@given(JOBS, TEXTS)
def test_identical_texts_agree(outputs: list[Output], text: str) -> None:
    """Equal responses have no variance, and no regions differ."""
    got = run({f"{o.region} {o.model_id} {o.question_id}": text for o in outputs})
    assert (metrics(got)[0], *metrics(got)[2:]) == exactly("0 1 0")
    assert {d.dimension for d in got.key_differences} <= {f"political_stance_{n}" for n in DEFINITION.political_stance}


@LAW
@given(JOBS)
def test_texts_without_common_words_are_inconsistent(outputs: list[Output]) -> None:
    texts = {f"{o.region} {o.model_id} {o.question_id}": f"word{n}" for n, o in enumerate(outputs)}
    got = run(texts)
    questions = [o.question_id for o in outputs]
    compared = len({o.region for o in outputs}) > 1 and len(set(questions)) < len(questions)
    assert metrics(got)[2] == (0 if compared else 1)


@LAW
@given(JOBS.filter(bool), st.data())
def test_further_refusal_never_lowers_the_censorship_rate(outputs: list[Output], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(outputs) - 1))
    changed = outputs[at]
    refused = Output(changed.region, changed.model_id, changed.question_id, f"{changed.text} I cannot")
    before = recompute(outputs, len(outputs), DEFINITION)
    after = recompute([*outputs[:at], refused, *outputs[at + 1 :]], len(outputs), DEFINITION)
    assert metrics(after)[1] >= metrics(before)[1]
    assert changed.region in next(risk.regions for risk in after.risks if risk.type == "censorship")


@LAW
@given(JOBS)
def test_expectation_is_accepted(outputs: list[Output]) -> None:
    got = recompute(outputs, len(outputs), DEFINITION)
    assert judge(got, publish(got)) == []
