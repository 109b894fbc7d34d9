"""Waits: a probe, a condition, a deadline from one table, and the history of what was observed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINES = {
    "ready": 20.0,  # a service that was started, until it answers its readiness probe
    "terminal": 20.0,  # an accepted resource with upstreams that answer, until it is terminal
    "step": 10.0,  # one visible step: a call at a stand-in, a row changed
    "gate": 60.0,  # a gate that was started, until it has sent its first requests
    "never": 0.0,  # a condition that is never met, by which a run shows that its waits fail
    "resume": 30.0,  # a resource whose service died and was started again, until it is terminal
}
"""Seconds that each kind of wait may take, before the run's time factor."""

FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.1
"""Seconds between two probes, doubled from the first to the longest: a probe of a service costs it as much as work."""

_factor = 1.0


def scale(factor: float) -> None:
    """Multiplies every deadline of this process by ``factor``."""
    global _factor  # noqa: PLW0603 (one number for the process, set once when the run starts)
    _factor = factor


def deadline(kind: str) -> float:
    """Seconds that a wait of ``kind`` may take in this run."""
    return DEADLINES[kind] * _factor


class NotReached(AssertionError):  # noqa: N818 (what a test failed with, not a fault of ours)
    """The condition was not met: it can no longer be, or the deadline passed. Says what was seen and when."""


def wait(
    event: str,
    probe: Callable[[], T],
    *,
    until: Callable[[T], bool],
    kind: str = "step",
    limit: float | None = None,
    never: Callable[[T], bool] = lambda _: False,
    show: Callable[[T], object] = lambda seen: seen,
) -> T:
    """Probes until ``until`` holds and returns what was seen then.

    ``never`` recognises a state from which ``until`` cannot come true, so that the wait ends at once. ``show`` makes
    the history in the error readable.
    """
    started = time.monotonic()
    limit = deadline(kind) if limit is None else limit
    pause = FIRST_PAUSE
    history: list[tuple[float, object]] = []
    while True:
        seen = probe()
        now = time.monotonic() - started
        if not history or history[-1][1] != show(seen):
            history.append((now, show(seen)))
        if until(seen):
            return seen
        if never(seen):
            raise NotReached(_report(f"{event} can no longer happen", history))
        if now > limit:
            raise NotReached(_report(f"{event} did not happen within {limit:g} s", history))
        time.sleep(min(pause, max(0.0, limit - now)))
        pause = min(pause * 2, LONGEST_PAUSE)


def _report(message: str, history: list[tuple[float, object]]) -> str:
    return "\n".join([f"{message}; seen:", *(f"  {at:7.3f} s  {seen}" for at, seen in history[-20:])])
