"""Interrupts of a supervised run, which come twice: from the terminal and from the supervisor."""

from __future__ import annotations

import signal
import time
from types import FrameType

REPEAT_SECONDS = 1.0
"""A second interrupt within this time is the same one; it must not cut short the clean-up after the first."""


class InterruptOnce:
    """A handler of SIGINT that raises KeyboardInterrupt once for all signals within ``REPEAT_SECONDS``."""

    def __init__(self) -> None:
        self._last = -REPEAT_SECONDS
        self.seen = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handles one signal; a later one interrupts again."""
        now = time.monotonic()
        if now - self._last < REPEAT_SECONDS:
            return
        self._last, self.seen = now, True
        signal.default_int_handler(number, frame)


INTERRUPT = InterruptOnce()
"""The handler of this process."""
