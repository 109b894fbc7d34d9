"""The tests that reveal the most for their time come first, whatever the number of workers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from beacon.checkout import ROOT
from beacon.pack import SUITE
from gate.suite.scheduling import quick_first, scheduled
from gate.verdict import inventory, order
from gate.verdict.events import Event, Outcome, RecordConcluded
from gate.verdict.order import Order, Weight, measured
from gate.verdict.times import Times


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


REVEALING = ("tests/security/test_a.py::test_b", "tests/workflows/test_a.py::test_a")
ORDER = Order(tests={name: Weight(seconds=1, promises=1) for name in REVEALING})


def placed(
    *drawn: Item, workers: int = 1, first: Collection[str] = (), revealing: Order = ORDER, **seconds: float
) -> list[Any]:
    """The tests in their places; ``seconds`` are those of the tests of these names."""
    items = cast("list[pytest.Item]", list(drawn))
    known = Times(seconds={item.nodeid: seconds.get(item.nodeid.rpartition("::")[2], 0.2) for item in drawn})
    return list(scheduled(items, items, SUITE, revealing, first, workers, known))


def test_tests_that_reveal_the_most_come_first_each_once() -> None:
    assert placed(SMOKE, FIRST, SECOND, OTHER) == [OTHER, FIRST, SMOKE, SECOND]


def test_tests_that_failed_last_time_come_before_all_others() -> None:
    assert placed(SMOKE, FIRST, SECOND, OTHER, first=[SECOND.nodeid]) == [SECOND, OTHER, FIRST, SMOKE]
    assert placed(SMOKE, FIRST, SECOND, OTHER, first=[SECOND.nodeid], workers=2)[0] == SECOND


@pytest.mark.parametrize("workers", [1, 2])
def test_what_takes_a_moment_comes_before_what_takes_longer(workers: int) -> None:
    """All cases of it; a test that reveals more for its time was first, and a single worker takes the quickest next."""
    long, later = Item("tests/lifecycle/test_a.py::test_long"), Item("tests/lifecycle/test_a.py::test_later")
    again = Item("tests/lifecycle/test_a.py::test_moment")
    ordered = placed(long, later, again, OTHER, FIRST, workers=workers, test_long=3, test_later=1, test_moment=0.01)
    assert ordered == ([OTHER, FIRST, again, later, long] if workers == 1 else [OTHER, again, later, FIRST, long])


def test_each_worker_begins_with_what_reveals_the_most() -> None:
    """Then come the quickest test of each other file, and the long tests, which the workers must not end with."""
    long = Item("tests/fuzz/test_a.py::test_b", long=True)
    dealt = placed(SMOKE, FIRST, FUZZ, long, OTHER, PORTAL, workers=2, test_b=9)
    assert dealt == [OTHER, PORTAL, long, FIRST, FUZZ, SMOKE]


@pytest.mark.parametrize("workers", [1, 2])
def test_each_file_is_begun_before_any_goes_on(workers: int) -> None:
    """By its quickest test, unless that takes long by itself."""
    slow = Item("tests/resilience/test_a.py::test_slow")
    ordered = placed(SMOKE, FIRST, SECOND, LATER, PORTAL, slow, OTHER, workers=workers, test_b=1.0, test_slow=3.0)
    begun = ordered[:3] if workers == 1 else [ordered[0], ordered[1], ordered[4]]
    assert begun == [OTHER, FIRST, PORTAL] if workers == 1 else [OTHER, PORTAL, FIRST]


def test_workers_without_an_order_begin_with_each_file() -> None:
    long = Item("tests/fuzz/test_a.py::test_b", long=True)
    ordered = placed(SMOKE, FUZZ, long, PORTAL, workers=2, revealing=Order(), test_b=9)
    assert ordered == [SMOKE, FUZZ, PORTAL, long]


def test_tests_that_took_longest_come_first_where_workers_share_them() -> None:
    """A test of a quick folder too, if it took its time; each file was begun before."""
    slow, quick = Item("tests/workflows/test_a.py::test_slow"), Item("tests/portal/test_a.py::test_quick")
    assert placed(PORTAL, FIRST, quick, slow, workers=2, test_quick=0.3, test_slow=9.0) == [FIRST, slow, PORTAL, quick]
    assert placed(PORTAL, FIRST, slow, quick, workers=2, test_quick=0.3, test_slow=0.4) == [FIRST, quick, PORTAL, slow]


def test_measured_order_reveals_the_most_for_its_time() -> None:
    """A test that only reaches what another one did comes late; one that takes many seconds is not among them.

    Whatever it reaches, a test may be what judges a promise.
    """
    reached = {"a::quick": "A B", "a::same": "A B", "a::slow": "A B C D", "a::failed": "E", "a::late": "F"}
    reached["a::own"] = ""
    events: list[Event] = [RecordConcluded(test, names.split()) for test, names in reached.items()]
    seconds = {"a::quick": 0.1, "a::same": 0.2, "a::slow": 1.9, "a::late": 9.0, "a::own": 0.2}
    checks = {"one": ["a::own", "a::quick"], "two": ["BG-TEST-001", "a::own"]}
    events += [Outcome(test, "passed", seconds=taken) for test, taken in seconds.items()]
    revealing = measured([*events, Outcome("a::failed", "failed")], checks).tests
    assert list(revealing) == ["a::quick", "a::own", "a::slow", "a::same"]
    assert revealing["a::slow"] == Weight(seconds=1.9, promises=2)
    assert revealing["a::own"] == Weight(seconds=0.2, promises=2)


def test_committed_order_names_tests_that_exist(tmp_path: Path) -> None:
    """It survives its own file, and names no test that is gone."""
    committed, listed = order.load(ROOT / SUITE.order), inventory.load(ROOT / SUITE.inventory)
    assert set(committed.tests) <= {function for cases in listed.tests.values() for function in cases}
    (tmp_path / "order.toml").write_text(committed.text(), encoding="utf-8")
    assert order.load(tmp_path / "order.toml") == committed
    assert committed.tests
