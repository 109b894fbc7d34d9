"""Ids that answers showed fill later requests by name, and are looked up again where a sequence is repeated."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest

from gate.contract.document import Contract
from gate.contract.nodes import Node
from gate.core.effect import Effect, RowChange
from gate.core.exchange import Exchange
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.service import mutations
from gate.fuzz.service.naming import Identifier, identifier, identifying, kind_of, order, own_kind, parameter
from gate.fuzz.service.pool import Pool, of_path
from gate.fuzz.service.refusals import Refusals
from gate.fuzz.service.schemas import ignored, unique
from gate.fuzz.service.steps import History, Reference, Step
from gate.fuzz.service.values import Values

VALUES = Values(random.Random(0), lambda name, _: f"fresh {name}")


def step(number: int, method: str = "POST", body: Any = None, **members: Any) -> Step:
    request = GeneratedRequest("o", method, members.pop("target", "/flows"), body=body, has_body=body is not None)
    return Step(number, request, **members)


def answer(body: Any, sent: Any = None, status: int = 201) -> Exchange:
    content = b"" if sent is None else json.dumps(sent).encode()
    return Exchange("POST", "http://service/flows", status, {}, content, {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("flow_id", Identifier("flow", "id")),
        ("flowRunId", Identifier("flowrun", "id")),
        ("featureName", Identifier("feature", "name")),
        ("id", Identifier("", "id")),
        ("tag_ids", Identifier("tag", "id")),
    ],
)
def test_names_mean_a_kind_and_a_member(name: str, expected: Identifier) -> None:
    assert identifier(name) == expected


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/flow_runs/{id}", "id", "flowrun"),
        ("/variables/name/{name}", "name", "variable"),
        ("/a/{projectId}", "projectId", "project"),
        ("/warehouses/{id}", "id", "warehouse"),
        ("/statuses/{id}", "id", "status"),
        ("/products/{sku}", "sku", "product"),
        ("/projects/{id}/members/{email}", "email", "member"),
        ("/flows/by-owner/{user}", "user", "user"),
    ],
)
def test_parameters_mean_the_kind_of_their_path(path: str, name: str, kind: str) -> None:
    assert parameter(path, name).kind == kind


def test_path_is_about_the_last_kind_that_it_names() -> None:
    assert kind_of("/flows/{id}/filter", {"flow"}) == "flow"


def test_collection_below_an_item_is_of_a_kind_of_its_own() -> None:
    assert own_kind("/customers/{id}/notes") == "note"
    assert own_kind("/customers/{id}") == own_kind("/customers/notes") == own_kind("/{id}/notes/{note}") == ""


@pytest.mark.parametrize(
    "body",
    [
        {"id": "f"},
        {"flow": {"id": "f"}},
        {"data": {"id": "f"}, "links": {"self": "/flows/f"}},
        [{"id": "f"}],
        {"items": [{"id": "f"}], "total": 1},
    ],
)
def test_pool_learns_from_every_form_of_answer(body: Any) -> None:
    pool = Pool(random.Random(0))
    pool.learn("flow", step(1), answer(body), {}, created=True)
    value = pool.of_name("flow_id")
    assert value is not None
    assert (value[0], value[1].step) == ("f", 1)


def test_resource_that_its_path_alone_identifies_is_learned() -> None:
    pool, own = Pool(random.Random(0)), {"email": ("a@b.org", Reference("", 1, None))}
    pool.learn("member", step(1), answer(None, {"role": "reader"}), {}, created=True, own=own)
    known = pool.pick(Identifier("member", ""))
    assert known is not None
    assert known.value(parameter("/projects/{id}/members/{email}", "email")) == own["email"]


def test_entries_are_identified_by_the_member_that_paths_have() -> None:
    responses = {"responses": {"200": {"description": "done"}}}
    contract = Contract({"paths": {"/products": {"get": responses}, "/products/{sku}": {"get": responses}}})
    assert identifying(contract.operations) == {"product": "sku"}
    pool = Pool(random.Random(0), identifying(contract.operations))
    pool.learn("product", step(1, "GET"), answer([{"sku": "a"}, {"sku": "b"}, {"sku": "a"}]), {}, created=False)
    newest = pool.newest(Identifier("product", ""))
    assert newest is not None
    assert newest.members["sku"] == ("b", Reference("", 1, "/1/sku"))


def test_way_to_a_list_has_the_writes_below_its_path() -> None:
    history, order, item = History(), step(1, target="/orders"), step(2, "PUT", target="/products/{sku}")
    for each in (order, item):
        history.add(each, Effect(answer({}), "POST"))
    ways = history.ways(step(3, "GET", target="/products?active=true"), Effect(answer([], status=200), "GET /products"))
    assert [[each.number for each in way] for way in ways] == [[3], [2, 3], [1, 2, 3]]


def test_resource_that_is_changed_stays_what_its_creation_showed() -> None:
    item = Contract({"paths": {"/flows/{flow_id}": {"patch": {"responses": {}}}}}).operations[0]
    created = Reference("path flow_id", 1, "/id")
    later = step(2, "PATCH", values={"flow_id": "f"}, references=(created,))
    assert of_path(item, later) == ({}, {"flowid": ("f", created)})
    pool = Pool(random.Random(0))
    pool.learn("flow", step(1), answer({"id": "f"}), {}, created=True)
    above, own = of_path(item, later)
    pool.learn("flow", later, answer({"id": "f"}, status=200), above, created=False, own=own)
    assert [pool.of_name("flow_id") for _ in range(9)] == [("f", replace(created, place=""))] * 9


def test_name_that_the_client_chose_is_learned_from_the_request() -> None:
    pool = Pool(random.Random(0))
    pool.learn("flow", step(1), answer(None, {"name": "mine"}), {}, created=True)
    assert pool.of_name("parent_flow_name") == ("mine", Reference("", 1, None))


def test_member_is_that_of_a_resource_which_has_it() -> None:
    pool = Pool(random.Random(0))
    for number in range(20):
        pool.learn("strategy", step(number), answer({"name": f"built-in {number}"}), {}, created=False)
    assert pool.of_name("strategyId") is not None, "a name identifies it where there is no id"
    pool.learn("strategy", step(20), answer({"id": 7, "name": "flexible"}), {}, created=True)
    values = [pool.of_name("strategyId") for _ in range(5)]
    assert [value[0] for value in values if value] == [7] * 5


def test_resource_below_another_is_not_the_one_of_the_same_name_elsewhere() -> None:
    pool = Pool(random.Random(0), {"strategy": "name"})
    pool.learn("strategy", step(1), answer([{"name": "flexible"}]), {}, created=False)
    above = {"feature": ("f", Reference("", 2, None))}
    pool.learn("strategy", step(2), answer({"id": 7, "name": "flexible"}), above, created=True)
    assert pool.has(Identifier("strategy", "id"))


def test_id_that_is_not_there_leaves_the_pool() -> None:
    pool = Pool(random.Random(0))
    pool.learn("flow", step(1), answer([{"id": 1}, {"id": 2}]), {}, created=False)
    pool.forget(Identifier("flow", "id"), "1")
    assert pool.of_name("flow_id") == (2, Reference("", 1, "/1/id"))
    pool.forget(Identifier("flow", "id"), "2")
    assert pool.kinds() == set()


def test_step_takes_ids_from_the_answers_of_a_repetition() -> None:
    references = (Reference("path id", 1, "/id"), Reference("query flow", 1, "/id"), Reference("body /a/0", 1, "/id"))
    later = step(2, "PATCH", {"a": ["old"]}, target="/flows/{id}?flow=old", values={"id": "old"}, references=references)
    filled = later.filled({1: answer({"id": "new/1"})})
    assert (filled.target, filled.request.body) == ("/flows/new%2F1?flow=new%2F1", {"a": ["new/1"]})
    assert Step.from_dict(json.loads(json.dumps(later.as_dict()))) == later


def test_list_that_is_shorter_in_a_repetition_gives_its_last_entry() -> None:
    later = step(2, "DELETE", target="/flows/{id}", values={"id": "4"}, references=(Reference("path id", 1, "/3/id"),))
    assert later.filled({1: answer([{"id": 1}, {"id": 2}])}).target == "/flows/2"
    with pytest.raises(LookupError):
        later.filled({1: answer([])})


def test_way_to_a_request_has_the_step_that_made_the_row_which_it_addresses() -> None:
    history, creation, last = History(), step(1), step(3, "DELETE", target="/flows/{id}")
    row = RowChange("flows", "1", None, {"id": 1})
    history.add(creation, Effect(answer({}), "POST /flows", changes=[row]))
    history.add(step(2), Effect(answer({}), "POST /flows"))
    addressed = Effect(answer(None), "DELETE /flows/{id}", addressed=RowChange("flows", "1", row.after, row.after))
    assert history.ways(last, addressed)[:2] == [[last], [creation, last]]


def test_history_knows_the_ways_to_a_step_the_shortest_first() -> None:
    history = History()
    first = step(1)
    changed = step(2, "PATCH", references=(Reference("path id", 1, "/id"),))
    other, last = step(3), step(4, "GET", references=(Reference("path id", 1, "/id"),))
    row = RowChange("flows", "1", None, {"id": 1})
    unchanged, insertion = (Effect(answer({}), "POST /flows", changes=rows) for rows in ((), [row]))
    for each, effect in ((first, unchanged), (changed, unchanged), (other, insertion)):
        history.add(each, effect)
    assert history.ways(last, unchanged) == [[first, last], [first, changed, last], [first, changed, other, last]]
    removal = replace(insertion, changes=[RowChange("flows", "1", {"id": 1}, None)])
    assert history.ways(last, removal)[:2] == [[first, last], [first, other, last]]


def test_bulk_deletion_is_last_and_creation_first() -> None:
    paths = {
        "/flows": ("get", "post", "delete"),
        "/flows/{id}": ("get", "delete", "put"),
        "/flows/{id}/runs": ("post",),
    }
    items: dict[str, Any] = {path: {method: {"responses": {}} for method in methods} for path, methods in paths.items()}
    ordered = [str(operation) for operation in order(Contract({"paths": items}).operations)]
    assert ordered[:2] == ["POST /flows", "POST /flows/{id}/runs"]
    assert ordered[-2:] == ["DELETE /flows/{id}", "DELETE /flows"]


def test_mutations_leave_one_member_wrong() -> None:
    base = step(1, body={"name": "a", "count": 1})
    bodies = [each.request.body for each in mutations.wrong(base, random.Random(0))]
    assert {"count": 1} in bodies
    assert all(sum(body.get(name) != value for name, value in base.request.body.items()) == 1 for body in bodies)


def test_text_of_another_row_comes_with_the_step_that_made_the_row() -> None:
    base = step(1, body={"name": "a", "slug": "s"})
    _, taken = list(mutations.colliding(base, [({"id": 7, "name": "b"}, 5)], random.Random(0)))
    assert taken.request.body == {"name": "b", "slug": "s"}
    assert [(each.step, each.pointer) for each in taken.references] == [(5, None)]
    members = {"name": MEMBER, "slug": MEMBER}
    own = mutations.refreshed(taken, base, members, {"name", "slug"}, lambda name, _: f"new {name}")
    assert own.request.body == {"name": "b", "slug": "new slug"}


def test_refused_update_has_other_values_than_are_stored() -> None:
    base = step(1, body={"email": "a@example.org", "role": "viewer"})
    wrong = step(2, body={"email": "taken@example.org", "role": "viewer"})
    accepted = {"email": ["b@example.org"], "role": ["viewer", "admin"]}
    assert mutations.otherwise(wrong, base, accepted).request.body == {"email": "taken@example.org", "role": "admin"}


def test_assignment_tries_the_columns_that_the_schema_does_not_have() -> None:
    table = mutations.Table({"id": "integer", "name": "text", "role": "text"}, [{"role": "admin"}, {"role": "member"}])
    steps = mutations.assigning(
        step(1, body={"name": "a"}), {"name": MEMBER}, {}, {"name": "a", "role": "member"}, table
    )
    assert [each.extra for each in steps] == [{"role": "admin"}, {"role": "gate-0"}]


MEMBER = Contract({"paths": {"/a": {"get": {"responses": {}}}}}).operations[0].node


def test_varied_values_keep_the_rules_of_their_schema() -> None:
    rules = {"maximum": 5, "minimum": 1, "type": "integer"}
    schema = {"type": "object", "properties": {"size": rules, "role": {"enum": ["a", "b"]}, "name": {"type": "string"}}}
    node = Node({}, "", schema)
    members = {name: node.child("properties", name) for name in schema["properties"]}
    bodies = [each.request.body for each in mutations.varied(step(1, body={"role": "a"}), members, VALUES)]
    assert [body["size"] for body in bodies if "size" in body] == [3, 1, 5]
    assert [body["role"] for body in bodies if len(body) == 1] == ["b"]
    assert len({body["name"] for body in bodies if "name" in body}) == len({"short", "long", "empty"})


def test_values_are_of_each_branch_of_a_choice() -> None:
    branches = [{"type": "integer", "minimum": 1, "maximum": 5}, {"type": "null"}, {"enum": ["Admin", "Viewer"]}]
    assert VALUES.valid("role", Node({}, "", {"anyOf": branches}), 1) == [3, "Admin", 5, "Viewer"]


def test_lists_have_an_order_that_sorting_loses() -> None:
    items = {"type": "string", "pattern": "^[a-z]{1,12}$"}
    node, texts = Node({}, "", {"type": "array", "items": items, "maxItems": 5}), iter("cab")
    (entries,) = Values(random.Random(0), lambda *_: next(texts)).valid("labels", node, None)
    assert sorted(entries) != entries


def test_text_with_a_pattern_that_no_usual_one_matches_is_made() -> None:
    node = Node({}, "", {"type": "string", "pattern": "^[A-Z]{3}$"})
    assert VALUES.valid("code", node, None) == ["fresh code"]
    decimal = Node({}, "", {"type": ["string", "null"], "pattern": r"^\d+\.\d{4}$"})
    assert all(float(text) for text in VALUES.valid("rate", decimal, None))


def test_null_is_sent_in_all_members_at_once_that_may_have_it() -> None:
    nullable, text = {"type": ["string", "null"]}, {"type": "string", "minLength": 1}
    node = Node({}, "", {"properties": {"a": nullable, "b": {"anyOf": [text, {"type": "null"}]}, "c": text}})
    members = {name: node.child("properties", name) for name in "abc"}
    bodies = [each.request.body for each in mutations.varied(step(1, body={"c": "x"}), members, VALUES)]
    assert {"a": None, "b": None, "c": "x"} in bodies
    assert [body for body in bodies if body.get("a") == ""]
    assert not [body for body in bodies if "" in (body.get("b"), body["c"])]


def test_last_entry_of_a_list_is_wrong_where_the_others_are_right() -> None:
    bodies = [each.request.body for each in mutations.of_list(step(1, body=[{"a": 1}]), random.Random(0))]
    assert [{"a": 1}, {"a": 1}] in bodies
    assert [{"a": 1}, {}] in bodies
    assert all(body[0] == {"a": 1} for body in bodies)


@pytest.mark.parametrize(
    ("description", "conflict", "expected"),
    [
        ("The unique code of a warehouse.", "Refused.", {"code"}),
        ("", "A warehouse with this code exists.", {"code"}),
        ("", "The state of the code does not allow it.", set()),
        ("", "It exists already.", set()),
    ],
)
def test_members_are_unique_where_the_document_says_so(description: str, conflict: str, expected: set[str]) -> None:
    schema = {"properties": {"code": {"type": "string", "description": description}, "name": {"type": "string"}}}
    body = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    operation = body | {"responses": {"409": {"description": conflict}}}
    (post,) = Contract({"openapi": "3.1.0", "paths": {"/warehouses": {"post": operation}}}).operations
    assert unique(post) == expected


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("When `false` variants are ignored. `true` by default.", {"variants"}),
        ("Whether it is ignored. The variants are used.", set()),
        ("The variants.", set()),
    ],
)
def test_members_are_ignored_where_the_document_says_so(description: str, expected: set[str]) -> None:
    described = {"enabled": Node({}, "", {"description": description}), "variants": Node({}, "", {})}
    assert ignored(described) == expected


def test_refusals_are_counted_by_cause_with_what_leads_further() -> None:
    refusals = Refusals()
    for number in (1, 2):
        refusals.add(answer({"detail": [{"loc": ["body", "x"], "msg": f"{number} is wrong"}]}, status=404))
    assert refusals.lines() == ["2x 404 body.x 1 is wrong"]
    assert "[rows.resources]" in refusals.advice
