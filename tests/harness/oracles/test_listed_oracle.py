"""A list in several ways: red where they do not fit together, silent where a service may mean it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from gate.contract.document import Contract
from gate.core.effect import Effect
from gate.core.exchange import Exchange
from gate.core.record import Observations, Record
from gate.fuzz.service.listing import listing_of
from gate.oracles import listed

ENTRIES = [
    {"id": number, "name": f"Item {number}", "state": "open" if number % 2 else "done"} for number in range(1, 6)
]


def query(**schemas: Any) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()]


def document(parameters: list[dict[str, Any]]) -> Contract:
    operation = {"parameters": parameters, "responses": {"200": {"description": "all"}}}
    return Contract({"openapi": "3.1.0", "paths": {"/items": {"get": operation}}})


def answer(entries: Any) -> Exchange:
    return Exchange("GET", "http://service/items", 200, body=json.dumps(entries).encode())


class Service:
    """Answers as ``fault`` says."""

    def __init__(self, fault: str = "", *, inner: bool = False) -> None:
        self._fault = fault
        self._inner = inner
        self._asked = 0

    def ask(self, places: Mapping[str, str]) -> Exchange:
        """The answer to the list with these parameters."""
        self._asked += 1
        entries = list(ENTRIES)
        if self._fault == "again" and self._asked % 2:
            entries.reverse()
        if "state" in places and self._fault != "filter":
            entries = [entry for entry in entries if entry["state"] == places["state"]]
        if "name" in places:  # looks for parts, as many do
            entries = [entry for entry in entries if places["name"].lower() in str(entry["name"]).lower()]
        total, size = len(entries), int(places.get("limit", 100))
        begin = int(places.get("offset", 0)) or (int(places.get("page", 1)) - 1) * size
        begin = int(places["cursor"]) if "cursor" in places else begin
        begin += bool(begin) if self._fault == "lost" else -bool(begin) if self._fault == "twice" else 0
        after = begin + size
        entries = entries[begin : after + (self._fault == "more")]
        stated = {"total": total + 1, "total of a page": len(entries)}.get(self._fault, total)
        paging = {"total": stated, "nextCursor": str(after) if after < total else None}
        return answer({"items": entries, "meta": paging} if self._inner else {"items": entries, **paging})


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("", None),
        ("again", listed.AGAIN),
        ("filter", listed.FILTER),
        ("lost", listed.PAGES),
        ("twice", listed.PAGES),
        ("more", listed.MORE),
        ("total", listed.PAGES),
        ("total of a page", listed.PAGES),
    ],
)
@pytest.mark.parametrize("place", ["offset", "page", "cursor"])
def test_list_is_asked_for_again_in_pages_and_with_filters(fault: str, code: str | None, place: str) -> None:
    whole = {"type": "integer", "minimum": 1}
    parameters = query(limit=whole, state={"type": "string"}, name={"type": "string"}, **{place: {"type": "integer"}})
    (operation,) = document(parameters).operations
    listing = listing_of(operation, Service(fault, inner=place == "cursor").ask)
    assert listing is not None
    effect = Effect(listing.whole, "GET /items", listing=listing)
    findings = {finding.code for finding in listed.check(Record("", effects=[effect]), Observations(), document([]))}
    assert code in findings if code else not findings


@pytest.mark.parametrize("kept", [True, False])
def test_filter_is_tried_where_all_entries_are_alike(kept: bool) -> None:
    def ask(places: Mapping[str, str]) -> Exchange:
        return answer([] if kept and places.get("active") == "false" else [{"id": 1, "active": True}])

    (operation,) = document(query(active={"anyOf": [{"type": "boolean"}, {"type": "null"}]})).operations
    listing = listing_of(operation, ask)
    assert listing is not None
    effect = Effect(listing.whole, "GET /items", listing=listing)
    findings = [each.code for each in listed.check(Record("", effects=[effect]), Observations(), document([]))]
    assert findings == ([] if kept else [listed.FILTER])


@pytest.mark.parametrize(
    ("answers", "codes"),
    [
        ([{"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}], []),
        ([{"a": 1}, {"a": 2}, {"a": 3}, {"a": 4}], []),
        ([{"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}], []),
        ([{"a": 1}, {"a": 0}, {"a": 1}, {"a": 0}], [listed.AGAIN]),
    ],
    ids=["steady", "moving", "kept", "unsteady"],
)
def test_answer_that_changes_back_is_unsteady(answers: list[Any], codes: list[str]) -> None:
    (operation,) = document([]).operations
    listing = listing_of(operation, lambda _: answer(answers.pop(0)))
    assert listing is not None
    effect = Effect(listing.whole, "GET /items", listing=listing)
    findings = listed.check(Record("", effects=[effect]), Observations(), document([]))
    assert [finding.code for finding in findings] == codes


def test_list_without_parameters_is_asked_for_again_alone() -> None:
    (operation,) = document([]).operations
    listing = listing_of(operation, Service().ask)
    assert listing is not None
    assert not listing.pages
    assert not listing.filtered
