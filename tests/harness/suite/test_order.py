"""Where a run ends at its first finding, the tests that see much in little time come first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from gate.suite.order import soonest


@dataclass(eq=False)
class Item:
    """What the order looks at of a test."""

    nodeid: str
    smoke: bool = False
    fixturenames: list[str] = field(default_factory=list)

    def get_closest_marker(self, name: str) -> Any:
        """The mark, if it has it."""
        return name if self.smoke and name == "smoke" else None


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


@pytest.mark.parametrize("turned", [False, True])
def test_quick_tests_come_first_each_once_before_any_again(turned: bool) -> None:
    """By cost, then by case, then by folder; a folder that nobody knows comes with the last."""
    drawn = COLLECTED[::-1] if turned else COLLECTED
    ordered: list[Any] = list(soonest(cast("list[pytest.Item]", drawn), cast("list[pytest.Item]", COLLECTED)))
    first, second = (SECOND, FIRST) if turned else (FIRST, SECOND)
    assert ordered[:4] == [SMOKE, first, OTHER, second]
    assert ordered[4:9] == [PORTAL, SLOW, LATER, OWN, AGAIN]
    assert set(ordered[9:]) == {NEW, FUZZ}
