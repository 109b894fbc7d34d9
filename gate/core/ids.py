"""Ids of the resources that a run creates."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Callable

NEAR = ("n-", "n_", "N-", "N_")
"""Four ids in a row differ in these alone, so that a reader that takes ``_`` or a letter for another shows it."""


class Ids:
    """Ids unique to one worker of one run: ``gate-<run>-<worker>n-<number>``, and the like."""

    def __init__(self, run: str, worker: str) -> None:
        self._prefix = f"gate-{run}-{worker}"
        self._numbers = itertools.count()

    def __call__(self) -> str:
        """The next id."""
        number, near = divmod(next(self._numbers), len(NEAR))
        return f"{self._prefix}{NEAR[near]}{number + 1}"


def pattern(ids: Callable[[], str]) -> re.Pattern[str]:
    """A pattern of every id from this source, of which it uses up one."""
    return re.compile(rf"{re.escape(ids().rstrip(string.digits)[: -len(NEAR[0])])}[nN][-_]\d+")
