"""Plausible requests come before random ones, and each operation has its share of the time."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

from gate.contract.document import Contract
from gate.contract.nodes import Operation
from gate.core.exchange import Exchange
from gate.fuzz.cases import Cases
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.service.filling import Filler
from gate.fuzz.service.pool import Pool
from gate.fuzz.service.sampling import Sampler
from gate.fuzz.service.shares import CONFIRM_SHARE, EXPLORE_SHARE, KEPT_SHARE, STARTS, Shares, visited
from gate.fuzz.service.steps import History, Step
from gate.fuzz.service.supply import Supply

MEMBERS = {
    "name": {"type": "string", "example": "Drill"},
    "email": {"type": "string"},
    "role": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "enum": ["admin", "member"]}]},
    "labels": {"type": "array", "items": {"type": "string"}},
    "owner_id": {"type": "integer"},
    "made_at": {"type": "string", "readOnly": True},
}


def sampled(schema: dict[str, Any], known: Any = None, **media: Any) -> list[Any]:
    content = {"application/json": {"schema": {"type": "object", **schema}, **media}}
    operation = {"requestBody": {"content": content}, "responses": {"201": {"description": "made"}}}
    contract = Contract({"openapi": "3.1.0", "paths": {"/tools": {"post": operation}}})
    pool = Pool(random.Random(0))
    (post,) = contract.operations
    if known is not None:
        exchange = Exchange("POST", "http://service/owners", 201, body=json.dumps({"id": known}).encode())
        pool.learn("owner", Step(1, GeneratedRequest("o", "POST", "/owners")), exchange, {}, created=True)
    return [request.body for request, _ in Sampler(contract, lambda: pool, ()).requests(post)]


def test_examples_come_first_then_the_least_and_the_whole_body() -> None:
    first, least, whole, *others = sampled({"properties": MEMBERS, "required": ["name"]}, example={"name": "Saw"})
    assert first == {"name": "Saw"}
    assert least == {"name": "Drill"}
    assert whole.keys() == {"name", "email", "role", "labels"}, "nothing read-only, and no id that is not known"
    assert whole["role"] == 1
    assert len(whole["labels"]) == 2
    assert all(body["name"] not in {"Saw", "Drill"} for body in others), "a service may take each text once"
    assert others[-1]["role"] == "admin", "another form of the same member"


def test_text_is_of_the_form_that_its_name_tells() -> None:
    bodies = sampled({"properties": MEMBERS, "required": ["email"]})
    assert all("@" in body["email"] for body in bodies)


def test_digits_of_a_pattern_are_those_of_the_standard() -> None:
    members = {"price": {"type": "string", "pattern": r"^\d{3,8}\.\d$"}}
    assert all(body["price"].isascii() for body in sampled({"properties": members, "required": ["price"]}))


@pytest.mark.parametrize("posted", [True, False])
def test_put_creates_only_what_no_post_does(posted: bool) -> None:
    item = {"responses": {"200": {"description": "done"}}}
    paths = {"/tools/{name}": {"put": item, "delete": item}, "/tools": {"post": item} if posted else {"get": item}}
    contract, sent = Contract({"openapi": "3.1.0", "paths": paths}), list[str]()
    pool, history = Pool(random.Random(0)), History()
    sampler = Sampler(contract, lambda: pool, ())

    def send(operation: Operation, _: Step) -> bool:
        sent.append(str(operation))
        return True

    supply = Supply(contract.operations, {"tool"}, Cases(contract.document, 0), sampler, send)
    supply.begin(pool, Filler(random.Random(0), pool, history, ()))
    supply.quick = True
    put = next(each for each in contract.operations if each.method == "PUT")
    assert list(supply.plausible(put))
    assert set(sent) == ({"POST /tools"} if posted else set())


def test_state_that_is_in_the_way_is_left_by_a_resource_made_anew() -> None:
    done = {"responses": {"200": {"description": "done"}}}
    body = {"requestBody": {"content": {"application/json": {"schema": {"properties": {"note": {"type": "string"}}}}}}}
    contract = Contract(
        {"openapi": "3.1.0", "paths": {"/orders": {"post": done}, "/orders/{id}": {"patch": body | done}}}
    )
    post, patch = sorted(contract.operations, key=lambda each: each.path)
    pool, history = Pool(random.Random(0)), History()

    def send(operation: Operation, sent: Step) -> bool:
        exchange = Exchange("POST", "http://service/orders", 201, body=json.dumps({"id": sent.number}).encode())
        pool.learn("order", sent, exchange, {}, created=True)
        return operation is post

    supply = Supply([post, patch], {"order"}, Cases(contract.document, 0), Sampler(contract, lambda: pool, ()), send)
    supply.begin(pool, Filler(random.Random(0), pool, history, ()))
    supply.quick = True
    steps = list(supply.anew(patch))
    assert len({each.values["id"] for each in steps}) == len(steps) > 1


@pytest.mark.parametrize(
    ("kinds", "known", "expected"),
    [("integer", 7, 7), (["integer", "null"], 7, 7), (["string", "null"], 7, "gate-1"), ("string", "a", "a")],
)
def test_known_id_stands_where_its_type_may(kinds: Any, known: Any, expected: Any) -> None:
    schema = {"properties": {"owner_id": {"type": kinds}}, "required": ["owner_id"]}
    assert sampled(schema, known)[0] == {"owner_id": expected}


def operations(*methods: str) -> list[Operation]:
    paths: dict[str, Any] = {f"/{number}": {method: {"responses": {}}} for number, method in enumerate(methods)}
    return Contract({"openapi": "3.1.0", "paths": paths}).operations


def test_operation_that_writes_has_more_time_and_what_is_left_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    get, post, other = operations("get", "post", "get")
    shares = Shares(60.0, [get, post, other])
    assert list(shares.of(get)) == pytest.approx([EXPLORE_SHARE * 10, 10.0])
    now = 1.0  # it took less
    assert shares.of(post)[0] - now == pytest.approx(EXPLORE_SHARE * 59 * 4 / 5)
    now = 50.0
    assert shares.of(other)[0] - now == pytest.approx(EXPLORE_SHARE * 10)
    now = 70.0
    assert now < shares.of(other)[0] < now + 1, "findings took its time"
    now = shares.confirmations
    assert shares.of(other) == (now, now) == (60 * (1 + CONFIRM_SHARE),) * 2


@pytest.mark.parametrize(("start", "kept"), [(0.1, STARTS * 0.1), (60.0, KEPT_SHARE * 600)])
def test_time_is_kept_for_confirmations_where_systems_start_slowly(
    monkeypatch: pytest.MonkeyPatch, start: float, kept: float
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    (post,) = operations("post")
    shares = Shares(600.0, [post])
    assert shares.of(post, start)[1] == pytest.approx(600.0 - kept)
    shares.take(kept / 2)
    assert shares.kept(start) == pytest.approx(kept / 2)
    shares.take(kept)
    assert shares.kept(start) == 0.0


def test_resource_is_made_where_those_of_its_kind_lack_the_member_that_is_asked_for() -> None:
    done = {"responses": {"200": {"description": "done"}}}
    body = {
        "requestBody": {"content": {"application/json": {"schema": {"properties": {"plan_id": {"type": "string"}}}}}}
    }
    paths = {
        "/plans": {"post": done},
        "/teams/plans": {"post": done},
        "/plans/{id}": {"get": done},
        "/uses": {"post": body | done},
    }
    contract, sent = Contract({"openapi": "3.1.0", "paths": paths}), list[str]()
    pool, history = Pool(random.Random(0)), History()

    def send(operation: Operation, step: Step) -> bool:
        sent.append(operation.path)
        created = {"name": "basic"} if operation.path == "/plans" else {"id": "7"}
        exchange = Exchange("POST", "http://service/plans", 201, body=json.dumps(created).encode())
        pool.learn("plan", step, exchange, {}, created=True)
        return True

    sampler = Sampler(contract, lambda: pool, ())
    supply = Supply(contract.operations, {"plan"}, Cases(contract.document, 0), sampler, send)
    supply.begin(pool, Filler(random.Random(0), pool, history, ()))
    supply.quick = True
    uses = next(each for each in contract.operations if each.path == "/uses")
    assert [each.request.body for each in supply.plausible(uses)][-1] == {"plan_id": "7"}
    assert sent == ["/plans", "/teams/plans"]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_share_the_visits_but_for_lists(workers: int) -> None:
    done: dict[str, Any] = {"responses": {}}
    paths = {"/notes": {"get": done, "post": done}, "/notes/{id}": {"get": done, "put": done, "delete": done}}
    whole = Contract({"openapi": "3.1.0", "paths": paths}).operations
    parts = [list(map(str, visited(whole, worker, workers))) for worker in range(workers)]
    times = {operation: sum(operation in part for part in parts) for operation in map(str, whole)}
    assert times == {operation: workers if operation == "GET /notes" else 1 for operation in times}
