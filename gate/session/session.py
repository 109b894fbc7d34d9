"""One worker's view of the system under test: its client, its database, and the watch over what must not change."""

from __future__ import annotations

import os
import threading
from functools import partial

from beacon.jobs import Ids
from beacon.scenario import Scenario
from beacon.wire import Wire
from gate.contract.coverage import CoverageRecorder
from gate.contract.document import Contract
from gate.core.client import Client
from gate.core.database import Database
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.settings import WITHOUT_ORACLES
from gate.core.transport import WatchedTransport
from gate.oracles import unchanged as untouched
from gate.targets import System
from gate.targets.remote_run.access import RemoteAccess
from gate.verdict.events import CoverageGained, ExchangeRecorded
from gate.verdict.journal import Journal


class Session:
    """A system under test with the client, the database and the ids that one worker uses on it."""

    def __init__(
        self,
        system: System,
        contract: Contract,
        ids: Ids,
        journal: Journal,
        reach: RemoteAccess | None = None,
        *,
        wire: Wire | None = None,
    ) -> None:
        self.system = system
        self.contract = contract
        self.ids = ids
        self.journal = journal
        self.database = Database(system.database_url) if system.database_url else None
        self.reach = reach
        self.wire = wire or Wire()
        watched = partial(WatchedTransport, before=self._before, lost=self._lost)
        transport = reach.transport(watched) if reach else watched()
        self.client = Client(system.base_url, self._record, transport=transport)
        self.alone = system.exclusive
        self.jobs: set[str] = set()  # every job that was accepted
        self._coverage = CoverageRecorder(contract)
        self._scenario: Scenario | None = None
        self._counted = untouched.statement(self.database.tables()) if self.database else None
        self._lock = threading.Lock()
        self._under_way = 0  # requests that were sent and not yet answered, by all threads
        self._state: untouched.State | None = None  # of the database, as long as nothing can have changed it

    def close(self) -> None:
        """Closes client, database and system."""
        self.client.close()
        if self.database:
            self.database.close()
        if self.reach:
            self.reach.close()
        self.system.close()

    @property
    def stopped(self) -> bool:
        """Whether the run was told to end, so that nothing may follow."""
        return self.reach is not None and self.reach.watch.stopped.is_set()

    def scenario(self, test: str) -> Scenario:
        """A scenario for one test; exchanges are recorded into the newest."""
        self._state = None  # between scenarios a test may have changed rows by other ways than a request
        self._scenario = Scenario(self, test)
        return self._scenario

    def state(self) -> untouched.State | None:
        """State of the database where nobody but us could change it now; None where it is busy or not shown."""
        if self.database is None or self._counted is None:
            return None
        state = untouched.read(self.database.connection, self._counted)
        return state if state.idle else None

    def _counts(self) -> untouched.State | None:
        """State of the database even where jobs are under way, if nobody but us submits any."""
        if self.alone and self.database and self._counted is not None and WITHOUT_ORACLES not in os.environ:
            return untouched.read(self.database.connection, self._counted)
        return self.state()

    def unchanged_since(self, before: untouched.State | None, code: str, where: str) -> list[Finding]:
        """A finding for each table that changed since ``before``; none where that was not known."""
        after = self._since(before)
        return untouched.compare(before, after, code, where) if before and after else []

    def _since(self, before: untouched.State | None) -> untouched.State | None:
        """The state now, where that before is known."""
        if before is None or self.database is None or self._counted is None:
            return None
        return untouched.read(self.database.connection, self._counted, before)

    def _before(self, method: str) -> None:
        if method == "GET":
            return
        with self._lock:
            self._under_way += 1
            if self._under_way > 1:
                self._state = None
            elif self._state is None and WITHOUT_ORACLES not in os.environ:
                self._state = self._counts()

    def _after(self, exchange: Exchange) -> list[Finding]:
        """A refusal changes nothing; only told where nothing else was under way."""
        if exchange.method == "GET":
            return []
        with self._lock:
            self._under_way -= 1
            before, self._state = self._state, None
            if exchange.status < 400 or self._under_way:
                return []
            operation = self.contract.operation(exchange.method, exchange.path)
            path = operation.path if operation else exchange.path
            after = self._since(before)
            if before is None or after is None:
                return []
            where = f"{exchange.method} {path} {exchange.status}"
            found = untouched.compare(before, after, "BG-REFUSED-001", where)
            self._state = None if found else after
            return found

    def _lost(self, method: str) -> None:
        if method != "GET":
            with self._lock:
                self._under_way, self._state = self._under_way - 1, None

    def _record(self, exchange: Exchange) -> None:
        found = self._after(exchange)
        operation = self.contract.operation(exchange.method, exchange.path)
        self.journal.write(ExchangeRecorded(operation.id if operation else None, exchange.status, exchange.error_code))
        if operation and WITHOUT_ORACLES not in os.environ and (parts := self._coverage.record(operation, exchange)):
            self.journal.write(CoverageGained(parts))
        if self._scenario is not None:
            self._scenario.note(exchange, found)
