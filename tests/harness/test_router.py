"""The router stand-in does what it was told, and remembers what it was asked."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

import gate.router
from gate.router import (
    DEFAULT_PROVIDERS,
    MODELS,
    PATHS,
    Answer,
    Behaviour,
    Drop,
    Elsewhere,
    Empty,
    Hang,
    Malformed,
    NoPath,
    NotJson,
    PathOnly,
    Provider,
    Refusal,
    Router,
    SameText,
    Status,
    Unsuccessful,
    duplicated,
    echo,
    unhealthy,
    without,
)
from gate.waiting import NotReached

MEMBERS = {"success", "response", "error", "provider_used", "inference_time", "cost_estimate", "metadata"}
NAMES = {"US": "us-east", "EU": "eu-west", "ASIA": "asia-pacific"}
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


@pytest.fixture(scope="module")
def shared() -> Iterator[Router]:
    """A stand-in for the whole module."""
    with Router() as router:
        yield router


@pytest.fixture
def router(shared: Router) -> Iterator[Router]:
    """A stand-in that nobody has programmed or asked."""
    yield shared
    shared.reset()


@pytest.fixture(scope="module")
def http(shared: Router) -> Iterator[httpx.Client]:
    """A client of the stand-in."""
    with httpx.Client(base_url=shared.url, trust_env=False, timeout=5) as client:
        yield client


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Clients that may hang."""
    with ThreadPoolExecutor(8) as executor:
        yield executor


def body(region: str = "us-east", **members: Any) -> dict[str, Any]:
    """A request as the runner sends it."""
    asked = {"model": "mistral-7b", "prompt": "Who are you?", "temperature": 0.1, "max_tokens": 500}
    return {**asked, "region_preference": region, "cost_priority": False, **members}


def ask(
    http: httpx.Client, region: str = "us-east", *, job: str | None = "job", path: str = PATHS[0], **members: Any
) -> httpx.Response:
    """Asks once, with another region, job or members; ``path`` may be a whole URL."""
    return http.post(path, json=body(region, **members), headers={} if job is None else {"X-Trace-Id": job})


def hung(
    router: Router, http: httpx.Client, pool: ThreadPoolExecutor, job: str = "job", number: int = 1
) -> list[Future[httpx.Response]]:
    """Requests of a job that hang."""
    router.on(Hang(), job=job)
    asked = [pool.submit(ask, http, job=job, path=router.url + PATHS[0]) for _ in range(number)]
    router.wait_for_calls(number, job=job)
    return asked


def test_public_names_are_those_that_are_exported() -> None:
    """Everything that the package promises is there, and nothing twice."""
    assert len(set(gate.router.__all__)) == len(gate.router.__all__)
    assert all(hasattr(gate.router, name) for name in gate.router.__all__)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_answers_with_the_shape_of_the_real_router(router: Router, http: httpx.Client, path: str) -> None:
    """An answer has exactly the members of the real one, whichever path it came by."""
    answer = ask(http, "eu-west", path=path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == MEMBERS
    assert (answer.json()["success"], answer.json()["error"]) == (True, None)
    assert answer.json()["provider_used"] == "modal-eu-west"
    assert answer.json()["metadata"] == {"provider_type": "modal", "region": "eu-west", "model": "mistral-7b"}
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


def test_echo_tells_long_prompts_apart() -> None:
    """Prompts that differ only behind what is quoted have texts of their own."""
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
    """A behaviour gives its status and its members, and the log says which one it was."""
    router.on(behaviour)
    answer = ask(http)

    assert answer.status_code == status
    assert {name: answer.json().get(name, "is missing") for name in members} == members
    [call] = router.calls() + router.misses()
    assert (call.status, call.outcome, call.waiting, call.aborted) == (status, behaviour.outcome, False, False)
    assert call.text == (answer.json().get("response") if answer.json().get("success") else None)


def test_status_carries_its_headers(router: Router, http: httpx.Client) -> None:
    """A rate limit can say when to come back."""
    router.on(Status(429, headers={"Retry-After": "7"}))

    assert ask(http).headers["retry-after"] == "7"


def test_refusal_is_an_answer_that_refuses(router: Router, http: httpx.Client) -> None:
    """A refusal succeeds on the wire; only its text declines."""
    router.on(Refusal())
    refused = ask(http).json()
    router.on(Refusal("I cannot."))

    assert refused["success"]
    assert "cannot" in refused["response"]
    assert ask(http).json()["response"] == "I cannot."
    assert [call.outcome for call in router.calls()] == ["refusal", "refusal"]


def test_answer_carries_receipt_and_metadata(router: Router, http: httpx.Client) -> None:
    """What is programmed for the metadata wins over what is usual there."""
    router.on(Answer(receipt={"sig": "x"}, metadata={"region": "US", "extra": 1}))

    metadata = ask(http).json()["metadata"]
    assert metadata == {
        "provider_type": "modal",
        "region": "US",
        "model": "mistral-7b",
        "receipt": {"sig": "x"},
        "extra": 1,
    }


def test_answer_that_is_not_json_is_not(router: Router, http: httpx.Client) -> None:
    """NotJson is a 200 that no JSON parser takes."""
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
    """What got 404 is no call of a model; where the one path is, the echo answers."""
    router.on(PathOnly("/api/inference"), job="job")
    statuses = [ask(http, path=path).status_code for path in PATHS]

    assert statuses == [404, 404, 200, 404]
    assert [call.path for call in router.calls("job")] == ["/api/inference"]
    assert [call.path for call in router.misses("job")] == [path for path in PATHS if path != "/api/inference"]


def test_latency_delays_the_answer(router: Router, http: httpx.Client) -> None:
    """An answer takes its latency and says so."""
    router.on(Answer("late", latency=0.05))
    answer = ask(http).json()

    assert (answer["response"], answer["inference_time"]) == ("late", 0.05)
    assert (router.calls()[0].elapsed or 0) >= 0.045


def test_release_ends_latency(router: Router, http: httpx.Client, pool: ThreadPoolExecutor) -> None:
    """A released request answers with the text that it was going to answer with."""
    router.on(Answer("late", latency=60))
    asked = pool.submit(ask, http)
    router.wait_for_calls(1)
    router.release()

    assert asked.result(2).json()["response"] == "late"


def test_hung_requests_answer_with_the_echo_when_released(
    router: Router, http: httpx.Client, pool: ThreadPoolExecutor
) -> None:
    """Hung requests are seen while they hang; a release answers them and lets no later one hang."""
    asked = hung(router, http, pool, number=3)
    assert router.waiting("job") == 3
    assert {(call.status, call.outcome, call.waiting) for call in router.calls()} == {(None, "hang", True)}
    router.release()

    assert {one.result(2).json()["response"] for one in asked} == {echo("mistral-7b", "us-east", "Who are you?")}
    assert router.waiting("job") == 0
    assert ask(http).status_code == 200


def test_release_of_one_job_leaves_the_others_hanging(
    router: Router, http: httpx.Client, pool: ThreadPoolExecutor
) -> None:
    """A release can be for one job."""
    [first] = hung(router, http, pool, "one")
    [second] = hung(router, http, pool, "two")
    router.release("one")

    assert first.result(2).status_code == 200
    assert (router.waiting("one"), router.waiting("two"), second.done()) == (0, 1, False)
    router.release("two")


def test_reset_lets_go_of_hung_requests(router: Router, http: httpx.Client, pool: ThreadPoolExecutor) -> None:
    """A reset leaves nobody hanging, and forgets."""
    [asked] = hung(router, http, pool)
    router.reset()

    assert asked.result(2).status_code == 200
    assert router.calls() == []


def test_close_ends_hung_requests_promptly(http: httpx.Client, pool: ThreadPoolExecutor) -> None:
    """Closing takes no longer because many requests hang, and does not count as their clients' leaving."""
    with Router() as router:
        asked = hung(router, http, pool, number=8)
        before = time.monotonic()
        router.close()
        took = time.monotonic() - before

    assert all(isinstance(one.exception(2), httpx.TransportError) for one in asked)
    assert {(call.waiting, call.aborted, call.status) for call in router.calls()} == {(False, False, None)}
    assert took < 1  # milliseconds in fact; no time limit of server or client fits in


def test_client_that_goes_away_is_noted(router: Router, http: httpx.Client) -> None:
    """A request whose client gave up is aborted, not waiting."""
    router.on(Hang())
    with pytest.raises(httpx.ReadTimeout):
        http.post(PATHS[0], json=body(), timeout=0.05)

    [call] = router.wait_for(lambda calls: any(one.aborted for one in calls), timeout=2)
    assert (call.status, call.waiting, router.waiting()) == (None, False, 0)


def test_stopped_stand_in_is_unreachable_and_comes_back_at_its_address(http: httpx.Client) -> None:
    """A closed stand-in refuses connections until it is started again; its log stays."""
    router = Router()
    with pytest.raises(RuntimeError, match="not started"):
        _ = router.url
    with router:
        url = router.url
        assert ask(http, path=url + PATHS[0]).status_code == 200
        with pytest.raises(RuntimeError, match="started already"):
            router.start()
    router.close()
    with pytest.raises(httpx.ConnectError):
        http.get(f"{url}/health")
    with router:
        assert http.get(f"{url}/health").json() == {"status": "healthy"}
    assert len(router.calls()) == 1


def test_address_that_cannot_be_listened_on_is_an_error() -> None:
    """A stand-in that cannot listen says so when it is started."""
    with pytest.raises(OSError, match=r"192\.0\.2\.1|address"):
        Router("192.0.2.1").start()


def test_newest_rule_that_matches_wins(router: Router, http: httpx.Client) -> None:
    """An older rule applies where no newer one does."""
    router.on(Answer("any"))
    router.on(Answer("eu"), region="EU")
    router.on(Answer("qwen"), model="qwen2.5-1.5b")
    router.on(Answer("taiwan"), prompt="Taiwan")

    asked = [{"region": "us-east"}, {"region": "eu-west"}, {"region": "eu-west", "model": "qwen2.5-1.5b"}]
    asked.append({"region": "eu-west", "model": "qwen2.5-1.5b", "prompt": "What is the status of Taiwan?"})
    assert [ask(http, **members).json()["response"] for members in asked] == ["any", "eu", "qwen", "taiwan"]


@pytest.mark.parametrize("spelling", ["ASIA", "APAC", "asia-pacific"])
def test_region_of_a_rule_is_a_code_or_a_router_name(router: Router, http: httpx.Client, spelling: str) -> None:
    """Each spelling of a region means the same requests, in rules and in the log."""
    router.on(Status(500), region=spelling)

    assert [ask(http, region).status_code for region in NAMES.values()] == [200, 200, 500]
    assert [call.region for call in router.calls(region=spelling)] == ["ASIA"]
    assert [call.region for call in router.calls()] == ["US", "EU", "ASIA"]


def test_rule_that_could_never_apply_is_refused(router: Router) -> None:
    """A misspelt region and a rule for no request are errors of the test, not silence."""
    with pytest.raises(ValueError, match="no region"):
        router.on(Hang(), region="us_east")
    with pytest.raises(ValueError, match="at least once"):
        router.on(Hang(), times=0)


def test_rule_applies_as_often_as_it_says(router: Router, http: httpx.Client) -> None:
    """When a rule is used up, the next older one applies."""
    router.on(Status(429))
    router.on(Status(503), times=2)

    assert [ask(http).status_code for _ in range(4)] == [503, 503, 429, 429]


def test_rules_of_a_job_are_for_that_job(router: Router, http: httpx.Client) -> None:
    """Jobs are told apart by X-Trace-Id; a request without one may be of any job."""
    router.on(Status(500), job="one")

    assert [ask(http, job=job).status_code for job in ("one", "two", None)] == [500, 200, 500]
    assert [len(router.calls(job)) for job in ("one", "two", "three", None)] == [1, 1, 0, 3]


def test_reset_of_a_job_leaves_the_others(router: Router, http: httpx.Client) -> None:
    """What was programmed for and asked by another job stays."""
    for job in ("one", "two"):
        router.on(Status(500), job=job)
        router.providers([], job=job)
        ask(http, job=job)
        http.get("/providers", headers={"X-Trace-Id": job})
    router.reset("one")

    assert (len(router.calls("one")), len(router.calls("two"))) == (0, 1)
    assert (router.listings("one"), router.listings("two")) == (0, 1)
    assert [ask(http, job=job).status_code for job in ("one", "two")] == [200, 500]


def test_reset_can_keep_the_log(router: Router, http: httpx.Client) -> None:
    """Rules can be dropped while what was asked is remembered."""
    router.on(Status(500))
    ask(http)
    router.reset(keep_log=True)

    assert ask(http).status_code == 200
    assert [call.status for call in router.calls()] == [500, 200]


@pytest.mark.parametrize("member", sorted(body()))
def test_request_without_a_member_is_invalid(router: Router, http: httpx.Client, member: str) -> None:
    """A request that lacks a member gets 422, whatever is programmed, and the log names what it lacks."""
    router.on(Answer("never"))
    asked = {name: value for name, value in body().items() if name != member}
    answer = http.post(PATHS[0], json=asked)

    assert answer.status_code == 422
    assert [one["loc"] for one in answer.json()["detail"]] == [["body", member]]
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
    """Regions are compared exactly: a published code matches none, and the answer tells where it ran."""
    router.on(Answer("eu"), region="EU")
    answers = [ask(http, region).json() for region in ("EU", "US-EAST", "mars")]

    assert {answer["metadata"]["region"] for answer in answers} == {"us-east"}
    assert answers[0]["response"] == "eu"  # a rule is about the region that was meant
    assert [call.region for call in router.calls()] == ["EU", None, None]
    assert [call.region_preference for call in router.calls()] == ["EU", "US-EAST", "mars"]


def test_unknown_model_is_not_answered(router: Router, http: httpx.Client) -> None:
    """A model that the router does not know is a failure in a 200, until it is told to know it."""
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

    assert [one["name"] for one in listed] == ["modal-us-east", "modal-eu-west", "modal-asia-pacific"]
    assert [one["region"] for one in listed] == list(NAMES.values())
    assert all(one["healthy"] is True for one in listed)
    usual = {"name", "type", "region", "healthy", "cost_per_second", "avg_latency", "success_rate", "last_health_check"}
    assert all(set(one) == usual for one in listed)
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
    """A list of a job's own is what it sees and who answers it; other jobs see the usual one."""
    router.providers(providers, job="job")
    listed = http.get("/providers", headers={"X-Trace-Id": "job"}).json()["providers"]
    usual = http.get("/providers", headers={"X-Trace-Id": "other"}).json()["providers"]

    assert [one["region"] for one in listed] == regions
    assert listed == [one.as_dict() for one in providers]
    assert len(usual) == 3
    assert ask(http, "eu-west").json()["metadata"]["region"] == served


def test_unhealthy_provider_is_listed_as_never_checked() -> None:
    """An unhealthy provider keeps its name and says that nobody has looked at it."""
    [sick] = [one for one in unhealthy("EU") if not one.healthy]

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
    """Each of many requests of eight clients is in the log once, with the text that its client got."""

    def client(number: int) -> list[tuple[str, str]]:
        job = f"job-{number}"
        prompts = [f"question {n} of {job}" for n in range(25)]
        return [(prompt, ask(http, job=job, prompt=prompt).json()["response"]) for prompt in prompts]

    clients = {f"job-{number}": pool.submit(client, number) for number in range(8)}
    got = {job: one.result(10) for job, one in clients.items()}

    assert {job: [(call.prompt, call.text) for call in router.calls(job)] for job in clients} == got
    assert len(router.calls()) == 200
    assert [call.at for call in router.calls()] == sorted(call.at for call in router.calls())


def test_times_holds_under_concurrent_clients(router: Router, http: httpx.Client, pool: ThreadPoolExecutor) -> None:
    """A rule for three requests applies to three of many that come at once."""
    router.on(Status(500), times=3)
    statuses = [one.status_code for one in pool.map(lambda _: ask(http), range(40))]

    assert statuses.count(500) == 3


def test_waiting_for_calls_ends_when_they_are_there(
    router: Router, http: httpx.Client, pool: ThreadPoolExecutor
) -> None:
    """A wait that began before the calls ends with them, and sees those of its job and region only."""
    waiting = pool.submit(router.wait_for_calls, 2, job="job", region="EU", timeout=5)
    for region in ("us-east", "eu-west", "eu-west"):
        ask(http, region)
    ask(http, "eu-west", job="other")

    assert [(call.job, call.region) for call in waiting.result(5)] == [("job", "EU")] * 2


def test_waiting_for_calls_that_do_not_come_says_what_came(router: Router, http: httpx.Client) -> None:
    """A wait that fails tells the calls that there were."""
    ask(http, "eu-west")
    with pytest.raises(
        NotReached, match=r"2 router calls of job did not come within 0.01 s; seen:\n.* job eu-west echo"
    ):
        router.wait_for_calls(2, job="job", timeout=0.01)


def test_hung_requests_cost_no_threads(router: Router, http: httpx.Client, pool: ThreadPoolExecutor) -> None:
    """Requests that hang are served by the one thread that serves all."""
    before = threading.active_count()
    asked = hung(router, http, pool, number=8)
    clients = len([one for one in threading.enumerate() if one.name.startswith("ThreadPoolExecutor")])

    assert threading.active_count() - before <= clients
    router.release()
    assert {one.result(2).status_code for one in asked} == {200}
