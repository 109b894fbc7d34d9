"""The answers of the router stand-in: the echo, and each programmable behaviour."""

from __future__ import annotations

import itertools
import json
from typing import Any

import httpx
import pytest

import beacon.router
from beacon.router import (
    MODELS,
    PATHS,
    Answer,
    Behaviour,
    Drop,
    Elsewhere,
    Empty,
    Malformed,
    NoPath,
    NotJson,
    PathOnly,
    Refusal,
    Router,
    SameText,
    Status,
    Unsuccessful,
    echo,
)
from beacon.router.wire import AWKWARD
from tests.harness.beacon.router.asking import MEMBERS, NAMES, ask

REFUSALS = (
    "cannot",
    "can't",
    "not able",
    "unable",
    "not allowed",
    "not permitted",
    "don't have",
    "sensitive",
    "decline",
)


def test_public_names_are_those_that_are_exported() -> None:
    assert len(set(beacon.router.__all__)) == len(beacon.router.__all__)
    assert all(hasattr(beacon.router, name) for name in beacon.router.__all__)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_answers_with_the_shape_of_the_real_router(router: Router, http: httpx.Client, path: str) -> None:
    """An answer has exactly the members of the real one, whichever path it came by."""
    answer = ask(http, "eu-west", path=path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == MEMBERS
    assert (answer.json()["success"], answer.json()["error"]) == (True, None)
    assert answer.json()["provider_used"] == "modal-eu-west"
    named = {"provider_type": "modal", "region": "eu-west", "model": "mistral-7b"}
    assert answer.json()["metadata"] == {**AWKWARD, **named, "receipt": answer.json()["metadata"]["receipt"]}
    assert [call.path for call in router.calls()] == [path]


def test_echo_is_the_same_for_the_same_and_another_for_another_request(router: Router, http: httpx.Client) -> None:
    """The default text names model, region and prompt, is distinct for each triple, and never refuses."""
    triples = list(itertools.product(sorted(MODELS), NAMES.values(), ("What is 2 + 2?", "Who are you?")))
    texts = [ask(http, r, model=m, prompt=p).json()["response"] for m, r, p in triples]
    again = [ask(http, r, model=m, prompt=p).json()["response"] for m, r, p in triples]

    assert texts == again == [call.text for call in router.calls()[: len(triples)]]
    assert len(set(texts)) == len(triples)
    assert all(part in text for triple, text in zip(triples, texts, strict=True) for part in triple)
    assert not [text for text in texts if any(word in text.lower() for word in REFUSALS)]
    assert min(map(len, texts)) > 200


def test_echo_of_long_prompts_differs_where_only_their_ends_do() -> None:
    assert echo("m", "us-east", "x" * 5000 + "1") != echo("m", "us-east", "x" * 5000 + "2")


ANSWERS: dict[str, tuple[Behaviour, int, dict[str, Any]]] = {
    "answer": (Answer("Yes."), 200, {"success": True, "response": "Yes.", "error": None}),
    "same text": (SameText("Yes."), 200, {"response": "Yes."}),
    "provider": (Answer("Yes.", provider="modal-x"), 200, {"provider_used": "modal-x"}),
    "unicode": (Answer("caf\u00e9 \ud800 \x00"), 200, {"response": "caf\u00e9 \ud800 \x00"}),
    "empty": (Empty(), 200, {"success": True, "response": ""}),
    "empty with code": (Empty("EMPTY_MODEL_RESPONSE"), 200, {"response": "", "error_code": "EMPTY_MODEL_RESPONSE"}),
    "status": (Status(429), 429, {"detail": "Too Many Requests"}),
    "unknown status": (Status(599), 599, {"detail": "status 599"}),
    "status with body": (
        Status(503, {"detail": "No healthy providers available"}),
        503,
        {"detail": "No healthy providers available"},
    ),
    "unsuccessful": (Unsuccessful("HTTP 502: x"), 200, {"success": False, "response": None, "error": "HTTP 502: x"}),
    "unsuccessful with code": (Unsuccessful("x", "BAD"), 200, {"success": False, "error_code": "BAD"}),
    "no path": (NoPath(), 404, {"detail": "Not Found"}),
    "path only": (PathOnly("/v1/inference"), 404, {"detail": "Not Found"}),
}


@pytest.mark.parametrize(("behaviour", "status", "members"), ANSWERS.values(), ids=ANSWERS)
def test_behaviour_answers_as_it_says(
    router: Router, http: httpx.Client, behaviour: Behaviour, status: int, members: dict[str, Any]
) -> None:
    """A behaviour gives its status and its members, and the log names it."""
    router.on(behaviour)
    answer = ask(http)

    assert answer.status_code == status
    assert {name: answer.json().get(name, "is missing") for name in members} == members
    [call] = router.calls() + router.misses()
    assert (call.status, call.outcome, call.waiting, call.aborted) == (status, behaviour.outcome, False, False)
    assert call.text == (answer.json().get("response") if answer.json().get("success") else None)
    words = answer.text if isinstance(behaviour, Status) else answer.json().get("error")
    assert call.words == words


def test_status_is_sent_with_its_headers(router: Router, http: httpx.Client) -> None:
    """A rate limit can say when to come back."""
    router.on(Status(429, headers={"Retry-After": "7"}))

    assert ask(http).headers["retry-after"] == "7"


def test_refusal_succeeds_on_the_wire_and_only_its_text_declines(router: Router, http: httpx.Client) -> None:
    router.on(Refusal())
    refused = ask(http).json()
    router.on(Refusal("I cannot."))

    assert refused["success"]
    assert "cannot" in refused["response"]
    assert ask(http).json()["response"] == "I cannot."
    assert [call.outcome for call in router.calls()] == ["refusal", "refusal"]


def test_answer_carries_receipt_and_metadata(router: Router, http: httpx.Client) -> None:
    """Programmed metadata wins over the usual members."""
    router.on(Answer(receipt={"sig": "x"}, metadata={"region": "US", "extra": 1}))

    metadata = ask(http).json()["metadata"]
    assert metadata == {
        **AWKWARD,
        "provider_type": "modal",
        "region": "US",
        "model": "mistral-7b",
        "receipt": {"sig": "x"},
        "extra": 1,
    }


def test_not_json_answers_200_with_a_body_that_no_parser_takes(router: Router, http: httpx.Client) -> None:
    router.on(NotJson())
    answer = ask(http)

    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_malformed_answer_lacks_what_it_says(router: Router, http: httpx.Client) -> None:
    """Malformed leaves the named members out and the others in."""
    router.on(Malformed(missing=("response", "metadata")))

    assert set(ask(http).json()) == MEMBERS - {"response", "metadata"}
    assert router.calls()[0].text is None


@pytest.mark.parametrize("region", ["EU", "eu-west"])
def test_answer_from_elsewhere_names_the_other_region(router: Router, http: httpx.Client, region: str) -> None:
    """Elsewhere is a good answer of a provider that was not asked for."""
    router.on(Elsewhere(region))
    answer = ask(http, "us-east").json()

    assert (answer["provider_used"], answer["metadata"]["region"]) == ("modal-eu-west", "eu-west")


def test_dropped_connection_gives_no_answer(router: Router, http: httpx.Client) -> None:
    """Drop closes the connection before a single byte."""
    router.on(Drop(), times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        ask(http)

    assert ask(http).status_code == 200
    assert [(call.outcome, call.status, call.aborted) for call in router.calls()] == [
        ("drop", None, False),
        ("echo", 200, False),
    ]


def test_missing_paths_are_not_inference(router: Router, http: httpx.Client) -> None:
    """A request answered with 404 is no call; on the existing path, the echo answers."""
    router.on(PathOnly("/api/inference"), job="job")
    statuses = [ask(http, path=path).status_code for path in PATHS]

    assert statuses == [404, 404, 200, 404]
    assert [call.path for call in router.calls("job")] == ["/api/inference"]
    assert [call.path for call in router.misses("job")] == [path for path in PATHS if path != "/api/inference"]
