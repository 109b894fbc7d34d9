"""A wait ends as soon as it can, and its error has the history."""

from __future__ import annotations

import pytest

from gate.core import waiting
from gate.core.waiting import NotReached, wait


def test_wait_returns_the_value_that_met_the_condition() -> None:
    values = iter(["queued", "running", "completed"])
    assert wait("completion", lambda: next(values), until=lambda seen: seen == "completed") == "completed"


def test_wait_fails_at_once_when_the_condition_can_no_longer_hold() -> None:
    """A terminal state that was not wanted ends the wait with the history, not the deadline."""
    values = iter(["queued", "failed"])
    with pytest.raises(NotReached, match="can no longer") as caught:
        wait(
            "completion",
            lambda: next(values),
            until=lambda seen: seen == "completed",
            never=lambda seen: seen == "failed",
        )
    assert "queued" in str(caught.value)
    assert "failed" in str(caught.value)


def test_error_at_the_deadline_has_the_limit_and_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(waiting.DEADLINES, "step", 0.03)
    with pytest.raises(NotReached, match=r"within 0\.0\d+ s") as caught:
        wait("completion", lambda: "queued", until=lambda seen: seen == "completed")
    assert str(caught.value).count("queued") == 1
