"""The router stand-in of a load run: counts every call, and keeps those of the jobs of the sample."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from beacon.router import Answer, Router, Status
from beacon.router.log import Call, Log
from benchmarks.load.plan import Upstream
from gate.targets.relay import Relay

KEY_HEADER = "idempotency-key"
Key = tuple[str, str, str, str]
"""Job, region, model and prompt."""


class CountingLog(Log):
    """Counts calls by execution, and keeps those of some jobs.

    Attributes:
        counts: the number of calls.
        twice: calls whose Idempotency-Key an earlier one had.

    """

    def __init__(self, keep: Callable[[str | None], bool]) -> None:
        super().__init__()
        self._keep = keep
        self._by_job: dict[str | None, list[int]] = defaultdict(list)
        self._keys: set[str] = set()
        self._counting = threading.Lock()
        self.counts: Counter[Key] = Counter()
        self.twice: list[Call] = []

    def add(self, call: Call) -> int:
        """Count a call, and keep it where its job is one of the sample."""
        if call.region is not None:  # else the body did not arrive
            with self._counting:
                self.counts[call.job or "", call.region, call.model, call.prompt] += 1
                key = call.headers.get(KEY_HEADER)
                if key in self._keys:
                    self.twice.append(call)
                elif key:
                    self._keys.add(key)
        if not self._keep(call.job):
            return -1
        number = super().add(call)
        self._by_job[call.job].append(number)
        return number

    def read(self, job: str | None = None, region: str | None = None) -> list[Call]:
        """The kept calls of one job and one region, or of all."""
        if job is None:
            return super().read(job, region)
        with self._changed:
            calls = [self._calls[number] for number in self._by_job.get(job, ()) if number in self._calls]
        return [call for call in calls if region in (None, call.region)]

    def update(self, number: int, **changes: Any) -> None:
        """Update a call that is kept."""
        if number >= 0:
            super().update(number, **changes)


class LoadRouter(Router):
    """A router stand-in with a counting log, which the runner reaches directly or through a relay.

    Args:
        host: the address to listen on.
        keep: whether the calls of a job are kept.
        upstream: how it behaves without a fault.
        relayed: through a relay.

    """

    def __init__(self, host: str, keep: Callable[[str | None], bool], upstream: Upstream, *, relayed: bool) -> None:
        super().__init__(host)
        self.log = CountingLog(keep)
        self._state.log = self.log
        self._upstream = upstream
        self._relayed = relayed
        self.relay: Relay | None = None

    @property
    def url(self) -> str:
        """The address for the runner."""
        return f"http://127.0.0.1:{self.relay.port}" if self.relay else super().url

    def start(self) -> LoadRouter:
        """Start to listen."""
        super().start()
        if self._relayed:
            self.relay = Relay("127.0.0.1", self.port).__enter__()
        self.behave()
        return self

    def behave(self) -> None:
        """Forget the rules of a fault and answer as planned; the log stays."""
        self.reset(keep_log=True)
        if self._upstream.milliseconds:
            self.on(Answer(latency=self._upstream.milliseconds / 1000))
        for region, model in self._upstream.failing:
            self.on(Status(503), region=region, model=model)

    def close(self) -> None:
        """Stop listening."""
        if self.relay:
            self.relay.__exit__()
            self.relay = None
        super().close()
