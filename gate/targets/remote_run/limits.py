"""The limits of a run on somebody else's machine, counted over all of its workers."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from gate.core.errors import NotAvailable


class UsedUp(NotAvailable):
    """The run has done as much as it may; the checks that remain are not made."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Resources that a run may create, requests that it may send in a second, and its time in seconds."""

    resources: int = 200
    rate: float = 50.0
    seconds: float = 900.0
    raised: str = "; --max-jobs raises it"
    """The end of a sentence on the limit of resources."""


class Budget:
    """The rest of a run's limits, in a small file that all workers share."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.limits = limits
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = FileLock(f"{path}.lock")

    def request(self) -> float:
        """Takes the next turn and returns the seconds until it is due; UsedUp where the time is over."""
        with self._lock:
            state, now = self._read(), time.monotonic()
            if now - state["begun"] > self.limits.seconds:
                raise UsedUp(f"the run's {self.limits.seconds:g} seconds are over; --max-seconds raises them")
            due = max(now, float(state["due"]))
            self._write({**state, "due": due + 1 / self.limits.rate})
        return due - now

    def resource(self) -> None:
        """Takes one resource; UsedUp where none is left."""
        with self._lock:
            state = self._read()
            if state["resources"] >= self.limits.resources:
                raise UsedUp(f"the run's limit of {self.limits.resources} resources is used up{self.limits.raised}")
            self._write({**state, "resources": state["resources"] + 1})

    def give_back(self) -> None:
        """Gives back a resource that was refused."""
        with self._lock:
            state = self._read()
            self._write({**state, "resources": state["resources"] - 1})

    def _read(self) -> dict[str, Any]:
        if not self._path.exists():
            now = time.monotonic()  # the same clock in every process of a machine
            return {"begun": now, "due": now, "resources": 0}
        read: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        return read

    def _write(self, state: dict[str, Any]) -> None:
        self._path.write_text(json.dumps(state), encoding="utf-8")
