"""What a run exercises of the contract is noted from its exchanges, each thing once."""

from __future__ import annotations

import json
from typing import Any

from beacon.contract import published
from gate.contract.coverage import Exercise, everything, seen
from gate.contract.document import Contract
from gate.core.exchange import Exchange

BODY = {
    "type": "object",
    "required": ["size"],
    "additionalProperties": False,
    "properties": {
        "size": {"enum": ["S", "L"]},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 2}},
    },
}
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/shirts/{id}": {
            "put": {
                "operationId": "putShirt",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
                    {"name": "fold", "in": "query", "schema": {"type": "string", "enum": ["yes"]}},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Shirt"}}}},
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Shirt"}}}}
                },
            }
        }
    },
    "components": {"schemas": {"Shirt": BODY}},
}
CONTRACT = Contract(DOCUMENT)


def noted(sent: Any, answered: Any, path: str = "/shirts/7?fold=yes") -> dict[str, list[str]]:
    exchange = Exchange(
        "PUT", f"http://h{path}", 200, request_body=json.dumps(sent).encode(), body=json.dumps(answered).encode()
    )
    return Exercise(CONTRACT).note(CONTRACT.operations[0], exchange)


def test_parameters_fields_and_values_are_noted() -> None:
    """Those of the request and those of the answer, and enumerated values only where they are used."""
    found = noted({"size": "S"}, {"size": "L", "tags": ["a"]})
    assert set(found["parameters"]) == {"putShirt path id", "putShirt query fold"}
    assert set(found["fields"]) == {
        "putShirt body /size",
        "putShirt 200 /size",
        "putShirt 200 /tags",
        "putShirt 200 /tags/*",
    }
    assert set(found["values"]) == {
        'putShirt query fold "yes"',
        'putShirt body /size "S"',
        'putShirt 200 /size "L"',
    }


def test_keywords_of_requests_are_kept_and_broken_apart() -> None:
    """A value of another type neither keeps nor breaks what is about its size."""
    shirt = "request /components/schemas/Shirt"
    good = set(noted({"size": "S", "tags": ["ab"]}, {})["keywords"])
    bad = set(noted({"tags": ["abc", 5], "colour": 1}, {})["keywords"])
    assert {f"{shirt}/required kept", f"{shirt}/properties/size/enum kept", f"{shirt}/type kept"} <= good
    assert f"{shirt}/properties/tags/items/maxLength kept" in good
    assert not any(name.endswith("broken") for name in good)
    assert {name for name in bad if name.endswith("broken")} == {
        f"{shirt}/required broken",
        f"{shirt}/additionalProperties broken",
        f"{shirt}/properties/tags/items/type broken",
        f"{shirt}/properties/tags/items/maxLength broken",
    }
    assert f"{shirt}/properties/tags/items/maxLength kept" not in bad


def test_parameters_are_read_as_the_type_that_they_have() -> None:
    """An integer that is too small breaks its minimum, text breaks the type."""
    place = "request /paths/~1shirts~1{id}/put/parameters/0/schema"
    assert f"{place}/minimum broken" in noted({}, {}, "/shirts/0")["keywords"]
    assert f"{place}/type broken" in noted({}, {}, "/shirts/x")["keywords"]


def test_text_that_no_schema_is_about_is_no_error() -> None:
    """A lone surrogate is JSON, but no string."""
    exchange = Exchange("PUT", "http://h/shirts/7", 400, request_body=b'{"size": "\\ud800"}')
    found = Exercise(CONTRACT).note(CONTRACT.operations[0], exchange)
    assert "putShirt body /size" in found["fields"]


def test_each_thing_is_noted_once() -> None:
    """So that the journal of a long run stays small."""
    exercise = Exercise(CONTRACT)
    exchange = Exchange("PUT", "http://h/shirts/7", 200, request_body=b'{"size": "S"}', body=b'{"size": "S"}')
    assert exercise.note(CONTRACT.operations[0], exchange)
    assert exercise.note(CONTRACT.operations[0], exchange) == {}


def test_what_was_never_seen_stands_beside_what_was() -> None:
    """Whatever is noted is something that could be, and the rest is false."""
    contract = published()
    every = everything(contract)
    example = contract.document["components"]["examples"]["CrossRegionFixPlan"]["value"]
    operation = next(one for one in contract.operations if one.id == "submitCrossRegionJob")
    exchange = Exchange("POST", f"http://h{operation.path}", 400, request_body=json.dumps(example).encode())
    facts = Exercise(contract).note(operation, exchange)
    found = seen(contract, [{"kind": "shown", **facts}])
    for kind, names in facts.items():
        assert set(names) <= every[kind]
        assert {name for name, there in found[kind].items() if there} == set(names)
    assert found["values"]['submitCrossRegionJob body /target_regions/* "APAC"'] is False
