"""The order of tests: what reveals the most for its time, what takes a moment, then long tests for several workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import accumulate

import pytest

from gate.session.pack import Suite
from gate.verdict.baseline import without_repetition
from gate.verdict.order import LEAST_SECONDS, MOST_SECONDS, Order
from gate.verdict.times import Times

HEAD_SECONDS = 5.0
"""Seconds of each worker for the tests that reveal the most, before all that take a moment."""
SHORT_SECONDS = 0.1
"""Hundreds of cases take less than this, and together a few seconds."""
SLOW = 2
"""Cost from which on a test takes seconds."""


def quick_first(drawn: Sequence[pytest.Item], collected: Sequence[pytest.Item], suite: Suite) -> list[pytest.Item]:
    """Sorts tests by cost, each test once before any test with other parameters.

    Quick tests keep the order of ``drawn`` within their folder. The first slow test of each file, as in ``collected``,
    comes before the second of any: a file begins with its main promise, and no folder waits for all of another.
    """
    indexes = _indexes(collected)
    cases = Counter[str]()
    keys: dict[pytest.Item, tuple[int, int, int, int]] = {}
    for item in drawn:
        test, folder = _test(item), _folder(item)
        place = [*suite.quick, *suite.slow, folder].index(folder)
        cost = _cost(item, suite)
        case, index = (cases[test], 0) if cost < SLOW else indexes[item]
        keys[item] = cost, case, index, place
        cases[test] += 1
    return sorted(drawn, key=keys.__getitem__)


def scheduled(
    drawn: Sequence[pytest.Item],
    collected: Sequence[pytest.Item],
    suite: Suite,
    order: Order,
    first: Collection[str],
    workers: int,
    times: Times,
) -> list[pytest.Item]:
    """Sorts tests: those of ``first``, then what reveals the most for its time, then all others.

    Each worker begins with its share of the first ``HEAD_SECONDS`` of that, and of all tests that take a moment. Then
    come those that reveal something else, and the quickest test of each file that was not begun: what it is about may
    be seen by nothing else. Several workers then take long tests first, since they steal from each other at the end,
    and a single one takes the quickest first.
    """
    quick = quick_first(drawn, collected, suite)
    failed = [item for item in quick if item.nodeid in first]
    places = {test: place for place, test in enumerate(order.tests)}
    seen: set[str] = set()
    revealing: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in (item for item in quick if item.nodeid not in first):
        fresh = _test(item) in places and _test(item) not in seen
        (revealing if fresh else others).append(item)
        seen.add(_test(item))
    revealing.sort(key=lambda item: places[_test(item)])
    ends = accumulate(max(order.tests[_test(item)].seconds, LEAST_SECONDS) for item in revealing)
    head = sum(end <= HEAD_SECONDS * workers for end in ends)
    others = [*revealing[head:], *others]
    short = [item for item in others if _seconds(item, times) < SHORT_SECONDS]
    distinct = [item for item in revealing[head:] if order.tests[_test(item)].promises and item not in short]
    begun = {_file(item) for item in (*failed, *revealing[:head], *short, *distinct)}
    quickest = _quickest([item for item in others if _file(item) not in begun], times)
    chosen = [*failed, *revealing[:head], *short, *distinct, *quickest]
    known = {*chosen}
    if workers > 1:
        later = _long_first([item for item in drawn if item not in known], suite, times)
    else:
        later = sorted((item for item in others if item not in known), key=lambda item: _seconds(item, times))
    return dealt([*chosen, *later], workers)


def _seconds(item: pytest.Item, times: Times) -> float:
    return times.of(without_repetition(item.nodeid))


def _quickest(items: Sequence[pytest.Item], times: Times) -> list[pytest.Item]:
    """The quickest test of each file, sorted by its seconds; none that takes long by itself."""
    quickest: dict[str, tuple[float, int]] = {}
    for place, item in enumerate(items):
        taken = _seconds(item, times), place
        quickest[_file(item)] = min(taken, quickest.get(_file(item), taken))
    return [items[place] for taken, place in sorted(quickest.values()) if taken <= MOST_SECONDS]


def _long_first(drawn: Sequence[pytest.Item], suite: Suite, times: Times) -> list[pytest.Item]:
    """Sorts tests by falling seconds of an earlier run, those whose seconds are alike by cost."""

    def seconds(item: pytest.Item) -> tuple[bool, int, int]:
        return bool(item.get_closest_marker("long")), round(_seconds(item, times)), _cost(item, suite)

    return sorted(drawn, key=seconds, reverse=True)


def dealt(ordered: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """The tests in one slice for each worker, each of which gets an equal share in the given order.

    Workers begin with equal slices and then steal from each other: they end together if the rest is quick.
    """
    return [item for worker in range(workers) for item in ordered[worker::workers]]


def _indexes(collected: Sequence[pytest.Item]) -> dict[pytest.Item, tuple[int, int]]:
    """The index of each case within its test, and of the test within its file."""
    tests: dict[str, list[str]] = {}
    cases = Counter[str]()
    indexes: dict[pytest.Item, tuple[int, int]] = {}
    for item in collected:
        test = _test(item)
        of_file = tests.setdefault(test.partition("::")[0], [])
        if test not in of_file:
            of_file.append(test)
        indexes[item] = cases[test], of_file.index(test)
        cases[test] += 1
    return indexes


def _test(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _folder(item: pytest.Item) -> str:
    return item.nodeid.split("/")[1] if item.nodeid.count("/") else ""


def _cost(item: pytest.Item, suite: Suite) -> int:
    folder = _folder(item)
    if folder not in (*suite.quick, *suite.slow):
        return SLOW + 1
    if folder in suite.slow or suite.slow_fixtures & set(getattr(item, "fixturenames", ())):
        return SLOW
    return 0 if item.get_closest_marker("smoke") else 1
