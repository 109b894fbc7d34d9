"""The one way to wait ends as soon as it can, and tells what it saw."""

from __future__ import annotations

import pytest

from gate.core import waiting
from gate.core.waiting import NotReached, wait


def test_returns_what_was_seen_when_the_condition_held() -> None:
    """The value that met the condition is the result."""
    values = iter(["queued", "running", "completed"])
    assert wait("completion", lambda: next(values), until=lambda seen: seen == "completed") == "completed"


def test_fails_at_once_when_the_condition_can_no_longer_hold() -> None:
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


def test_deadline_is_told_with_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """When time runs out the error says how much it was and what was seen."""
    monkeypatch.setitem(waiting.DEADLINES, "step", 0.03)
    with pytest.raises(NotReached, match=r"within 0\.0\d+ s") as caught:
        wait("completion", lambda: "queued", until=lambda seen: seen == "completed")
    assert str(caught.value).count("queued") == 1
