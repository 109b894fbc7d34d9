"""Schemas as far as values reach into them."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from gate.contract.diff.reached import reached
from gate.contract.nodes import Node, absolute, registry
from tests.harness.support.documents import N, S, Schema, obj

TREE = obj("name", name={**S, "maxLength": 2}, below={"type": "array", "items": {"$ref": "#/components/schemas/Tree"}})
WHOLE: Schema = {"components": {"schemas": {"Tree": TREE}}}
SCHEMAS: list[Any] = [
    {"$ref": "#/components/schemas/Tree"},
    {"$ref": "#/components/schemas/Tree", "unevaluatedProperties": False},
    {"anyOf": [obj("a", a=N), {"$ref": "#/components/schemas/Tree"}], "not": {"required": ["b"]}},
    {"if": obj("a", a=N), "then": {"maxProperties": 1}, "else": {"type": ["array", "object"]}},
    {"dependentSchemas": {"a": obj("b", b=S)}, "dependentRequired": {"name": ["below"]}},
    {"patternProperties": {"^n": {"maxLength": 1}}, "additionalProperties": N, "propertyNames": {"maxLength": 4}},
    {"prefixItems": [S], "items": N, "contains": {"const": 2}, "maxContains": 1},
    {"prefixItems": [S], "contains": N, "unevaluatedItems": False},
    {"properties": {"a": False}, "additionalProperties": False},
    True,
    False,
]
VALUES: list[Any] = [
    *({}, {"a": 1}, {"a": "x"}, {"a": 1, "b": "x"}, {"name": "xy"}, {"name": "xyz"}, {"name": "x", "other": 1}),
    *({"name": "x", "below": []}, {"name": "x", "below": [{"name": "y", "below": [{"name": "xyz"}]}]}),
    *([], ["x"], ["x", 1], ["x", 2], ["x", 2, 2], [1], ["x", None], "x", 1, None),
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_the_same_values_are_accepted(schema: Any) -> None:
    whole = jsonschema_rs.Draft202012Validator(absolute(schema, "urn:a"), registry=registry(WHOLE, "urn:a"))
    expected = list(map(whole.is_valid, VALUES))
    all_at_once = jsonschema_rs.Draft202012Validator(reached(Node(WHOLE, "", schema), VALUES))
    assert list(map(all_at_once.is_valid, VALUES)) == expected
    alone = [jsonschema_rs.Draft202012Validator(reached(Node(WHOLE, "", schema), [each])) for each in VALUES]
    assert [validator.is_valid(value) for validator, value in zip(alone, VALUES, strict=True)] == expected


def test_what_no_value_reaches_is_left_out() -> None:
    assert "below" not in str(reached(Node(WHOLE, "", {"$ref": "#/components/schemas/Tree"}), [{"name": "x"}]))
