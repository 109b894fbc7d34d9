"""Ctrl-C of a run that is supervised: it may come twice, from the terminal and from the supervisor."""

from __future__ import annotations

import signal
import time
from types import FrameType

SAME = 1.0
"""Seconds within which two interrupts are one: a second one would cut short the cleaning up that the first began."""


class Once:
    """A handler of SIGINT that raises KeyboardInterrupt, once for all that come within ``SAME`` seconds."""

    def __init__(self) -> None:
        self._last = -SAME

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handles one; whoever insists a while later is heard."""
        now = time.monotonic()
        if now - self._last < SAME:
            return
        self._last = now
        signal.default_int_handler(number, frame)
