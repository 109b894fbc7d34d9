"""Submissions go first: a worker in the same process begins its jobs between them."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

MOST_AT_ONCE: Final = 100
"""How many submissions are taken in at the same time; more would only wait for each other."""
LONGEST_WAIT_SECONDS: Final = 1.0
"""How long a job is kept waiting when submissions do not cease."""


class FullError(Exception):
    """As many submissions as there may be are being taken in."""


class Intake:
    """Knows whether a submission is being taken in at this moment."""

    def __init__(self) -> None:
        self._submissions = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    @contextlib.contextmanager
    def submission(self) -> Iterator[None]:
        """A submission is being taken in for as long as the context lasts.

        Raises:
            FullError: `MOST_AT_ONCE` are.

        """
        if self._submissions >= MOST_AT_ONCE:
            raise FullError
        self._submissions += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._submissions -= 1
            if not self._submissions:
                self._quiet.set()

    async def pause(self) -> None:
        """Wait for a moment without submissions, but no longer than `LONGEST_WAIT_SECONDS`."""
        if self._quiet.is_set():
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._quiet.wait(), LONGEST_WAIT_SECONDS)
