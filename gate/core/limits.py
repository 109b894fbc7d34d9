"""How much a run may do to somebody else's runner, counted over all of its workers."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from gate.core.errors import NotAvailable


class UsedUp(NotAvailable):
    """The run has done as much as it may; whatever was not checked by now stays unchecked."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Jobs that a run may create, requests that it may send in a second, and seconds that it may go on."""

    jobs: int = 200
    rate: float = 50.0
    seconds: float = 900.0


class Budget:
    """What is left of a run's limits; a small file that all workers share, so that no number of them exceeds it."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.limits = limits
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = FileLock(f"{path}.lock")

    def request(self) -> float:
        """Takes the next place in the line and returns the seconds until it is due; UsedUp where the time is over."""
        with self._lock:
            state, now = self._read(), time.monotonic()
            if now - state["begun"] > self.limits.seconds:
                raise UsedUp(f"the run's {self.limits.seconds:g} seconds are over; --max-seconds raises them")
            due = max(now, float(state["due"]))
            self._write({**state, "due": due + 1 / self.limits.rate})
        return due - now

    def job(self) -> None:
        """Takes one job; UsedUp where there is none left."""
        with self._lock:
            state = self._read()
            if state["jobs"] >= self.limits.jobs:
                raise UsedUp(f"the run's {self.limits.jobs} jobs are used up; --max-jobs raises them")
            self._write({**state, "jobs": state["jobs"] + 1})

    def give_back(self) -> None:
        """Gives back a job that was refused."""
        with self._lock:
            state = self._read()
            self._write({**state, "jobs": state["jobs"] - 1})

    def _read(self) -> dict[str, Any]:
        if not self._path.exists():
            now = time.monotonic()  # the same clock in every process of a machine
            return {"begun": now, "due": now, "jobs": 0}
        read: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        return read

    def _write(self, state: dict[str, Any]) -> None:
        self._path.write_text(json.dumps(state), encoding="utf-8")
