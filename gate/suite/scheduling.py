"""The order of tests: quick tests first, or long tests first where several workers share them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from gate.session.pack import Suite

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


def long_first(drawn: Sequence[pytest.Item], workers: int, suite: Suite) -> list[pytest.Item]:
    """Sorts tests by falling cost and deals them out, so that each worker gets an equal share in that order.

    Workers begin with equal slices and then steal from each other: they end together if the rest is quick.
    """
    ordered = sorted(drawn, key=lambda item: (bool(item.get_closest_marker("long")), _cost(item, suite)), reverse=True)
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


def _folder(item: pytest.Item) -> str:
    return item.nodeid.split("/")[1] if item.nodeid.count("/") else ""


def _cost(item: pytest.Item, suite: Suite) -> int:
    folder = _folder(item)
    if folder not in (*suite.quick, *suite.slow):
        return SLOW + 1
    if folder in suite.slow or suite.slow_fixtures & set(getattr(item, "fixturenames", ())):
        return SLOW
    return 0 if item.get_closest_marker("smoke") else 1
