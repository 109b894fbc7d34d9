"""Beside others, a run changes what it created itself and judges the rows of its own requests alone."""

from __future__ import annotations

import random
from typing import Any

import pytest

from gate.contract.document import Contract
from gate.core.effect import Effect, RowChange
from gate.core.exchange import Exchange
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.service.owned import Owned, renewed
from gate.fuzz.service.steps import Step

ANSWERS = {"responses": {"200": {"description": "done"}}}
COLUMNS = {"items": {"id": "integer", "name": "text"}, "events": {"id": "integer"}}
ID = {"parameters": [{"name": "item_id", "in": "path", "required": True, "schema": {"type": "integer"}}]}
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "items", "version": "1"},
    "paths": {
        "/items": {"get": ANSWERS, "post": ANSWERS, "delete": ANSWERS},
        "/items/{item_id}": {**ID, "get": ANSWERS, "patch": ANSWERS, "delete": ANSWERS},
        "/items/{item_id}/parts": {**ID, "post": ANSWERS},
        "/orders": {"post": {**ANSWERS, "description": "example-123456"}},
    },
}
TEXT = "gate-482913"


@pytest.fixture
def owned() -> Owned:
    """The resources of a run that has created item 7."""
    owned = Owned(Contract(DOCUMENT), "/api")
    created = [RowChange("items", "7", None, {"id": 7, "name": TEXT})]
    owned.laid(created, _post(7), COLUMNS)
    owned.learn(
        _operation(owned, "/api/items"), Effect(_post(7), "POST /items", changes=created, columns=COLUMNS), rows=True
    )
    return owned


def _operation(owned: Owned, path: str) -> Any:
    return owned._contract.operation("POST", path.removeprefix("/api"))


def _post(number: int, status: int = 201, name: str = TEXT) -> Exchange:
    sent, answer = f'{{"name": "{name}"}}', f'{{"id": {number}, "name": "{name}"}}'
    return Exchange("POST", "http://h/api/items", status, {}, sent.encode(), {}, answer.encode())


def _step(method: str, target: str, body: Any = None, **values: str) -> Step:
    request = GeneratedRequest("", method, target, body=body, has_body=body is not None)
    return Step(1, request, values)


@pytest.mark.parametrize(
    ("method", "path", "permitted"),
    [
        ("GET", "/api/items/8", True),
        ("POST", "/api/items", True),
        ("PATCH", "/api/items/7", True),
        ("DELETE", "/api/items/7", True),
        ("POST", "/api/items/7/parts", True),
        ("PATCH", "/api/items/8", False),
        ("DELETE", "/api/items/8", False),
        ("POST", "/api/items/8/parts", False),
        ("DELETE", "/api/items", False),
        ("PUT", "/api/items/7", False),
        ("DELETE", "/api/items/7%2F..%2F8", False),
        ("POST", "/api/nowhere", False),
    ],
)
def test_only_what_the_run_created_is_changed(owned: Owned, method: str, path: str, *, permitted: bool) -> None:
    assert owned.may(method, path) is permitted


def test_no_more_is_created_than_a_run_may(owned: Owned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gate.fuzz.service.owned.MOST_MADE", 1)
    assert [owned.may(*each) for each in (("POST", "/api/items"), ("DELETE", "/api/items/7"))] == [False, True]


@pytest.mark.parametrize(
    ("body", "permitted"),
    [
        ({"item_id": 7}, True),
        ({"item_id": 987_654_321}, True),
        ({"note": 8}, True),
        ({"item_id": 8}, False),
        ({"lines": [{"item_id": 8}]}, False),
        ({"item_id": "3f2a9c41-0000-4000-8000-000000000001"}, False),
    ],
)
def test_body_names_no_resource_of_others(owned: Owned, body: Any, *, permitted: bool) -> None:
    step = _step("POST", "/orders", body)
    assert owned.permits(step, {"3f2a9c41-0000-4000-8000-000000000001"}.__contains__) is permitted


def test_path_may_name_what_nobody_has(owned: Owned) -> None:
    step = _step("PATCH", "/items/{item_id}", item_id="gate-118822")
    assert not owned.permits(step, lambda _: True)
    assert owned.permits(step, lambda _: False)


def test_text_that_an_answer_showed_is_not_free(owned: Owned) -> None:
    answer = Exchange("GET", "http://h/api/items", 200, body=b'[{"id": "gate-118822"}]')
    owned.learn(_operation(owned, "/api/items"), Effect(answer, "GET /items"), rows=False)
    assert not owned.permits(_step("DELETE", "/items/{item_id}", item_id="gate-118822"), lambda _: False)


def test_changes_are_those_of_own_rows_and_of_what_was_sent(owned: Owned) -> None:
    mine = [
        RowChange("items", "7", {"id": 7}, {"id": 7, "name": "other"}),
        RowChange("log", "1", None, {"id": 1, "text": f"new: {TEXT}"}),
        RowChange("parts", "3", None, {"id": 3, "item_id": 7}),
        RowChange("items", "9", {"id": 9, "name": "a"}, {"id": 9, "name": TEXT}),
    ]
    others = [
        RowChange("items", "8", None, {"id": 8, "name": "a"}),
        RowChange("items", "2", {"id": 2}, None),
        RowChange("log", "2", None, {"id": 2, "text": "others"}),
        RowChange("parts", "4", None, {"id": 4, "item_id": 8}),
    ]
    assert owned.laid([*others, *mine], _post(5, 500), COLUMNS) == mine


def test_row_with_a_number_as_key_has_to_be_like_its_answer(owned: Owned) -> None:
    exchange = _post(12, name="a")
    same, strange = ({"id": 12, "name": name} for name in ("a", "b"))
    assert owned.laid([RowChange("events", "12", None, {"id": 12})], exchange, COLUMNS) == []
    assert owned.laid([RowChange("items", "12", None, strange)], exchange, COLUMNS) == []
    assert owned.laid([RowChange("items", "12", None, same)], exchange, COLUMNS) != []


@pytest.mark.parametrize(("status", "rows", "claimed"), [(201, False, True), (200, False, False), (201, True, False)])
def test_resource_is_the_run_s_own_by_its_row_or_by_201(*, status: int, rows: bool, claimed: bool) -> None:
    owned = Owned(Contract(DOCUMENT), "/api")
    owned.learn(_operation(owned, "/api/items"), Effect(_post(7, status), "POST /items"), rows=rows)
    assert owned.may("DELETE", "/api/items/7") is claimed
    assert [path for _, path in owned.removable()] == ["/api/items/7"] * claimed


def test_texts_are_renewed_alike_wherever_they_stand(owned: Owned) -> None:
    first = _step("POST", "/items", {"name": TEXT, "kind": "example-123456", "day": "2031-03-04", "size": "small"})
    second = _step("PATCH", "/items/{item_id}", {"name": f"{TEXT} é"}, item_id=TEXT)
    created, changed = renewed([first, second], owned, random.Random(1))
    name = created.request.body["name"]
    assert name != TEXT
    assert len(name) == len(TEXT)
    assert created.request.body == {**first.request.body, "name": name}
    assert changed.values == {"item_id": name}
    assert changed.request.body["name"].endswith(" é")
