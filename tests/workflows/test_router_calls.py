"""The runner's requests to the router, and its handling of the responses."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from beacon.jobs import MODELS, QUESTIONS
from beacon.regions import REGIONS
from beacon.router import Answer, Drop, Elsewhere, Empty, NoPath, NotJson, Provider, Status, Unsuccessful
from beacon.scenario import Scenario
from beacon.states import STANDARD
from fixtures.pairs import WORKFLOWS, in_turn

NAMES = {"US": "us-east", "EU": "eu-west", "ASIA": "asia-pacific"}


@pytest.fixture(scope="session")
def texts(session: Any) -> dict[str, str]:
    """The published text of each question."""
    categories = session.client.get("/api/v1/questions").json["categories"]
    return {entry["question_id"]: entry["question"] for entries in categories.values() for entry in entries}


@pytest.mark.smoke
def test_each_execution_asks_its_own_question_of_its_own_model_in_its_own_region(
    scenario: Scenario, workflow: str, texts: dict[str, str]
) -> None:
    job = scenario.finished(workflow=workflow, regions=REGIONS, models=MODELS[:2], questions=QUESTIONS[:2])

    asked = sorted((call.region_preference, call.model, call.prompt) for call in scenario.router.calls(job.id))
    rows = job.rows().executions
    assert asked == sorted((NAMES[row["region"]], row["model_id"], texts[row["question_id"]]) for row in rows)
    answers = {(call.region_preference, call.model, call.prompt): call.text for call in scenario.router.calls(job.id)}
    for row in rows:
        assert (
            row["output_data"]["response"] == answers[NAMES[row["region"]], row["model_id"], texts[row["question_id"]]]
        )
        assert row["provider_id"] == f"modal-{NAMES[row['region']]}"


def test_published_questions_are_eight_texts(texts: dict[str, str]) -> None:
    assert sorted(texts) == sorted(QUESTIONS)
    assert all(text and text not in QUESTIONS for text in texts.values())
    assert len(set(texts.values())) == len(QUESTIONS)


@pytest.mark.parametrize("prompt", ["Why?", "", None, 7], ids=["its own", "empty", "none", "no text"])
def test_job_without_questions_asks_its_own_prompt_else_its_description(scenario: Scenario, prompt: Any) -> None:
    spec = scenario.spec(questions=[])
    spec["benchmark"] |= {"name": "speed", "description": "How fast is it?"}
    spec["benchmark"]["input"]["data"] = {"prompt": prompt}
    job = scenario.submit(spec, STANDARD).wait("completed")

    asked = {call.prompt for call in scenario.router.calls(job.id)}
    assert asked == {"Why?" if prompt == "Why?" else "How fast is it?"}


FAILURES: dict[str, tuple[Any, str]] = {
    "503": (Status(503, {"detail": "No healthy providers available"}), "ROUTER_HTTP_503"),
    "500": (Status(500, {"detail": "boom " * 200}), "ROUTER_HTTP_500"),
    "429": (Status(429, {"detail": "slow down"}), "ROUTER_HTTP_429"),
    "404 on every path": (NoPath(), "ROUTER_HTTP_404"),
    "300": (Status(300, {"detail": "more than one"}), "ROUTER_HTTP_300"),
    "success false": (Unsuccessful("HTTP 502: upstream", provider="modal-spare"), "ROUTER_ERROR"),
    "empty text": (Empty(), "ROUTER_EMPTY_RESPONSE"),
    "not JSON": (NotJson(), "ROUTER_JSON_ERROR"),
    "connection dropped": (Drop(), "ROUTER_NETWORK"),
    "another region answered": (Elsewhere("us-east"), "ROUTER_REGION_MISMATCH"),
}


@pytest.mark.parametrize(("workflow", "behaviour", "code"), in_turn(FAILURES))
def test_failure_of_the_router_is_stored_with_its_reason(
    scenario: Scenario, workflow: str, behaviour: Any, code: str
) -> None:
    spec = scenario.spec(regions=["US", "EU"])
    scenario.router.on(behaviour, job=spec["id"], region="EU")
    rows = scenario.submit(spec, workflow).wait().rows()

    failed = [row for row in rows.executions if row["region"] == "EU"]
    assert [(row["status"], row["is_technical_error"], row["output_data"]["error_code"]) for row in failed] == [
        ("failed", True, code)
    ]
    assert failed[0]["output_data"]["error"] == failed[0]["original_error"] != ""
    assert failed[0]["output_data"].get("router_error", "") in failed[0]["original_error"]
    assert [row["status"] for row in rows.executions if row["region"] == "US"] == ["completed"]


TYPE = "runpod"
NAMED: dict[str, tuple[str | int, str]] = {
    "nobody": ("", "modal-eu-west"),
    "a number": (7, "modal-eu-west"),
    "a long name": ("modal-" + "x" * 300, "modal-" + "x" * 249),
    "blanks around a name": (" modal ", " modal "),
}


@pytest.mark.parametrize(("named", "kept"), NAMED.values(), ids=NAMED)
def test_answer_is_kept_under_the_name_of_its_provider(
    scenario: Scenario, workflow: str, named: str | int, kept: str
) -> None:
    """Without a name it is by the first healthy provider that the list has for its region."""
    spec = scenario.spec(regions=["EU", "US"])
    ill, spare = Provider("eu-west", "ill", healthy=False), Provider("eu-west", "spare")
    listed = [replace(provider, type=TYPE) for provider in scenario.router.default_providers]
    scenario.router.providers([ill, *listed, spare], job=spec["id"])
    scenario.router.on(Answer(provider=named), job=spec["id"], region="EU")
    rows = scenario.submit(spec, workflow).wait("completed").rows()

    kept_names = {row["region"]: row["provider_id"] for row in rows.executions}
    assert kept_names == {"EU": kept, "US": "modal-us-east"}
    for result in rows.regions:
        region = NAMES[result["region"]]
        assert result["provider_info"] == {"name": f"modal-{region}", "type": TYPE, "region": region}


SERVED: dict[tuple[str, ...], str] = {("US",): "partial", (): "failed"}
"""The regions that have a provider, of the two that a job asks for, and the status that it ends with."""


def test_region_without_a_provider_fails_without_a_call(scenario: Scenario) -> None:
    for workflow, (served, status) in product(WORKFLOWS, SERVED.items()):
        spec, called = scenario.spec(regions=["US", "ASIA"]), set(map(NAMES.__getitem__, served))
        scenario.router.providers([p for p in scenario.router.default_providers if p.region in called], job=spec["id"])
        job = scenario.submit(spec, workflow).wait(status)

        codes = {row["region"]: (row["output_data"] or {}).get("error_code") for row in job.rows().executions}
        assert codes == {region: None if region in served else "ROUTER_NO_PROVIDER" for region in ("US", "ASIA")}
        assert {call.region_preference for call in scenario.router.calls(job.id)} == called


RECEIPT = {"cpu_seconds": 0.25, "tokens": 12, "parts": [1.5, {"cost": -0.0}], "model": "x", "none": None}


def test_receipt_is_stored_as_it_came(scenario: Scenario, workflow: str) -> None:
    spec = scenario.spec(regions=["EU", "US"])
    scenario.router.on(Answer(receipt=RECEIPT), job=spec["id"], region="EU")
    scenario.router.on(Answer(receipt={}), job=spec["id"], region="US")

    rows = scenario.submit(spec, workflow=workflow).wait("completed").rows().executions
    for row, receipt in zip(rows, (RECEIPT, {}), strict=True):
        assert row["receipt_data"] == row["output_data"]["metadata"]["receipt"] == receipt
