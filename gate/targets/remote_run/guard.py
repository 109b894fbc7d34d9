"""Stands before every request to a remote service: what is not safe is not sent."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Mapping
from threading import Event
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from gate.core.errors import NotAvailable, NotSafe
from gate.core.exchange import READING
from gate.targets.remote_run.ledger import Ledger
from gate.targets.remote_run.limits import Budget
from gate.targets.service import RemoteRules

CREATED, CREATING = 201, frozenset({"POST", "PUT"})


class Guard:
    """The limits of one run, in one of its processes; ``stopped`` is set when no request may follow."""

    def __init__(self, run: str, rules: RemoteRules, budget: Budget, ledger: Ledger | None, stopped: Event) -> None:
        self.prefix = f"gate-{run}-"
        self.stopped = stopped
        self._rules = rules
        self._budget = budget
        self._ledger = ledger  # none for a run that only reads
        self._accepted: set[str] = set()  # ids that the service gave to submissions without one
        self._keys = (f"{self.prefix}{os.getpid()}k{number}" for number in itertools.count(1))

    def permit(self, method: str, target: str, content: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        """Waits until a request may be sent and returns the headers to add to it; NotAvailable where it may not be."""
        path = urlsplit(target).path
        added: dict[str, str] = {}
        if self._ledger is None:
            if method != "GET":
                raise NotAvailable(f"a run that only reads sends no {method}")
        elif self._rules.owned is not None:
            if method not in READING and not self._rules.owned(method, path):
                raise NotSafe("a request that may change what this run did not create is not sent")
            if method in CREATING:
                self._budget.resource()
                self._ledger.write("trying", path=path)
        elif self._rules.creates(method, path):
            added = self._submission(self._ledger, content, {name.lower(): value for name, value in headers.items()})
        elif method not in READING and not self._own(path):
            raise NotSafe("a request that may change what this run did not create is not sent")
        if self.stopped.wait(self._budget.request()):
            raise KeyboardInterrupt
        return added

    def answered(self, method: str, target: str, content: bytes, status: int, body: Any) -> None:
        """Takes note of what became of a request."""
        path = urlsplit(target).path
        if self._ledger is not None and self._rules.owned is not None:
            self._note(self._ledger, method, path, status, body)
            return
        if self._ledger is None or not self._rules.creates(method, path):
            return
        accepted, given = 200 <= status < 300, self._rules.given(body)
        new = accepted and bool(given) and not given.startswith(self.prefix)
        if new:
            self._accepted.add(given)
        if not accepted:
            self._budget.give_back()
        self._ledger.write("answered", sync=new, ids=len(self._rules.ids(content)) or 1, id=given if new else None)

    def _submission(self, ledger: Ledger, content: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        ids, header = self._rules.ids(content), self._rules.key_header
        if any(not name.startswith(self.prefix) for name in ids):
            raise NotSafe("a submission under an id that is not of this run may replace somebody else's")
        # Without an id of ours the resource is found again by its key, should the run not live to see the answer. A key
        # that is sent empty stays so: another one in its place would turn an invalid request into a valid one.
        key = headers[header] if header in headers else "" if ids else next(self._keys)
        if not key and not ids:
            raise NotSafe("a submission with neither an id nor a key could not be found again")
        self._budget.resource()
        for name in ids or {""}:
            ledger.write("sending", id=name, key=key, **self._rules.facts(content))
        return {} if ids or header in headers else {header: key}

    def _note(self, ledger: Ledger, method: str, path: str, status: int, body: Any) -> None:
        """Write down what became of what may have been made, and what is gone, where the service chooses the ids."""
        if method in CREATING:
            given = self._rules.given(body) if method == "POST" else ""
            other = bool(given) and given not in path.split("/")  # than what the path names
            created = status == CREATED or (200 <= status < 300 and other)
            if not created:
                self._budget.give_back()
            ledger.write("tried", sync=created, path=path, new=f"{path.rstrip('/')}/{given}" if created else "")
        elif method == "DELETE" and 200 <= status < 300:
            ledger.write("gone", sync=False, path=path)

    def _own(self, path: str) -> bool:
        segments = [unquote(segment) for segment in path.split("/")[1:]]
        if any(segment in {"", ".", ".."} or "/" in segment for segment in segments):
            return False
        addressed = self._rules.addressed(segments)
        return addressed.startswith(self.prefix) or addressed in self._accepted


class GuardedTransport(httpx.BaseTransport):
    """Lets ``inner`` send what the guard permits; NotAvailable for everything else."""

    def __init__(self, guard: Guard, inner: httpx.BaseTransport) -> None:
        self._guard = guard
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request once it may be sent; what the guard adds to it is recorded with it."""
        method, target, content = request.method, request.url.raw_path.decode("ascii"), request.read()
        request.headers.update(self._guard.permit(method, target, content, request.headers))
        response = self._inner.handle_request(request)
        try:
            body = json.loads(response.read())
        except (ValueError, RecursionError):
            body = None
        self._guard.answered(method, target, content, response.status_code, body)
        return response

    def close(self) -> None:
        """Closes the connections."""
        self._inner.close()
