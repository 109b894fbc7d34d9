"""What a worker says about its work is told by the controller while it goes on."""

from __future__ import annotations

import queue
from pathlib import Path

import pytest

from gate.verdict.progress import Now, Watch

SOON = 10.0
"""Seconds after which a line would never come."""


def test_each_line_of_each_worker_is_told_once(tmp_path: Path) -> None:
    """With the worker's name, and again only when there is something new."""
    told: queue.Queue[str] = queue.Queue()
    watch = Watch(tmp_path, told.put, every=0.05)
    with Now(tmp_path / "gw1", every=0.0) as now:
        for text in ("3 cases", "9 cases"):
            now(lambda text=text: text)  # type: ignore[misc]  # the loop's own text
            assert told.get(timeout=SOON) == f"gw1: {text}"
    watch.stop()
    assert told.empty()
    assert list(tmp_path.iterdir()) == []


def test_lines_are_not_made_more_often_than_they_are_told(tmp_path: Path) -> None:
    """Fuzzing makes hundreds of cases a second, and a line costs more than none."""
    with Now(tmp_path / "gw0", every=3600.0) as now:
        now(lambda: pytest.fail("a line was made"))
    assert list(tmp_path.iterdir()) == []
