"""The oracles of single requests and their rows: red on their violation, silent on what is right or may be meant so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from gate.contract.document import Contract
from gate.core.effect import Declared, Effect, RowChange
from gate.core.exchange import Exchange
from gate.core.record import Observations, Record
from gate.fuzz.service import arguable
from gate.oracles import (
    assigned,
    created,
    declared_rows,
    deleted,
    failing,
    general,
    listed,
    quiet,
    repeated,
    sent_values,
)
from gate.oracles.registry import Oracle
from gate.oracles.row_values import created_row, differing, same

CONTRACT = Contract({"paths": {}})
COLUMNS = {
    "items": {
        "id": "integer",
        "name": "text",
        "email": "text",
        "price": "numeric",
        "labels": "jsonb",
        "role": "text",
        "owner_id": "integer",
        "made_at": "timestamp with time zone",
        "api_key": "text",
    },
    "events": {"id": "integer", "name": "text"},
}
DECLARED = frozenset({"name", "email", "price", "labels", "owner_id", "made_at", "api_key", "unknown"})


def effect(method: str, sent: Any, status: int = 200, answer: Any = None, **members: Any) -> Effect:
    bodies = [b"" if value is None else json.dumps(value).encode() for value in (sent, answer)]
    path = "/items" if method == "POST" else "/items/1"
    exchange = Exchange(method, f"http://service{path}", status, {}, bodies[0], {}, bodies[1])
    operation = f"{method} /items" + ("" if method == "POST" else "/{id}")
    values = {} if method == "POST" else {"id": "1"}
    return Effect(exchange, operation, DECLARED, columns=COLUMNS, **{"path_values": values, **members})


def row(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, key: str = "1") -> RowChange:
    return RowChange("items", key, None if before is None else dict(before), None if after is None else dict(after))


def codes(oracle: Oracle, *effects: Effect) -> list[str]:
    return [finding.code for finding in oracle.check(Record("", effects=effects), Observations(), CONTRACT)]


@pytest.mark.parametrize("oracle", general.ROW_ORACLES, ids=lambda oracle: oracle.name)
def test_minimal_violation_shows_every_code(oracle: Oracle) -> None:
    shown_codes = {finding.code for finding in oracle.check(*oracle.violation(CONTRACT), CONTRACT)}
    assert shown_codes == {code.id for code in oracle.codes}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"name": "a"}, {"name": "a"}),
        ({"email": "A@b.C "}, {"email": "a@b.c"}),
        ({"name": "example.org/a"}, {"name": "https://example.org/a"}),
        ({"price": 1.50}, {"price": 1.5}),
        ({"price": "1.50"}, {"price": 7}),
        ({"labels": {"a": [1, 2.0]}}, {"labels": {"a": [1, 2]}}),
        ({"labels": {}}, {"labels": "gAAAAABrDY7j4GUiRxu0VzF1Ot7QrpTyHjqj7mjPUYcwfcyt2L1pECpELw=="}),
        ({"made_at": "2024-01-01T01:00:00+01:00"}, {"made_at": "2024-01-01T00:00:00+00:00"}),
        ({"api_key": "secret"}, {"api_key": "e3b0c442"}),
        ({"unknown": "a"}, {"name": "b"}),
        ({"name": None}, {"name": "default"}),
        ({"role": "admin"}, {"role": "member"}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_values_that_are_stored_in_another_form_are_no_findings(sent: Any, stored: Any) -> None:
    whole = {"id": 1, "name": "x", **stored}
    assert codes(sent_values.ORACLE, effect("POST", {"name": "x", **sent}, changes=[row(None, whole)])) == []


def test_text_in_a_document_is_compared_however_much_it_looks_encrypted() -> None:
    assert not same("a" * 60, "b" * 60, "jsonb")


def test_value_that_is_stored_otherwise_is_a_finding_of_its_member() -> None:
    stored = {"id": 1, "name": "b", "price": 2}
    (finding,) = sent_values.check(
        Record("", effects=[effect("POST", {"name": "b", "price": 3}, changes=[row(None, stored)])]),
        Observations(),
        CONTRACT,
    )
    assert (finding.where, finding.got) == ("POST /items /price -> items.price", "2 in the row")


@pytest.mark.parametrize(("since", "expected"), [("2024-01-01T00:00:00+00:00", []), (None, ["archived"])])
def test_boolean_may_be_kept_as_the_time_since_when_it_holds(since: str | None, expected: list[str]) -> None:
    types = {"archived": "boolean", "archived_at": "timestamp with time zone"}
    stored = {"archived": False, "archived_at": since}
    assert [name for name, *_ in differing({"archived": True}, stored, types)] == expected


def test_parameter_of_the_path_wins_over_a_member() -> None:
    stored = row({"id": 1, "owner_id": 1}, {"id": 1, "owner_id": 2})
    put = effect("PUT", {"owner_id": 7}, addressed=stored, path_values={"ownerId": "2", "id": "1"})
    assert codes(sent_values.ORACLE, put) == []
    put = effect("PUT", {"name": "a"}, addressed=row({"id": 1, "name": "b"}, {"id": 1, "name": "b"}), path_values={})
    assert codes(sent_values.ORACLE, put) == ["BG-SENT-002"]
    assert codes(sent_values.ORACLE, replace(put, path_values={"nameId": "b"})) == []


def test_patch_keeps_what_it_does_not_name() -> None:
    before, after = {"id": 1, "name": "a", "price": 4}, {"id": 1, "name": "b", "price": 10}
    reset = effect("PATCH", {"name": "b"}, addressed=row(before, after))
    assert codes(sent_values.ORACLE, reset) == ["BG-SENT-003"]
    assert codes(sent_values.ORACLE, effect("PUT", {"name": "b"}, addressed=row(before, after))) == []


@pytest.mark.parametrize(
    ("sent", "stored", "nullable", "expected"),
    [
        ("", None, {"name"}, ["BG-SENT-001"]),
        ("", None, set(), []),
        ("", "", {"name"}, []),
        (None, "default", {"name"}, []),
    ],
    ids=["lost", "the same to the document", "kept", "chosen"],
)
def test_empty_text_is_not_null(sent: Any, stored: Any, nullable: set[str], expected: list[str]) -> None:
    created_item = row(None, {"id": 1, "name": stored, "email": "a@b.c"})
    post = effect("POST", {"name": sent, "email": "a@b.c"}, changes=[created_item], nullable=frozenset(nullable))
    assert codes(sent_values.ORACLE, post) == expected


@pytest.mark.parametrize(("role", "doubt"), [(None, ""), ("b", arguable.NULL)], ids=["taken elsewhere", "nowhere"])
def test_null_that_a_row_does_not_take_is_a_fault_if_it_takes_others(role: str | None, doubt: str) -> None:
    before, after = {"id": 1, "name": "a", "role": "b"}, {"id": 1, "name": "a", "role": role}
    sent, both = {"name": None, "role": None}, frozenset({"name", "role"})
    patch = effect("PATCH", sent, addressed=row(before, after), nullable=both)
    finding, *_ = sent_values.check(Record("", effects=[patch]), Observations(), CONTRACT)
    assert finding.cause == ("BG-SENT-002", "PATCH /items/{id} /name (null) -> items.name")
    assert arguable.reason(finding, patch) == doubt


@pytest.mark.parametrize(
    ("answered", "stored", "expected"),
    [("12.5", 12.5, []), ("13", 13, ["BG-SENT-001"]), ("12.5", 1250, []), (None, 13, [])],
    ids=["as sent", "rounded", "in another unit", "not shown"],
)
def test_decimal_in_a_text_is_stored_as_a_number(answered: str | None, stored: float, expected: list[str]) -> None:
    created_item = row(None, {"id": 1, "name": "a", "price": stored})
    sent = {"name": "a", "price": "12.50"}
    post = effect("POST", sent, answer={"id": 1, "price": answered}, changes=[created_item])
    assert codes(sent_values.ORACLE, post) == expected


def test_entries_of_a_list_are_stored_as_sent() -> None:
    rows = [row(None, {"id": number, "name": name, "price": 1}, str(number)) for number, name in enumerate("ab")]
    entries = [{"name": "b", "price": 1}, {"name": "a", "price": 2}]
    assert codes(sent_values.ORACLE, effect("POST", entries, 201, changes=rows)) == ["BG-SENT-001"]
    assert codes(sent_values.ORACLE, effect("POST", entries, 201, changes=rows[:1])) == []


def test_reference_to_nothing_is_refused() -> None:
    created_item = row(None, {"id": 1, "name": "a", "owner_id": 7})
    post = effect("POST", {"name": "a", "owner_id": 7}, 201, changes=[created_item])
    assert codes(sent_values.ORACLE, replace(post, nowhere=["owner_id"])) == ["BG-SENT-006"]
    assert codes(sent_values.ORACLE, post) == []


def test_update_of_one_row_alone() -> None:
    first, second = (row({"id": key, "name": "a"}, {"id": key, "name": "b"}, str(key)) for key in (1, 2))
    patch = effect("PATCH", {"name": "b"}, addressed=first, changes=[first, second])
    assert codes(sent_values.ORACLE, patch) == ["BG-SENT-004"]


@pytest.mark.parametrize(
    ("stored", "answer", "expected"),
    [("hand", "hand", []), ("power", "power", ["BG-SENT-005"]), (None, "hand", []), (None, None, ["BG-SENT-005"])],
    ids=["stored", "another", "put in when read", "lost"],
)
def test_documented_default_is_stored(stored: str | None, answer: str | None, expected: list[str]) -> None:
    created_item = row(None, {"id": 1, "name": "a", "role": stored})
    post = effect("POST", {"name": "a"}, answer={"id": 1, "role": answer}, changes=[created_item])
    assert codes(sent_values.ORACLE, replace(post, defaults={"role": "hand"})) == expected


def test_creation_leaves_other_rows_alone() -> None:
    changed = row({"id": 1, "name": "a", "price": 1}, {"id": 1, "name": "a", "price": 2})
    assert codes(created.ORACLE, effect("POST", {"name": "a", "price": 2}, 201, changes=[changed])) == [
        "BG-CREATED-003"
    ]
    assert codes(created.ORACLE, effect("POST", {"name": "a", "price": 2}, 200, changes=[changed])) == []


def test_created_row_is_the_one_most_like_request_and_answer() -> None:
    event = RowChange("events", "9", None, {"id": 9, "name": "item-added"})
    item = row(None, {"id": 3, "name": "a"}, "3")
    chosen = created_row(effect("POST", {"name": "a"}, answer={"id": 9, "name": "a"}, changes=[event, item]))
    assert chosen == item


def test_answer_is_compared_with_the_row_as_it_is_read() -> None:
    stored, later = {"id": 1, "name": "a", "price": 0}, {"id": 1, "name": "a", "price": 1}
    read = Exchange("GET", "http://service/items/1", 200, body=b'{"id": 1, "price": 1}')
    post = effect("POST", {"name": "a"}, answer=stored, changes=[row(None, stored)], read=read, read_row=later)
    assert codes(created.ORACLE, post) == []


@pytest.mark.parametrize(
    "answer", [{"id": 1, "name": "b"}, {"data": {"id": 1, "name": "b"}, "message": "made"}, {"item": {"name": "b"}}]
)
def test_answer_in_an_envelope_is_compared_with_the_row(answer: Any) -> None:
    post = effect("POST", {"name": "a"}, answer=answer, changes=[row(None, {"id": 1, "name": "a"})])
    assert codes(created.ORACLE, post) == ["BG-CREATED-002"]


def test_resource_that_an_answer_refers_to_is_not_that_of_the_answer() -> None:
    answer = {"secret": "s", "name": "a", "url": "u", "users": [], "by": "me", "role": {"id": 3, "name": "Viewer"}}
    post = effect("POST", {"name": "a"}, answer=answer, changes=[row(None, {"id": 1, "name": "a"})])
    assert codes(created.ORACLE, post) == []


@pytest.mark.parametrize(("number", "expected"), [(2, []), (1, ["BG-LISTED-005"])])
def test_created_resource_is_looked_for_in_each_list_of_an_answer(number: int, expected: list[str]) -> None:
    body = json.dumps({"users": [{"id": number}], "roles": [{"id": 9}]}).encode()
    items = Exchange("GET", "http://service/items", 200, body=body)
    post = effect("POST", {"name": "a"}, answer={"id": 2}, changes=[row(None, {"id": 2, "name": "a"}, "2")])
    assert codes(listed.ORACLE, replace(post, listed=items)) == expected


@pytest.mark.parametrize(
    ("stored", "answered", "expected"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"b": 2}, ["BG-CREATED-002"]),
        ({"a": Decimal("-1.175E-38")}, {"a": -1.175e-38, "b": 2}, []),
        (["x", "y"], [{"name": "x"}, {"name": "y", "kind": "z"}], []),
        (["x", "y"], [{"name": "y"}, {"name": "x"}], ["BG-CREATED-002"]),
    ],
)
def test_answer_may_add_to_a_document_and_take_nothing_from_it(stored: Any, answered: Any, expected: list[str]) -> None:
    created_now = row(None, {"id": 1, "name": "a", "meta": stored})
    post = effect("POST", {"name": "a"}, answer={"id": 1, "meta": answered}, changes=[created_now])
    columns = {table: {**types, "meta": "jsonb"} for table, types in post.columns.items()}
    assert codes(created.ORACLE, replace(post, columns=columns)) == expected


def test_value_that_has_to_be_unique_is_taken_once() -> None:
    post = effect("POST", {"name": "a"}, 201, {"id": 2}, changes=[row(None, {"id": 2, "name": "a"}, "2")])
    assert codes(created.ORACLE, post) == []
    assert codes(created.ORACLE, replace(post, taken=["name"])) == ["BG-CREATED-004"]


def test_login_that_creates_another_kind_of_row_is_no_creation() -> None:
    session = RowChange("events", "1", None, {"id": 1, "name": "login"})
    assert codes(created.ORACLE, effect("POST", {"name": "me"}, answer={"token": "t"}, changes=[session])) == []


@pytest.mark.parametrize(
    ("after", "status", "expected"),
    [(None, 404, []), ({"id": 1, "name": "a"}, 200, ["BG-DELETED-001"]), ({"id": 1, "name": "gone"}, 200, [])],
    ids=["gone", "kept", "marked"],
)
def test_deleted_row(after: dict[str, Any] | None, status: int, expected: list[str]) -> None:
    read = Exchange("GET", "http://service/items/1", status)
    delete = effect("DELETE", None, 204, addressed=row({"id": 1, "name": "a"}, after), read=read)
    assert codes(deleted.ORACLE, delete) == expected


@pytest.mark.parametrize(
    ("after", "status", "listed", "expected"),
    [
        (None, 404, [], []),
        (None, 404, [{"id": 1}], ["BG-DELETED-001"]),
        ({"id": 1, "name": "a", "role": "gone"}, 404, [{"id": 1}], ["BG-DELETED-001"]),
        ({"id": 1, "name": "a", "role": "gone"}, 404, [{"id": 2, "role": "1"}], []),
        ({"id": 1, "name": "a"}, 0, [{"id": 1}], ["BG-DELETED-001"]),
        ({"id": 1, "name": "gone"}, 0, [{"id": 1}], []),
    ],
    ids=["gone", "row gone", "marked and listed", "marked", "kept, with a list alone", "archived, with a list alone"],
)
def test_deleted_resource_is_not_listed(after: Any, status: int, listed: list[Any], expected: list[str]) -> None:
    read = Exchange("GET", "http://service/items/1", status) if status else None
    items = Exchange("GET", "http://service/items", 200, body=json.dumps({"data": listed}).encode())
    addressed = row({"id": 1, "name": "a"}, after)
    delete = effect("DELETE", None, 204, addressed=addressed, changes=[addressed], read=read, listed=items)
    assert codes(deleted.ORACLE, delete) == expected


def test_deletion_that_only_notes_its_time_removes_nothing() -> None:
    before, after = ({"id": 1, "updated_at": f"2024-01-01T00:00:0{second}+00:00"} for second in (1, 2))
    read = Exchange("GET", "http://service/items/1", 200)
    assert codes(deleted.ORACLE, effect("DELETE", None, 204, addressed=row(before, after), read=read)) == [
        "BG-DELETED-001"
    ]


def test_parts_go_with_their_resource() -> None:
    part = RowChange("events", "7", {"id": 7, "item_id": 1}, {"id": 7, "item_id": 1})
    gone, kept = row({"id": 1}, None), row({"id": 1}, {"id": 1, "role": "archived"})
    assert codes(deleted.ORACLE, effect("DELETE", None, 204, addressed=gone, parts=[part])) == ["BG-DELETED-003"]
    assert codes(deleted.ORACLE, effect("DELETE", None, 204, addressed=kept, parts=[part])) == []


def test_children_go_with_their_parent() -> None:
    parent, child = row({"id": 1, "name": "a"}, None), row({"id": 2, "owner_id": 1}, None, "2")
    assert codes(deleted.ORACLE, effect("DELETE", None, 204, addressed=parent, changes=[parent, child])) == []
    sibling = row({"id": 2, "price": 1}, None, "2")
    assert codes(deleted.ORACLE, effect("DELETE", None, 204, addressed=parent, changes=[parent, sibling])) == [
        "BG-DELETED-002"
    ]


def test_extra_member_that_changes_nothing_is_no_assignment() -> None:
    stored = row({"id": 1, "role": "admin"}, {"id": 1, "role": "admin"})
    assert codes(assigned.ORACLE, effect("PATCH", {"role": "admin"}, addressed=stored, extra={"role": "admin"})) == []


def test_repeated_request_that_creates_nothing() -> None:
    assert codes(repeated.ORACLE, effect("POST", {"name": "a"}, 201, {"id": 1}, repeats=True)) == []


def test_quiet_service_and_refusals_are_no_findings() -> None:
    refused = effect("POST", {"name": "a"}, 422, changes=[row(None, {"id": 1, "name": "b"})])
    assert [codes(each, refused) for each in (quiet.ORACLE, failing.ORACLE, created.ORACLE)] == [[], [], []]


@pytest.mark.parametrize(
    ("value", "stored", "type_", "equal"),
    [
        (0.1, 0.10000000149, "real", True),
        ("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "uuid", True),
        ("ab", "ab   ", "character", True),
        ("2024-01-01", "2024-01-01", "date", True),
        ("2024-01-01T00:00:00Z", "2024-01-01T02:00:00+00:00", "timestamp with time zone", False),
        (1, 2, "integer", False),
        (True, False, "boolean", False),
    ],
)
def test_values_are_equal_as_far_as_their_type_can_hold_them(
    value: Any, stored: Any, type_: str, *, equal: bool
) -> None:
    assert same(value, stored, type_) is equal


STATES = Declared(states={"items.name": {"new": ["paid", "void"], "paid": [], "void": ["new"]}})
TRANSITIONS = {
    "that is declared": ("new", "paid", []),
    "back from an end": ("paid", "new", ["items.name after paid"]),
    "to the same state": ("paid", "paid", []),
    "to an unknown state": ("new", "lost", ["items.name after new"]),
    "of a new row": (None, "void", []),
    "of a new row to an unknown state": (None, "lost", ["items.name"]),
}


@pytest.mark.parametrize(("before", "after", "places"), TRANSITIONS.values(), ids=TRANSITIONS)
@pytest.mark.parametrize("member", ["changes", "earlier"])
def test_transition_is_one_of_the_declared(before: str | None, after: str, places: list[str], member: str) -> None:
    """Also where the service makes it by itself, between two requests."""
    changed = row(None if before is None else {"name": before}, {"name": after})
    members: dict[str, Any] = {member: [changed]}
    patched = effect("PATCH", {}, declared_rows=STATES, **members)
    findings = declared_rows.ORACLE.check(Record("", effects=[patched]), Observations(), CONTRACT)
    assert [finding.where for finding in findings] == places


MODEL = {
    "allOf": [{"properties": {"price": {"type": "integer", "minimum": 0}}}],
    "properties": {"Name": {"maxLength": 3}},
}
ROWS = {
    "all allowed": ({"name": "abc", "price": Decimal(0), "other": 1}, []),
    "null of a member that may be left out": ({"name": None}, []),
    "too long": ({"name": "abcd"}, ["items.name"]),
    "below the least, of a part": ({"price": Decimal(-1)}, ["items.price"]),
}


@pytest.mark.parametrize(("stored", "places"), ROWS.values(), ids=ROWS)
def test_row_keeps_the_schema_that_is_declared_for_its_table(stored: Mapping[str, Any], places: list[str]) -> None:
    patched = effect("POST", {}, changes=[row(None, stored)], declared_rows=Declared(models={"items": MODEL}))
    findings = declared_rows.ORACLE.check(Record("", effects=[patched]), Observations(), CONTRACT)
    assert [finding.where for finding in findings] == places
