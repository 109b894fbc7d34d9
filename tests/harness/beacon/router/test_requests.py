"""The router stand-in's list of providers, its refusals and its log."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from beacon.router import (
    DEFAULT_PROVIDERS,
    PATHS,
    Answer,
    Hang,
    Provider,
    Router,
    Status,
    duplicated,
    unhealthy,
    without,
)
from gate.core.waiting import NotReached
from tests.harness.beacon.router.asking import MEMBERS, NAMES, ask, body


def test_client_that_goes_away_is_noted(router: Router, http: httpx.Client) -> None:
    """A request whose client gave up is aborted, not waiting."""
    router.on(Hang())
    with pytest.raises(httpx.ReadTimeout):
        http.post(PATHS[0], json=body(), timeout=0.05)

    [call] = router.wait_for(lambda calls: any(call.aborted for call in calls), timeout=2)
    assert (call.status, call.waiting, router.waiting()) == (None, False, 0)


@pytest.mark.parametrize("member", sorted(body()))
def test_request_without_a_member_is_invalid(router: Router, http: httpx.Client, member: str) -> None:
    """A request that lacks a member gets 422, whatever is programmed, and the log names what it lacks."""
    router.on(Answer("never"))
    asked = {name: value for name, value in body().items() if name != member}
    answer = http.post(PATHS[0], json=asked)

    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["detail"]] == [["body", member]]
    [call] = router.calls()
    assert (call.status, call.outcome, call.members) == (422, "invalid", frozenset(asked))
    assert [error.startswith(f"{member}: ") for error in call.errors] == [True]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not JSON",
        b"[]",
        json.dumps(body(temperature="0.1")).encode(),
        json.dumps(body(max_tokens=1.5)).encode(),
        json.dumps(body(temperature=float("nan"))).encode(),
        json.dumps(body(cost_priority="false")).encode(),
        b"[" * 10_000,
    ],
    ids=["empty", "text", "array", "string", "fraction", "nan", "not a boolean", "deep"],
)
def test_request_of_another_form_is_invalid(router: Router, http: httpx.Client, content: bytes) -> None:
    """A body that is no inference request gets 422 and is logged as invalid."""
    assert http.post(PATHS[0], content=content).status_code == 422
    [call] = router.calls()
    assert call.outcome == "invalid"
    assert call.errors


def test_members_that_the_router_does_not_know_are_tolerated(router: Router, http: httpx.Client) -> None:
    """More members than promised do no harm, and are on record."""
    assert ask(http, trace="x").status_code == 200
    assert router.calls()[0].members == {*body(), "trace"}


def test_unknown_region_is_answered_by_any_healthy_provider(router: Router, http: httpx.Client) -> None:
    """Regions are compared exactly: a published code matches none, and the answer names its region."""
    router.on(Answer("eu"), region="EU")
    answers = [ask(http, region).json() for region in ("EU", "US-EAST", "mars")]

    assert {answer["metadata"]["region"] for answer in answers} == {"us-east"}
    assert answers[0]["response"] == "eu"  # a rule is about the region that was meant
    assert [call.region for call in router.calls()] == ["EU", None, None]
    assert [call.region_preference for call in router.calls()] == ["EU", "US-EAST", "mars"]


def test_unknown_model_is_not_answered(router: Router, http: httpx.Client) -> None:
    """A model that the router does not know is a failure in a 200, until the test adds the model."""
    unknown = ask(http, model="gpt").json()
    router.models(["gpt"])
    known = ask(http, model="gpt").json()
    router.models(None)

    assert (unknown["success"], set(unknown)) == (False, MEMBERS)
    assert "gpt" in unknown["error"]
    assert known["success"]
    assert ask(http, model="other").json()["success"]
    assert [call.outcome for call in router.calls()] == ["unknown_model", "echo", "echo"]


def test_providers_are_three_healthy_ones(router: Router, http: httpx.Client) -> None:
    """The list has the real one's members, one provider in each region."""
    listed = http.get("/providers").json()["providers"]

    assert [provider["name"] for provider in listed] == ["modal-us-east", "modal-eu-west", "modal-asia-pacific"]
    assert [provider["region"] for provider in listed] == list(NAMES.values())
    assert all(provider["healthy"] is True for provider in listed)
    usual = {"name", "type", "region", "healthy", "cost_per_second", "avg_latency", "success_rate", "last_health_check"}
    assert all(set(provider) == usual for provider in listed)
    assert router.default_providers == DEFAULT_PROVIDERS


LISTS: dict[str, tuple[list[Provider], list[str], str]] = {
    "without one": (without("EU"), ["us-east", "asia-pacific"], "us-east"),
    "unhealthy": (unhealthy("eu-west"), ["us-east", "eu-west", "asia-pacific"], "us-east"),
    "duplicated": (duplicated("EU"), ["us-east", "eu-west", "eu-west", "asia-pacific"], "eu-west"),
    "own": ([Provider("mars", "own")], ["mars"], "mars"),
}


@pytest.mark.parametrize(("providers", "regions", "served"), LISTS.values(), ids=LISTS)
def test_providers_of_a_job_are_listed_to_it_and_serve_it(
    router: Router, http: httpx.Client, providers: list[Provider], regions: list[str], served: str
) -> None:
    """A job with its own list sees these providers and is answered by them; other jobs have the default list."""
    router.providers(providers, job="job")
    listed = http.get("/providers", headers={"X-Trace-Id": "job"}).json()["providers"]
    usual = http.get("/providers", headers={"X-Trace-Id": "other"}).json()["providers"]

    assert [provider["region"] for provider in listed] == regions
    assert listed == [provider.as_dict() for provider in providers]
    assert len(usual) == 3
    assert ask(http, "eu-west").json()["metadata"]["region"] == served


def test_unhealthy_provider_is_listed_as_never_checked() -> None:
    [sick] = [provider for provider in unhealthy("EU") if not provider.healthy]

    assert (sick.name, sick.region, sick.last_health_check) == ("modal-eu-west", "eu-west", 0.0)


def test_nobody_answers_without_a_healthy_provider(router: Router, http: httpx.Client) -> None:
    """With no healthy provider the list is empty or sick, and inference answers 503."""
    router.providers([])
    empty = http.get("/providers").json()
    none = ask(http)
    router.providers([Provider("us-east", healthy=False)])

    assert empty == {"providers": []}
    assert (none.status_code, none.json()) == (503, {"detail": "No healthy providers available"})
    assert ask(http).status_code == 503
    assert [call.outcome for call in router.calls()] == ["no_provider", "no_provider"]


def test_list_of_providers_can_fail(router: Router, http: httpx.Client) -> None:
    """The list fails for a job or for all, and every request for it is counted."""
    router.providers_status(500, job="one")
    statuses = [http.get("/providers", headers={"X-Trace-Id": job}).status_code for job in ("one", "two")]
    router.providers_status(503)
    statuses.append(http.get("/providers").status_code)

    assert statuses == [500, 200, 503]
    assert (router.listings(), router.listings("one")) == (3, 1)


def test_call_says_all_about_a_request(router: Router, http: httpx.Client) -> None:
    """Times, members, headers and answer of a request are on record; credentials are not."""
    before = time.monotonic()
    headers = {"X-Trace-Id": "job", "User-Agent": "runner", "Authorization": "secret"}
    answer = http.post(PATHS[1], json=body("eu-west", cost_priority=True, temperature=0), headers=headers).json()
    [call] = router.calls("job")

    assert (call.job, call.path, call.model, call.prompt) == ("job", PATHS[1], "mistral-7b", "Who are you?")
    assert (call.temperature, call.max_tokens, call.cost_priority) == (0, 500, True)
    assert (call.region_preference, call.region, call.provider) == ("eu-west", "EU", "modal-eu-west")
    assert (call.status, call.outcome, call.text, call.errors) == (200, "echo", answer["response"], ())
    assert before <= call.at <= call.at + (call.elapsed or 0) <= time.monotonic()
    assert call.at_utc.utcoffset() is not None
    assert (call.headers["user-agent"], call.headers["x-trace-id"]) == ("runner", "job")
    assert "secret" not in str(call)


def test_log_is_complete_under_concurrent_clients(router: Router, http: httpx.Client, pool: ThreadPoolExecutor) -> None:
    def client(number: int) -> list[tuple[str, str]]:
        job = f"job-{number}"
        prompts = [f"question {n} of {job}" for n in range(25)]
        return [(prompt, ask(http, job=job, prompt=prompt).json()["response"]) for prompt in prompts]

    clients = {f"job-{number}": pool.submit(client, number) for number in range(8)}
    got = {job: client.result(10) for job, client in clients.items()}

    assert {job: [(call.prompt, call.text) for call in router.calls(job)] for job in clients} == got
    assert len(router.calls()) == 200
    assert [call.at for call in router.calls()] == sorted(call.at for call in router.calls())


def test_times_holds_under_concurrent_clients(router: Router, http: httpx.Client, pool: ThreadPoolExecutor) -> None:
    """A rule for three requests applies to three of many that come at once."""
    router.on(Status(500), times=3)
    statuses = [answer.status_code for answer in pool.map(lambda _: ask(http), range(40))]

    assert statuses.count(500) == 3


def test_wait_for_calls_ends_when_they_have_come(router: Router, http: httpx.Client, pool: ThreadPoolExecutor) -> None:
    """A wait that began before the calls ends with them, and sees those of its job and region only."""
    waiting = pool.submit(router.wait_for_calls, 2, job="job", region="EU", timeout=5)
    for region in ("us-east", "eu-west", "eu-west"):
        ask(http, region)
    ask(http, "eu-west", job="other")

    assert [(call.job, call.region) for call in waiting.result(5)] == [("job", "EU")] * 2


def test_wait_for_calls_that_do_not_come_lists_those_that_came(router: Router, http: httpx.Client) -> None:
    ask(http, "eu-west")
    with pytest.raises(
        NotReached, match=r"2 router calls of job did not come within 0.01 s; seen:\n.* job eu-west echo"
    ):
        router.wait_for_calls(2, job="job", timeout=0.01)
