"""A value in JSON equals the stored value that it shows, type for type."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from gate.core.values import equal, shared

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ID = UUID(int=0xABC)
EQUAL: list[tuple[Any, Any]] = [
    (1, Decimal("1.00")),
    (0.1, Decimal("0.1")),
    ("2026-01-01T13:00:00+01:00", NOON),
    (str(ID), ID),
    ({"a": [1.0, None]}, {"a": [1, None]}),
]
DIFFERENT: list[tuple[Any, Any]] = [
    (True, 1),
    (1, True),
    ("1", 1),
    (2**53, 2**53 + 1),
    ({"a": [True]}, {"a": [1]}),
    ({"a": 1, "b": 2}, {"a": 1}),
    ([1], [1, 1]),
    ("noon", NOON),
    (str(ID).upper(), ID),
    (None, 0),
    (float("nan"), float("nan")),
]


@pytest.mark.parametrize(("value", "stored"), EQUAL, ids=repr)
def test_value_shown_in_any_form_is_equal(value: Any, stored: Any) -> None:
    assert equal(value, stored)


@pytest.mark.parametrize(("value", "stored"), DIFFERENT, ids=repr)
def test_other_value_or_type_is_different(value: Any, stored: Any) -> None:
    assert not equal(value, stored)


def test_numbers_that_a_double_cannot_tell_apart_are_equal_as_doubles() -> None:
    assert equal([0.1], [Decimal("0.1000000000000000055511151231257827")], as_doubles=True)
    assert not equal([2**53], [2**53 + 1], as_doubles=True)
    assert not equal(10**400, 10**401, as_doubles=True)
    assert not equal(True, 1, as_doubles=True)


def test_what_two_values_have_in_common_is_one_value_and_the_rest_is_as_written() -> None:
    old: dict[str, Any] = {"a": {"b": [1, {"c": "x"}]}, "d": [True, {}], "e": 1}
    new: dict[str, Any] = {"a": {"b": [1, {"c": "x"}]}, "d": [1, {}, {}], "f": {"a": 1}}
    result = shared(new, old)
    assert result["a"] is old["a"]
    assert result["d"][1] is old["d"][1]
    assert repr(result) == repr(new)
    assert shared({"a": 1.0}, {"a": 1})["a"] == 1.0
    assert shared({"a": None}, {"b": None}) == {"a": None}
    assert shared([[1], 2], [[1]]) == [[1], 2]
