"""Values in findings read as a client of the API would write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from gate.core.texts import as_json, counted

VALUES = {
    "time": (datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC), '"2026-02-03T04:05:06+00:00"'),
    "id": ({"id": UUID(int=1)}, '{"id": "00000000-0000-0000-0000-000000000001"}'),
    "nothing and truth": ([None, True], "[null, true]"),
    "letters": ("é本", '"é本"'),
    "characters that nobody sees": ("a\u200b\u00a0\n", '"a\\u200b\\u00a0\\n"'),
}


@pytest.mark.parametrize(("value", "text"), VALUES.values(), ids=VALUES)
def test_value_is_written_as_json_that_a_reader_can_see(value: Any, text: str) -> None:
    assert as_json(value) == text


def test_noun_is_in_the_plural_unless_it_is_one() -> None:
    assert [counted(number, "oracle") for number in (0, 1, 2)] == ["0 oracles", "1 oracle", "2 oracles"]


def test_half_of_a_pair_is_escaped() -> None:
    assert as_json("\ud800") == '"\\ud800"'
