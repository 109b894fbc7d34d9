"""Ids of the resources that a run creates."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Callable


class Ids:
    """Ids unique to one worker of one run: ``gate-<run>-<worker>n<number>``."""

    def __init__(self, run: str, worker: str) -> None:
        self._prefix = f"gate-{run}-{worker}"
        self._numbers = itertools.count(1)

    def __call__(self) -> str:
        """The next id."""
        return f"{self._prefix}n{next(self._numbers)}"


def pattern(ids: Callable[[], str]) -> re.Pattern[str]:
    """A pattern of every id from this source, of which it uses up one."""
    return re.compile(rf"{re.escape(ids().rstrip(string.digits))}\d+")
