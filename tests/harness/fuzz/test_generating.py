"""Cases that take longer to generate than an operation has time are left out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gate.contract.document import Contract
from gate.fuzz import store
from gate.fuzz.cases import AnyCase, Cases
from gate.fuzz.service.generating import Generator
from gate.fuzz.service.schemas import takes_anything

(OPERATION,) = Contract({"openapi": "3.1.0", "paths": {"/notes": {"get": {"responses": {}}}}}).operations


class Slow:
    """Cases that take ``seconds`` to be generated."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now, self.deadline = seconds, 0.0, 0.0

    @contextmanager
    def by(self, deadline: float) -> Iterator[None]:
        """Keeps the deadline."""
        self.deadline = deadline
        yield

    def take(self, _: str, number: int) -> list[int]:
        """The cases, where they are there in time."""
        self.now = min(self.now + self.seconds, self.deadline)
        return list(range(number)) if self.now < self.deadline else []


def generated(monkeypatch: pytest.MonkeyPatch, seconds: float, times: int) -> list[tuple[int, float]]:
    """The numbers of cases of operations with two seconds of time each, and the time that each took."""
    slow: Any = Slow(seconds)
    monkeypatch.setattr(time, "monotonic", lambda: slow.now)
    generator, numbers = Generator(slow), []
    for _ in range(times):
        begun = slow.now
        cases = list(generator.cases(OPERATION, 3, begun + 2))
        numbers.append((len(cases), slow.now - begun))
    return numbers


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, True),
        ({"type": "string", "title": "Name"}, True),
        ({}, True),
        ({"type": "string", "format": "uuid"}, False),
        ({"type": "integer"}, False),
        ({"anyOf": [{"type": "null"}]}, False),
    ],
)
def test_parameters_that_are_any_text_leave_nothing_to_negate(schema: Any, expected: bool) -> None:
    place = {"name": "name", "in": "path", "required": True, "schema": schema}
    item = {"parameters": [place], "get": {"responses": {}}, "post": {"requestBody": {}, "responses": {}}}
    by_method = {each.method: each for each in Contract({"openapi": "3.1.0", "paths": {"/a/{name}": item}}).operations}
    assert takes_anything(by_method["GET"]) is expected
    assert not takes_anything(by_method["POST"])


def test_cases_that_are_soon_there_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [number for number, _ in generated(monkeypatch, 0.9, 4)] == [3, 3, 3, 3]


def test_cases_that_come_too_late_cost_half_the_time_and_are_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = generated(monkeypatch, 50, 4)
    assert [number for number, _ in numbers] == [0, 0, 0, 0]
    assert [seconds for _, seconds in numbers] == [1, 0, 1, 0]


def test_generating_ends_at_its_deadline_and_stores_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "user_cache_path", lambda _: tmp_path)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {"description": "read"}}}}},
    }
    cases, taken = Cases(document, 1), list[AnyCase]()
    with cases.by(time.monotonic()):
        taken += cases.take("a", 9)
    assert (taken, list(tmp_path.rglob("*.cases"))) == ([], [])
    taken += cases.take("a", 9)
    assert taken
