"""In a run that ends at its first finding, the quick tests with the most coverage come first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from beacon.pack import SUITE
from gate.suite.scheduling import long_first, quick_first


@dataclass(eq=False)
class Item:
    """The parts of a test that decide on its place."""

    nodeid: str
    smoke: bool = False
    long: bool = False
    fixturenames: list[str] = field(default_factory=list)

    def get_closest_marker(self, name: str) -> Any:
        """The mark, or None."""
        return name if getattr(self, name) else None


FUZZ = Item("tests/fuzz/test_a.py::test_a", smoke=True)
OWN = Item("tests/security/test_a.py::test_own", fixturenames=["own_runner"])
SLOW = Item("tests/resilience/test_a.py::test_a")
PORTAL, AGAIN = Item("tests/portal/test_a.py::test_a[one]", smoke=True), Item("tests/portal/test_a.py::test_a[two]")
LATER = Item("tests/portal/test_a.py::test_b")
SMOKE = Item("tests/security/test_a.py::test_smoke", smoke=True)
FIRST, SECOND = Item("tests/workflows/test_a.py::test_a[one]"), Item("tests/workflows/test_a.py::test_a[two]")
OTHER = Item("tests/security/test_a.py::test_b")
NEW = Item("tests/new_folder/test_a.py::test_a")
COLLECTED = [NEW, FUZZ, PORTAL, AGAIN, LATER, SLOW, SMOKE, OTHER, OWN, FIRST, SECOND]


@pytest.mark.parametrize("reverse", [False, True])
def test_quick_tests_come_first_each_once_before_any_again(reverse: bool) -> None:
    """By cost, then by case, then by folder; an unknown folder comes with the last."""
    collected = cast("list[pytest.Item]", COLLECTED)
    ordered: list[Any] = list(quick_first(collected[::-1] if reverse else collected, collected, SUITE))
    first, second = (SECOND, FIRST) if reverse else (FIRST, SECOND)
    assert ordered[:4] == [SMOKE, first, OTHER, second]
    assert ordered[4:9] == [PORTAL, SLOW, LATER, OWN, AGAIN]
    assert set(ordered[9:]) == {NEW, FUZZ}


def test_workers_begin_with_the_tests_that_take_longest() -> None:
    long: Any = Item("tests/fuzz/test_a.py::test_b", long=True)
    drawn: list[Any] = [SMOKE, FUZZ, long, PORTAL]
    assert long_first(drawn, 1, SUITE) == [long, FUZZ, PORTAL, SMOKE]
