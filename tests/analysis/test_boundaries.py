"""Each number, word and sentence of the analysis on both sides of its boundary, in many jobs at once.

The oracles compute classes, scores and analyses again and compare them to the last digit and character.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from beacon import views
from beacon.analysis.cases import FAILED, PARTS, Case
from beacon.analysis.terms import Definition
from beacon.contract import published
from beacon.jobs import MODELS, QUESTIONS, Spec
from beacon.router import Answer, Status
from beacon.scenario import Scenario
from beacon.states import STANDARD

DEFINITION = Definition.from_contract(published().document)
BOOM = Status(500, {"detail": "boom"})


def programmed(scenario: Scenario, case: Case, texts: Mapping[str, str]) -> Spec:
    """The JobSpec of a case, whose answers the router gives."""
    models, questions = (MODELS[: len(case.numbers(1))], QUESTIONS[: len(case.numbers(2))])
    spec = scenario.spec(regions=[str(region) for region in case.numbers(0)], models=models, questions=questions)
    for (region, model, question), text in case.answers.items():
        # Each answer has a provider of its own: a region names that of its first one.
        behaviour = BOOM if text == FAILED else Answer(text, provider=f"provider-{model}-{question}")
        prompt = texts[questions[question]]
        scenario.router.on(behaviour, job=spec["id"], region=region, model=models[model], prompt=prompt)
    return spec


@pytest.mark.criterion("criterion.analysis-data")
@pytest.mark.parametrize("part", PARTS)
def test_analysis_is_right_on_each_boundary(scenario: Scenario, part: str) -> None:
    texts = views.texts_of(scenario.client.get("/api/v1/questions").json)
    specs = [programmed(scenario, case, texts) for case in PARTS[part](DEFINITION)]
    for job in [scenario.submit(spec) for spec in specs]:
        assert job.wait().analysis().status == 200


def test_standard_job_classifies_and_scores_each_answer(scenario: Scenario) -> None:
    texts = views.texts_of(scenario.client.get("/api/v1/questions").json)
    specs = [programmed(scenario, case, texts) for case in PARTS["entries"](DEFINITION)]
    for job in [scenario.submit(spec, STANDARD) for spec in specs]:
        job.wait("completed")
