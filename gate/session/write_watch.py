"""Watches that refused requests and reading requests change no row."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.record import Change
from gate.oracles.unchanged import State, Tables


class WriteWatch:
    """Compares the state of the run's own database before and after each request that is refused.

    A change is laid to a request only where no other of this session was under way. While the service works, the
    tables that only a submission grows are watched.
    """

    alone = True
    """Nobody else writes to the database."""

    def __init__(self, tables: Tables, contract: Contract) -> None:
        self._tables = tables
        self._contract = contract
        self._lock = threading.Lock()
        self._under_way = 0  # requests that were sent and not yet answered, by all threads
        self._known: State | None = None  # as long as nothing can have changed it

    def close(self) -> None:
        """Nothing to close."""

    def forget(self) -> None:
        """Take nothing for known: rows may have been changed by other ways than a request."""
        self._known = None

    def state(self, known: State | None = None) -> State:
        """The state to compare with after a request; ``known`` where nothing can have changed it."""
        return known or self._tables.state()

    def state_before_reading(self) -> State | None:
        """The state to compare with after reading requests; None while the service works."""
        state = self.state()
        return state if state.idle else None

    def changes_by_reading(self, before: State | None, read: Sequence[Exchange]) -> list[Change]:
        """The changes since ``before`` that the reading requests ``read`` are to blame for, as far as that is known."""
        if before is None:
            return []
        return self._changes(before, self._tables.state(before), read)

    def by_reading(self, asks: Sequence[Callable[[], Exchange]], *, at_work: bool = False) -> list[Change]:
        """The changes while ``asks`` send a reading request each and nothing else happens.

        They are laid to those that make some alone, sent again, else to the last. ``at_work`` leaves out the queue, to
        which a service writes that waits for an upstream.
        """
        before = self._everywhere(at_work=at_work)
        read = [ask() for ask in asks]
        after = self._everywhere(at_work=at_work)
        changed = {name: (before[name][0], state[0]) for name, state in after.items() if state != before[name]}
        if not changed:
            return []
        again = [self.by_reading([ask], at_work=at_work) for ask in asks] if len(asks) > 1 else []
        whole = Change(self.place(read[-1]), changed, read[-1].request_id)
        return [change for changes in again for change in changes] or [whole]

    def _everywhere(self, *, at_work: bool) -> dict[str, tuple[int, int]]:
        state = {**self._tables.state().tables, **self._tables.sequences()}
        return {name: seen for name, seen in state.items() if not at_work or name not in self._tables.queue}

    def before(self, method: str) -> None:
        """Note that a request is about to be sent."""
        if method == "GET":
            return
        with self._lock:
            self._under_way += 1
            if self._under_way > 1:
                self._known = None
            else:
                self._known = self.state(self._known)

    def lost(self, method: str) -> None:
        """Note that a request got no answer."""
        if method != "GET":
            with self._lock:
                self._under_way, self._known = self._under_way - 1, None

    def answered(self, exchange: Exchange) -> Change | None:
        """The changes by a refused request; None where another request was under way."""
        if exchange.method == "GET":
            return None
        with self._lock:
            self._under_way -= 1
            before, self._known = self._known, None
            if exchange.status < 400 or self._under_way or before is None:
                return None
            after = self._tables.state(before)
            changes = self._changes(before, after, [exchange])
            self._known = None if changes else after
            return next(iter(changes), None)

    def place(self, exchange: Exchange) -> str:
        """The operation of an exchange with its status."""
        operation = self._contract.operation(exchange.method, exchange.path)
        return f"{exchange.method} {operation.path if operation else exchange.path} {exchange.status}"

    def _changes(self, before: State, after: State, sent: Sequence[Exchange]) -> list[Change]:
        """The changes between two states that are laid to ``sent``: one refused request, or reading ones."""
        refused = next((exchange for exchange in sent if exchange.method != "GET"), None)
        where, request = (self.place(refused), refused.request_id) if refused else ("GET", "")
        change = self._tables.change(before, after, where, request)
        return [change] if change else []
