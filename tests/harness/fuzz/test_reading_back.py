"""Entries of a list are compared with rows of their own kind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gate.contract.document import Contract
from gate.core.effect import Effect
from gate.core.exchange import Exchange
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.service.reading_back import ReadingBack
from gate.fuzz.service.steps import Step

READ = {"get": {"responses": {"200": {"description": "read"}}}}
CONTRACT = Contract(
    {
        "openapi": "3.1.0",
        "paths": {"/strategies": READ, "/strategies/{name}": READ, "/features/{featureName}/strategies": READ},
    }
)
WATCH: Any = SimpleNamespace(
    version=dict,
    changes=list,
    key_columns=lambda _: ["name"],
    named=lambda _, __, value: value,
    row=lambda _, key: {"name": key},
)
FACTS: Any = SimpleNamespace(base="", resources={})


@pytest.mark.parametrize(("path", "number"), [("/strategies", 1), ("/features/{featureName}/strategies", 0)])
def test_list_below_an_item_is_not_of_the_table_of_another_path(path: str, number: int) -> None:
    answer = Exchange("GET", "http://service/", 200, body=b'[{"name": "flexible"}]')
    reading = ReadingBack(CONTRACT, FACTS, WATCH, lambda _: answer, lambda *_: True)
    reading.tables["strategy"] = "strategies"
    operation = next(each for each in CONTRACT.operations if each.path == path)
    step = Step(1, GeneratedRequest("read", "GET", path), {"featureName": "a"})
    listing = reading.listed(Effect(answer, f"GET {path}"), operation, step).listing
    assert listing is not None
    assert len(listing.entries) == number
