"""A helper of the tests that no longer raises is noticed before the first test."""

from __future__ import annotations

import pytest

from gate.core import waiting
from gate.core.errors import GateError
from gate.core.waiting import NotReached
from gate.suite import alarms


def test_helpers_raise() -> None:
    alarms.check()


def test_helper_that_does_not_raise_is_named() -> None:
    with pytest.raises(GateError, match=r"wait\(\) of a test raised no NotReached"):
        alarms.check({"wait() of a test": (lambda: "seen", NotReached)})


def test_wait_that_ends_too_early_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(waiting.DEADLINES, "terminal", 0.0)
    with pytest.raises(GateError, match="wait\\(\\) of the kind 'terminal' ends too early"):
        alarms.check()
