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
from gate.fuzz.service.naming import Identifier, identifier, kind_of, order, parameter
from gate.fuzz.service.pool import Pool
from gate.fuzz.service.refusals import Refusals
from gate.fuzz.service.steps import History, Reference, Step


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
    ],
)
def test_parameters_mean_the_kind_of_their_path(path: str, name: str, kind: str) -> None:
    assert parameter(path, name).kind == kind


def test_path_is_about_the_last_kind_that_it_names() -> None:
    assert kind_of("/flows/{id}/filter", {"flow"}) == "flow"


@pytest.mark.parametrize(
    "body", [{"id": "f"}, {"flow": {"id": "f"}}, [{"id": "f"}], {"items": [{"id": "f"}], "total": 1}]
)
def test_pool_learns_from_every_form_of_answer(body: Any) -> None:
    pool = Pool(random.Random(0))
    pool.learn("flow", step(1), answer(body), {}, created=True)
    value = pool.of_name("flow_id")
    assert value is not None
    assert (value[0], value[1].step) == ("f", 1)


def test_name_that_the_client_chose_is_learned_from_the_request() -> None:
    pool = Pool(random.Random(0))
    pool.learn("flow", step(1), answer(None, {"name": "mine"}), {}, created=True)
    assert pool.of_name("parent_flow_name") == ("mine", Reference("", 1, None))


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
    bodies = [each.request.body for each in mutations.varied(step(1, body={"role": "a"}), members, random.Random(0))]
    assert [body["size"] for body in bodies if "size" in body] == [3, 1]
    assert [body["role"] for body in bodies if len(body) == 1] == ["b"]
    assert len({body["name"] for body in bodies if "name" in body}) == 2


def test_refusals_are_counted_by_cause_with_what_leads_further() -> None:
    refusals = Refusals()
    for number in (1, 2):
        refusals.add(answer({"detail": [{"loc": ["body", "x"], "msg": f"{number} is wrong"}]}, status=404))
    assert refusals.lines() == ["2x 404 body.x 1 is wrong"]
    assert "[rows.resources]" in refusals.advice
