"""Watches that refused requests and reading requests change no row."""

from __future__ import annotations

import threading

from gate.contract.document import Contract
from gate.core.database import Database
from gate.core.exchange import Exchange
from gate.core.record import Change
from gate.oracles.database_contract import DatabaseContract
from gate.oracles.unchanged import State, Tables


class WriteWatch:
    """Compares the state of the database before and after each request that is refused.

    A change is laid to a request only where nothing else was under way. ``alone`` says that nobody but this session
    sends requests to the service: then the tables that only a submission grows are watched while it works, too.
    """

    def __init__(self, database: Database, promised: DatabaseContract, contract: Contract, *, alone: bool) -> None:
        self._tables = Tables(database.connection, database.tables(), promised)
        self._contract = contract
        self._alone = alone
        self._lock = threading.Lock()
        self._under_way = 0  # requests that were sent and not yet answered, by all threads
        self._known: State | None = None  # as long as nothing can have changed it

    def forget(self) -> None:
        """Take nothing for known: rows may have been changed by other ways than a request."""
        self._known = None

    def idle_state(self) -> State | None:
        """The state of the database, or None while the service works."""
        state = self._tables.state()
        return state if state.idle else None

    def change_since(self, before: State | None, where: str) -> Change | None:
        """The change since ``before``; None where there is none or the state before is not known."""
        return None if before is None else self._tables.change(before, self._tables.state(before), where)

    def before(self, method: str) -> None:
        """Note that a request is about to be sent."""
        if method == "GET":
            return
        with self._lock:
            self._under_way += 1
            if self._under_way > 1:
                self._known = None
            elif self._known is None:
                self._known = self._tables.state() if self._alone else self.idle_state()

    def lost(self, method: str) -> None:
        """Note that a request got no answer."""
        if method != "GET":
            with self._lock:
                self._under_way, self._known = self._under_way - 1, None

    def answered(self, exchange: Exchange) -> Change | None:
        """The changes of a refused request; None where another request was under way."""
        if exchange.method == "GET":
            return None
        with self._lock:
            self._under_way -= 1
            before, self._known = self._known, None
            if exchange.status < 400 or self._under_way or before is None:
                return None
            after = self._tables.state(before)
            operation = self._contract.operation(exchange.method, exchange.path)
            where = f"{exchange.method} {operation.path if operation else exchange.path} {exchange.status}"
            change = self._tables.change(before, after, where, exchange.request_id)
            self._known = None if change else after
            return change
