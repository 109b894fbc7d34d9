"""Stands before every request to a remote runner: what is not safe is not sent."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Mapping
from threading import Event
from typing import Any
from urllib.parse import unquote, urlsplit

from gate.core.errors import NotAvailable
from gate.core.limits import Budget
from gate.targets.remote_run.ledger import Ledger

SUBMISSIONS = frozenset({"/api/v1/jobs", "/api/v1/jobs/cross-region"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
KEY = "idempotency-key"


class Guard:
    """The limits of one run, in one of its processes; ``stopped`` is set when no request may follow."""

    def __init__(self, run: str, budget: Budget, ledger: Ledger | None, stopped: Event) -> None:
        self.prefix = f"gate-{run}-"
        self.stopped = stopped
        self._budget = budget
        self._ledger = ledger  # none for a run that only reads
        self._accepted: set[str] = set()  # ids that the runner gave to submissions without one
        self._keys = (f"{self.prefix}{os.getpid()}k{number}" for number in itertools.count(1))

    def permit(self, method: str, target: str, content: bytes | None, headers: Mapping[str, Any]) -> dict[str, str]:
        """Waits until a request may be sent and returns the headers to add to it; NotAvailable where it may not be."""
        path = urlsplit(target).path
        added: dict[str, str] = {}
        if self._ledger is None:
            if method != "GET":
                raise NotAvailable(f"a run that only reads sends no {method}")
        elif method == "POST" and path in SUBMISSIONS:
            added = self._submission(self._ledger, content, {name.lower(): value for name, value in headers.items()})
        elif method not in READING and not self._own(path):
            raise NotAvailable("a request that may change what this run did not create is not sent")
        if self.stopped.wait(self._budget.request()):
            raise KeyboardInterrupt
        return added

    def answered(self, method: str, target: str, content: bytes | None, status: int, body: Any) -> None:
        """Takes note of what became of a request."""
        if self._ledger is None or method != "POST" or urlsplit(target).path not in SUBMISSIONS:
            return
        given = body.get("id") if isinstance(body, dict) else None
        new = 200 <= status < 300 and isinstance(given, str) and not given.startswith(self.prefix)
        if new:
            self._accepted.add(str(given))
        if not 200 <= status < 300:
            self._budget.give_back()
        self._ledger.write("answered", sync=new, ids=len(_ids(content)) or 1, id=given if new else None)

    def _submission(self, ledger: Ledger, content: bytes | None, headers: Mapping[str, Any]) -> dict[str, str]:
        ids = _ids(content)
        foreign = [one for one in ids if not one.startswith(self.prefix)]
        if foreign:
            raise NotAvailable("a submission under an id that is not of this run may replace somebody else's job")
        # Without an id of ours the job is found again by its key, should the run not live to see the answer.
        key = _text(headers.get(KEY)) or ("" if ids else next(self._keys))
        self._budget.job()
        nonce = next(filter(None, map(_nonce, _specs(content))), None)
        for job in ids or {""}:
            ledger.write("sending", id=job, key=key, nonce=nonce)
        return {} if ids or headers.get(KEY) else {KEY: key}

    def _own(self, path: str) -> bool:
        parts = [unquote(part) for part in path.split("/")]
        if any(part in {"", ".", ".."} or "/" in part for part in parts[1:]):
            return False
        addressed = parts[4] if len(parts) > 4 and parts[1] == "api" and parts[3] == "jobs" else ""
        return addressed.startswith(self.prefix) or addressed in self._accepted


def _specs(content: bytes | None) -> list[dict[str, Any]]:
    """Every object of a body that may be taken for a JobSpec."""
    try:
        body = json.loads(content or b"")
    except (ValueError, RecursionError):
        return []
    if not isinstance(body, dict):
        return []
    return [one for one in (body, body.get("job_spec"), body.get("jobspec")) if isinstance(one, dict)]


def _ids(content: bytes | None) -> set[str]:
    named = (spec.get(name) for spec in _specs(content) for name in ("id", "jobspec_id"))
    return {one for one in named if isinstance(one, str) and one}


def _nonce(spec: Mapping[str, Any]) -> list[str] | None:
    metadata = spec.get("metadata")
    pair = [spec.get("public_key"), metadata.get("nonce") if isinstance(metadata, dict) else None]
    return [str(one) for one in pair] if all(isinstance(one, str) for one in pair) else None


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
