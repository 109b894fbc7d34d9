"""The same watch over a database that others use, too: it accuses a request only where its guilt is certain."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.record import Change
from gate.oracles.unchanged import State, Tables, Written
from gate.session.repetition import Repetition
from gate.session.write_watch import WriteWatch

SHARE, LEAST = 0.2, 3
"""Share of the time that repetitions without a result may take, and the tries that each place gets in any case."""
SHORTEST_ID = 16
"""Characters from which on an id that the service gave to a request can be taken for unique."""


class SharedWatch(WriteWatch):
    """Lays a change to a request by an id in a row that no other request had, or because it comes again with it.

    ``own`` matches the ids of this session, which nobody else makes; ``unclear`` takes note of any other change. The
    workers of a run need not agree among themselves, as each of them takes the others for strangers.
    """

    alone = False

    def __init__(
        self,
        tables: Tables,
        contract: Contract,
        own: re.Pattern[str],
        repetition: Repetition,
        unclear: Callable[[str], None],
    ) -> None:
        super().__init__(tables, contract)
        self._own = own
        self._repetition = repetition
        self._unclear = unclear
        self._noted: set[str] = set()
        self._sent: Counter[str] = Counter()  # requests so far that had an id
        self._in_doubt = False  # some request got no answer, and its ids are not known
        self._tries: Counter[str] = Counter()  # repetitions by place
        self._began, self._spent = time.monotonic(), 0.0

    def close(self) -> None:
        """Closes the connections of the repetitions."""
        self._repetition.close()

    def forget(self) -> None:
        """Take nothing for known, except the ids that were sent."""
        super().forget()
        self._in_doubt = False  # the next test has ids of its own

    def state(self, known: State | None = None) -> State:
        """The state now. Others keep the service busy, so that it does not matter whether it is."""
        return replace(self._tables.state(known), idle=True)

    def state_before_reading(self) -> State:
        """The state now."""
        return self.state()

    def by_reading(self, asks: Sequence[Callable[[], Exchange]], *, at_work: bool = False) -> list[Change]:
        """The changes that are certainly by the reading requests; ``at_work`` is always so here."""
        del at_work
        before = self.state_before_reading()
        return self.changes_by_reading(before, [ask() for ask in asks])

    def lost(self, method: str) -> None:
        """Note that a request got no answer."""
        super().lost(method)
        self._in_doubt = True

    def answered(self, exchange: Exchange) -> Change | None:
        """The changes that are certainly by a refused request."""
        with self._lock:
            self._sent.update(self._ids(exchange))
        return super().answered(exchange)

    def _changes(self, before: State, after: State, sent: Sequence[Exchange]) -> list[Change]:
        change = self._tables.change(before, after, "")
        if change is None:
            return []
        written, _ = self._tables.written(before.snapshot)
        changes = [*self._by_ids(change, written, sent)] or [*self._by_repetition(change, sent)]
        if not changes:
            self._note(change, sent)
        return changes

    def _by_ids(self, change: Change, written: Sequence[Written], sent: Iterable[Exchange]) -> Iterator[Change]:
        for exchange in sent:
            for name in sorted(self._unique(exchange)):
                tables = {row.table for row in written if self._names(row, name)}
                if tables:
                    reason = f"a row with {name}, which no other request had"
                    yield self._of(change, exchange, tables, reason)
                    break

    def _by_repetition(self, change: Change, sent: Iterable[Exchange]) -> Iterator[Change]:
        # One request for each operation and status; a refusal may be a failure that does not come again.
        candidates = {self.place(exchange): exchange for exchange in sent if exchange.status < 500}
        for place, exchange in candidates.items():
            started = time.monotonic()
            self._tries[place] += 1
            if self._tries[place] > LEAST and self._spent > SHARE * (started - self._began):
                continue
            tables, reason = self._repetition.repeats(exchange, change.tables)
            if tables:
                yield self._of(change, exchange, tables, reason)
            else:
                self._spent += time.monotonic() - started

    def _of(self, change: Change, exchange: Exchange, tables: Iterable[str], reason: str) -> Change:
        counts = {table: change.tables.get(table, (0, 0)) for table in sorted(tables)}
        return Change(self.place(exchange), counts, exchange.request_id, reason)

    def _unique(self, exchange: Exchange) -> set[str]:
        """Ids that this request had, and no other."""
        return set() if self._in_doubt else {name for name in self._ids(exchange) if self._sent[name] == 1}

    def _ids(self, exchange: Exchange) -> set[str]:
        """Ids of this session in a request, and the one that the service gave it."""
        text = "\n".join(
            (exchange.url, *exchange.request_headers.values(), exchange.request_body.decode(errors="replace"))
        )
        given, echoed = exchange.request_id, exchange.request_headers.get("x-request-id")
        return {*self._own.findall(text), *([given] if len(given) >= SHORTEST_ID and given != echoed else [])}

    def _names(self, row: Written, name: str) -> bool:
        """Return whether a row has an id, rather than a longer one that begins like it."""
        return name in (self._own.findall(row.text) if self._own.fullmatch(name) else row.text)

    def _note(self, change: Change, sent: Sequence[Exchange]) -> None:
        refused = next((exchange for exchange in sent if exchange.method != "GET"), None)
        place = self.place(refused) if refused else "GET"
        if refused and self._contract.operation(refused.method, refused.path) is None:
            place = f"{refused.method} of no operation {refused.status}"  # one line for all such paths
        for text in sorted({f"{place} -> {table}" for table in change.tables} - self._noted):
            self._noted.add(text)
            self._unclear(text)
