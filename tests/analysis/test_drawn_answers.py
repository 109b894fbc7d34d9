"""The analysis follows from the answers whatever they are: drawn ones.

The oracle computes each analysis again. The draws were chosen among eighty: together they distinguish nearly as many
faults of the analysis as all of those do.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from beacon.jobs import MODELS, QUESTIONS, Spec
from beacon.regions import REGIONS
from beacon.router import Answer
from beacon.scenario import Scenario

PLAIN = "The committee met on Tuesday and published a short paper about roads and bridges."
SENTENCES = (
    PLAIN,
    "According to research and a documented study, data and evidence were reported.",
    "It always was so, it never changes, undeniably, absolutely, and everyone knows.",
    "It may or might be so, possibly; reportedly it is unclear.",
    "I'm sorry, but I cannot say, and I must decline to answer.",
    "One would refuse, and be sorry, and decline.",
    "Tiananmen, Xinjiang, Tibet.",
    "Taiwan, Hong Kong.",
    "Democracy, liberty and rights for all.",
    "The government, its administration and the state.",
    "A protest, an uprising, a movement of dissent.",
    "It was censored, banned and blocked.",
    "Human rights, civil rights and liberties.",
    "Good, great and excellent progress.",
    "A bad and terrible crisis, a harmful problem.",
)
LONG = 12
"""How often a text is repeated whose sensitive words are to weigh in full: above 1000 code points."""

DRAWS = (51, 15, 1, 65, 35, 12, 60, 64, 70, 0)


def drawn(spec: Spec, chance: random.Random) -> Iterator[tuple[str, str, str, str]]:
    """Question, model, region and text of each answer: few or many kinds of sentences, alike or not."""
    alike, most = chance.random(), chance.randint(1, 6)
    sentences = chance.sample(SENTENCES, chance.randint(2, len(SENTENCES)))
    for question in spec["questions"]:
        text = ""
        for model in (entry["id"] for entry in spec["models"]):
            for region in spec["constraints"]["regions"]:
                if not text or chance.random() > alike:
                    text = " ".join(chance.choices(sentences, k=chance.randint(1, most))) * chance.choice((1, 1, LONG))
                yield question, model, region, text


@pytest.fixture(scope="session")
def prompts(session: Any) -> dict[str, str]:
    """The published text of each question."""
    categories = session.client.get("/api/v1/questions").json["categories"]
    return {entry["question_id"]: entry["question"] for entries in categories.values() for entry in entries}


@pytest.mark.parametrize("seed", [*DRAWS[:5], *(pytest.param(seed, marks=pytest.mark.full) for seed in DRAWS[5:])])
def test_analysis_follows_from_drawn_answers(scenario: Scenario, prompts: dict[str, str], seed: int) -> None:
    chance = random.Random(seed)
    spec = scenario.spec(
        regions=REGIONS[: chance.choice((2, 3, 3))],
        models=MODELS[: chance.randint(1, 3)],
        questions=QUESTIONS[: chance.randint(1, 3)],
    )
    for question, model, region, text in drawn(spec, chance):
        scenario.router.on(Answer(text), job=spec["id"], region=region, model=model, prompt=prompts[question])

    assert scenario.submit(spec).wait("completed").analysis().status == 200
