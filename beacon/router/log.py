"""The stand-in's log of requests and their answers."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from beacon.router.providers import code


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One inference request, in its state when the log was read.

    Texts that the request lacks are empty, other members None; ``errors`` describes its faults.
    """

    at: float
    """Time at which the whole request had arrived, by ``time.monotonic``."""
    at_utc: datetime
    job: str | None
    """Its X-Trace-Id header."""
    path: str
    model: str = ""
    prompt: str = ""
    temperature: float | None = None
    max_tokens: int | None = None
    region_preference: str = ""
    cost_priority: bool | None = None
    members: frozenset[str] = frozenset()
    """Names of all members of the request."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that identify the client, in lower case; no credentials."""
    errors: tuple[str, ...] = ()
    outcome: str = ""
    """``outcome`` of the behaviour that applied, or echo, invalid, unknown_model or no_provider."""
    waiting: bool = False
    """The request has no answer yet: it hangs, or its latency is not over."""
    aborted: bool = False
    """The client went away before the answer."""
    status: int | None = None
    """Status of the answer; None without an answer."""
    text: str | None = None
    """The model's text in the answer, if any."""
    provider: str | None = None
    metadata: Mapping[str, Any] | None = None
    """The metadata of the model's answer, if any."""
    words: str | None = None
    """The reason that an answer gives for a failure, or the body of one with another status than 200."""
    elapsed: float | None = None
    """Seconds from arrival to the answer or to the client's disconnection."""

    @property
    def region(self) -> str | None:
        """US, EU or ASIA, whichever name of the region the request used."""
        return code(self.region_preference)


class Log:
    """Calls in order of arrival; any thread may read while more arrive."""

    def __init__(self) -> None:
        self._calls: dict[int, Call] = {}
        self._numbers = itertools.count()
        self._changed = threading.Condition()

    def add(self, call: Call) -> int:
        """Adds a call, and returns its number."""
        with self._changed:
            number = next(self._numbers)
            self._calls[number] = call
            self._changed.notify_all()
            return number

    def update(self, number: int, **changes: Any) -> None:
        """Updates a call, unless the log was cleared of it."""
        with self._changed:
            call = self._calls.get(number)
            if call is not None:
                self._calls[number] = replace(call, **changes)
                self._changed.notify_all()

    def read(self, job: str | None = None, region: str | None = None) -> list[Call]:
        """The calls of one job and one region (a published code), or of all."""
        with self._changed:
            return [c for c in self._calls.values() if job in (None, c.job) and region in (None, c.region)]

    def wait(self, enough: Callable[[list[Call]], bool], job: str | None, region: str | None, timeout: float) -> bool:
        """Waits until ``enough`` holds for these calls; False after ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: enough(self.read(job, region)), timeout)

    def clear(self, job: str | None = None) -> None:
        """Drops the calls of one job, or all."""
        with self._changed:
            self._calls = {} if job is None else {n: call for n, call in self._calls.items() if call.job != job}
            self._changed.notify_all()
