"""The coverage of a contract is recorded from exchanges, each part once."""

from __future__ import annotations

import json
from typing import Any

from beacon.contract import published
from gate.contract.coverage import CoverageRecorder, coverable
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


def recorded(sent: Any, answered: Any, path: str = "/shirts/7?fold=yes") -> dict[str, list[str]]:
    exchange = Exchange(
        "PUT", f"http://h{path}", 200, request_body=json.dumps(sent).encode(), body=json.dumps(answered).encode()
    )
    return CoverageRecorder(CONTRACT).record(CONTRACT.operations[0], exchange)


def test_parameters_fields_and_values_are_recorded() -> None:
    """Request and response count alike; an enumerated value counts only where it is used."""
    reached = recorded({"size": "S"}, {"size": "L", "tags": ["a"]})
    assert set(reached["parameters"]) == {"putShirt path id", "putShirt query fold"}
    assert set(reached["fields"]) == {
        "putShirt body /size",
        "putShirt 200 /size",
        "putShirt 200 /tags",
        "putShirt 200 /tags/*",
    }
    assert set(reached["values"]) == {
        'putShirt query fold "yes"',
        'putShirt body /size "S"',
        'putShirt 200 /size "L"',
    }


def test_keywords_of_requests_are_satisfied_or_violated() -> None:
    """A value of another type neither satisfies nor violates the keywords for its size."""
    shirt = "request /components/schemas/Shirt"
    good = set(recorded({"size": "S", "tags": ["ab"]}, {})["keywords"])
    bad = set(recorded({"tags": ["abc", 5], "colour": 1}, {})["keywords"])
    assert {f"{shirt}/required satisfied", f"{shirt}/properties/size/enum satisfied", f"{shirt}/type satisfied"} <= good
    assert f"{shirt}/properties/tags/items/maxLength satisfied" in good
    assert not any(name.endswith("violated") for name in good)
    assert {name for name in bad if name.endswith("violated")} == {
        f"{shirt}/required violated",
        f"{shirt}/additionalProperties violated",
        f"{shirt}/properties/tags/items/type violated",
        f"{shirt}/properties/tags/items/maxLength violated",
    }
    assert f"{shirt}/properties/tags/items/maxLength satisfied" not in bad


def test_parameters_are_read_as_the_type_that_they_have() -> None:
    """An integer that is too small violates its minimum, text violates the type."""
    place = "request /paths/~1shirts~1{id}/put/parameters/0/schema"
    assert f"{place}/minimum violated" in recorded({}, {}, "/shirts/0")["keywords"]
    assert f"{place}/type violated" in recorded({}, {}, "/shirts/x")["keywords"]


def test_half_of_a_surrogate_pair_is_no_error() -> None:
    """The body is JSON, but not the text that a schema describes."""
    exchange = Exchange("PUT", "http://h/shirts/7", 400, request_body=b'{"size": "\\ud800"}')
    reached = CoverageRecorder(CONTRACT).record(CONTRACT.operations[0], exchange)
    assert "putShirt body /size" in reached["fields"]


def test_each_part_is_recorded_once() -> None:
    """The journal of a long run stays small."""
    recorder = CoverageRecorder(CONTRACT)
    exchange = Exchange("PUT", "http://h/shirts/7", 200, request_body=b'{"size": "S"}', body=b'{"size": "S"}')
    assert recorder.record(CONTRACT.operations[0], exchange)
    assert recorder.record(CONTRACT.operations[0], exchange) == {}


def test_every_part_that_is_recorded_can_be_covered_and_the_rest_is_known() -> None:
    """A value that no exchange had is among the parts that a run can reach."""
    contract = published()
    every = coverable(contract)
    example = contract.document["components"]["examples"]["CrossRegionFixPlan"]["value"]
    operation = next(entry for entry in contract.operations if entry.id == "submitCrossRegionJob")
    exchange = Exchange("POST", f"http://h{operation.path}", 400, request_body=json.dumps(example).encode())
    facts = CoverageRecorder(contract).record(operation, exchange)
    for kind, names in facts.items():
        assert set(names) < every[kind]
    unseen = 'submitCrossRegionJob body /target_regions/* "APAC"'
    assert unseen in every["values"] - set(facts["values"])
