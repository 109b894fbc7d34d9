"""One worker's access to a system under test: its client, its database, and the record of the current test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

import httpx

from gate.contract.coverage import CoverageRecorder
from gate.core.client import Client
from gate.core.database import Database
from gate.core.errors import GateError, NotAvailable
from gate.core.evidence import Evidence, gather
from gate.core.exchange import Exchange
from gate.core.findings import BrokenPromise, Finding
from gate.core.ids import pattern
from gate.core.log import Log
from gate.core.record import Observations, Record, Row
from gate.core.transport import WatchedTransport
from gate.oracles import invariants, reveal, schema
from gate.oracles.registry import Need, available, offered, without_tables
from gate.oracles.shown_rows import ShownRows
from gate.oracles.unchanged import Tables
from gate.session import fault
from gate.session.codes import SILENT
from gate.session.judge import judge
from gate.session.observe import Observer
from gate.session.pack import Pack
from gate.session.repetition import Repetition
from gate.session.shared_watch import SharedWatch
from gate.session.write_watch import WriteWatch
from gate.targets import System
from gate.targets.remote_run.access import RemoteAccess
from gate.verdict.events import (
    ChecksUnavailable,
    CoverageGained,
    ExchangeRecorded,
    InvariantsChecked,
    RecordConcluded,
    ResourceEnded,
    Unattributed,
)
from gate.verdict.journal import Journal

CODE = re.compile("[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
"""A code in a JSON column, as TOO_LARGE."""
END_SECONDS = 1.0
"""Seconds from the last connection that a service closes until its end is noticed."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The findings on a record, and the observations that they are made on."""

    findings: list[Finding]
    observations: Observations


class Session:
    """A system under test with the client, the database and the ids that one worker uses on it.

    Without ``judging`` nothing is judged, which is for benchmarks. ``scratch_url`` is of a database of the gate's own,
    for invariants on a target that shows no rows.
    """

    def __init__(
        self,
        pack: Pack,
        system: System,
        ids: Callable[[], str],
        journal: Journal,
        reach: RemoteAccess | None = None,
        *,
        wire: Mapping[str, Any] | None = None,
        judging: bool = True,
        scratch_url: str | None = None,
    ) -> None:
        self.pack = pack
        self.system = system
        self.contract = pack.contract
        self.ids = ids
        self.journal = journal
        self.reach = reach
        self.wire = wire or {}  # how the service spells requests, as the profile says
        self.alone = system.exclusive
        self._others = False  # processes of the service beside that of the system
        self._current: Record | None = None
        self._answered = 0  # requests since it began
        self.resources: dict[str, Exchange] = {}  # every one that was created, with the exchange that did
        self.database = Database(system.database_url) if system.database_url else None
        self.watch = self._write_watch(self.database, reach) if self.database else None
        self._judging = judging
        self._watched = self.watch if judging else None
        self.client = self.client_of(system.base_url)
        self._log = Log(system.log)
        self._scratch = ShownRows(scratch_url, pack.database) if scratch_url and not self.database else None
        self._live: schema.Schema | None = None
        self._schema: schema.Schema | None = None  # to be judged with the next record
        self.absent = self._absent(self.database) if self.database and judging else frozenset()
        self.promised = pack.database.without(self.absent)
        self.observer = self._observer_of(system)
        self.observe = self.observer.observe
        unreadable = without_tables(pack.oracles, self.absent)
        offers = offered(own=self.alone, rows=self.database is not None)
        self.oracles = [each for each in available(pack.oracles, offers) if each.name not in unreadable]
        self._coverage = CoverageRecorder(pack.contract)
        self.dead = False  # the service ended by itself
        self._closed = False

    def client_of(self, base_url: str) -> Client:
        """A client of a process of the service, whose exchanges belong to the record of the current test."""
        self._others = self._others or base_url != self.system.base_url
        if self._current:
            self._current.others = self._others
        hooks = {"before": self._watched.before, "lost": self._watched.lost} if self._watched else {}
        return Client(
            base_url,
            self.take,
            transport=_transport(self.reach, **hooks),
            unanswered=self._unanswered,
            defaults=self._defaults if self.alone else dict,
        )

    def _observer_of(self, system: System) -> Observer:
        return Observer(
            self.pack,
            self.promised,
            self.absent,
            self.client,
            self.database,
            self._scratch,
            self.watch,
            system.stand_ins,
            self._log,
            reveal.facts(system.database_url if system.exclusive else None, str(self.pack.root)),
        )

    def _write_watch(self, database: Database, reach: RemoteAccess | None) -> WriteWatch:
        declared = self.pack.database.schema is None  # of others' tables that nobody described, only some are read
        names = database.open_tables() if declared and not self.alone else database.tables()
        tables = Tables(database.connection, names, self.pack.database)
        if self.alone:
            return WriteWatch(tables, self.contract)

        def connect(before: Callable[[str], None]) -> Client:
            return Client(self.system.base_url, lambda _: None, transport=_transport(reach, before=before))

        return SharedWatch(tables, self.contract, pattern(self.ids), Repetition(tables, connect), self._unclear)

    def _absent(self, database: Database) -> frozenset[str]:
        """The promised columns that the database does not have; where there are any, all that follows is reported."""
        if self.pack.database.schema is None:
            return frozenset()
        promised, live = (
            schema.load(self.pack.database.schema),
            schema.read(database.connection, self.pack.database.foreign),
        )
        self._live = live
        absent = schema.absent(promised, live)
        if absent:
            evidence = Evidence("the schema of the database")
            self.journal.write_findings(schema.compare(promised, live), evidence)
            unavailable = {**self.pack.database.unavailable(absent), **without_tables(self.pack.oracles, absent)}
            self.journal.write(ChecksUnavailable(unavailable))
        return absent

    def _unclear(self, text: str) -> None:
        self.journal.write(Unattributed(text))

    def answered_by(self, inner: httpx.BaseTransport) -> None:
        """Send what follows to ``inner``, not to the service, so that there is nothing to watch or to observe."""
        self.client.close()
        self._watched = None
        self.observe = lambda record: Observations()  # noqa: ARG005 (its name is part of the type)
        self.client = Client(self.system.base_url, self.take, transport=WatchedTransport(inner))

    def with_schema(self) -> Session:
        """The session itself, which judges the schema with its first record: what follows from it comes later."""
        self._schema = None if self.absent else self._live
        return self

    def unwatched(self) -> Session:
        """The session itself, which leaves it to others to look at the rows around each request."""
        self._watched = None
        self.client.close()
        self.client = self.client_of(self.system.base_url)
        return self

    def close(self) -> None:
        """Closes client, database and system."""
        self._closed = True
        self.client.close()
        if self.watch:
            self.watch.close()
        for database in (self.database, self._scratch):
            if database:
                database.close()
        if self.reach:
            self.reach.close()
        self.system.close()

    def judges_like(self, other: Session) -> bool:
        """Return whether it asks the oracles that ``other`` does; False where it asks none."""
        if self.absent or (self.alone, self.database is None) != (other.alone, other.database is None):
            return self._judging  # each target, and each older database, has oracles of its own
        return self._judging and self._checks() == other._checks()

    def _checks(self) -> list[tuple[str, object]]:
        return [(oracle.name, getattr(oracle.check, "__code__", oracle.check)) for oracle in self.oracles]

    @property
    def stopped(self) -> bool:
        """Return whether nothing more can be judged: the run has to stop, or the service ended by itself."""
        return self.dead or (self.reach is not None and self.reach.watch.stopped.is_set())

    def cause(self, *, unanswered: bool = False) -> BrokenPromise | GateError | None:
        """The end of something that explains why a test failed here, what the service depends on first.

        ``unanswered`` says that a request was not: then the service may be about to end.
        """
        if self._closed:
            return None
        for name, stand_in in self.system.stand_ins.items():
            if trouble := stand_in.trouble():
                return GateError(f"The stand-in that {name} names {trouble}.")
        trouble = self.system.trouble() or (self.database.trouble() if self.database else "")
        if trouble:
            return GateError(trouble)
        if lacking := fault.of_log(self.system.log()):
            return lacking
        ended = self.system.ended(END_SECONDS if unanswered else 0.0)
        self.dead = ended is not None
        return fault.of_end(ended) if ended else None

    def _unanswered(self) -> None:
        if cause := self.cause(unanswered=True):
            raise cause

    @property
    def current(self) -> Record:
        """The record that takes the exchanges now."""
        return self._current or Record("")

    def begin(self, test: str) -> Record:
        """A new record, which takes every exchange from now on; NotAvailable where the service ended by itself."""
        if self.dead:
            raise NotAvailable(f"the service ended by itself before ({SILENT})")
        if self.watch:
            self.watch.forget()  # between tests rows may be changed by other ways than a request
        logged = len(self._log.lines())
        self._answered = 0
        self._current = Record(test, before=self.resources, alone=self.alone, logged=logged, others=self._others)
        return self._current

    def _looking(self, observations: Observations) -> list[str]:
        """The names of the oracles that have something to look at: without a line, none is about the log."""
        return [each.name for each in self.oracles if observations.log or Need.LOG not in each.needs]

    def conclude(self, record: Record) -> Conclusion:
        """Observes and judges a record, notes how its resources ended, and clears what was programmed for it."""
        try:
            observations = self.observe(record) if self._judging else self.observer.rows(record)
            if self._schema is not None:
                observations, self._schema = replace(observations, schema=self._schema), None
            self._whole(record)
            self._note_states(observations)
            self.journal.write(RecordConcluded(record.test, self._reached(record, observations), len(record.exchanges)))
            if not self._judging:
                return Conclusion([], observations)
            self.journal.count_judged(record.test, self._looking(observations))
            if observations.checked:
                self.journal.write(InvariantsChecked(list(observations.checked)))
            return Conclusion(judge(record, observations, self.contract, self.oracles), observations)
        finally:
            for stand_in in self.system.stand_ins.values():
                stand_in.reset()
            self.journal.flush()

    def final_findings(self) -> list[Finding]:
        """Findings on the database that a worker's tests shared; an error where service or database ended."""
        if cause := self.cause():
            raise cause
        self._current = record = Record("the end of the run")
        observations = self.observer.end(record, sorted(self.resources), alone=self.alone)
        for text in observations.unattributed:
            self._unclear(text)
        return judge(record, observations, self.contract, self.oracles)

    def _defaults(self) -> Mapping[str, str]:
        """Headers of the next request, unless it gives others."""
        return self.pack.request_headers(len(self._current.exchanges) if self._current else 0)

    def offending(self) -> Mapping[str, Sequence[Row]]:
        """The rows of the contract that break each invariant, as far as this system shows what it reads."""
        database = self.database or self._scratch
        if database is None:
            return {}
        promised = self.promised
        rules = self._scratch.rules if self._scratch else promised.invariants
        examples = [invariants.on(rule, promised.offending.get(rule.name, {})) for rule in rules]
        return invariants.offending(database.connection, examples, [invariants.RESOURCE])

    def evidence(
        self,
        record: Record,
        message: str,
        findings: Sequence[Finding] = (),
        observations: Observations | None = None,
    ) -> Evidence:
        """Evidence of a failure: what belongs to the resources and requests that the findings name, if any."""
        seen = observations or self.observer.rows(record)
        return gather(
            record,
            message,
            {resource: observation.rows for resource, observation in seen.resources.items()},
            self.system.log(),
            requests={finding.request for finding in findings} - {""},
            resources={finding.resource for finding in findings} & record.resources.keys(),
        )

    def _reached(self, record: Record, observations: Observations) -> list[str]:
        """Statuses of operations, states and values of rows, and invariants with rows that a record reached."""
        reached = {
            f"{operation.id} {exchange.status} {exchange.error_code}".rstrip()
            for exchange in record.exchanges
            if (operation := self.contract.operation(exchange.method, exchange.path))
        }
        tables: set[str] = set()
        for observation in observations.resources.values():
            for table, rows in observation.rows.items():
                tables.update([table] if rows else [])
                reached.update(f"{table} {row['status']}" for row in rows if "status" in row)
                reached.update(f"{table}.{name}" for row in rows for name, value in row.items() if value is not None)
                reached.update(f"{table}.{name} > 0" for row in rows for name, value in row.items() if _positive(value))
                reached.update(f"{table} {code}" for row in rows for value in row.values() for code in _codes(value))
        for rule in self.promised.invariants if tables else ():
            if tables.issuperset(column.partition(".")[0] for column in rule.reads):
                reached.add(rule.code)
        return sorted(reached)

    def _note_states(self, observations: Observations) -> None:
        for resource, observation in observations.resources.items():
            states = {
                table: sorted({str(row["status"]) for row in rows})
                for table, rows in observation.rows.items()
                if all("status" in row for row in rows)
            }
            self.journal.write(ResourceEnded(resource, states))

    def _whole(self, record: Record) -> None:
        """Raise GateError where a record lacks requests that were answered since it began: nobody would judge them."""
        recorded = len(record.exchanges)
        if record is self._current and recorded < self._answered:
            message = f"{self._answered} requests of {record.test} were answered, its record has {recorded}."
            raise GateError(message, "Undo what was changed in gate/core or gate/session.")

    def take(self, exchange: Exchange) -> None:
        """Takes an exchange into the record of the current test, with what it changed and created."""
        self._answered += 1  # at least so many, where several threads count
        change = self._watched.answered(exchange) if self._watched else None
        operation = self.contract.operation(exchange.method, exchange.path)
        self.journal.write(ExchangeRecorded(operation.id if operation else None, exchange.status, exchange.error_code))
        if operation and self._judging and (parts := self._coverage.record(operation, exchange)):
            self.journal.write(CoverageGained(parts))
        created = self.pack.created(exchange)
        if created:
            self.resources.setdefault(created, exchange)
        if self._current is not None:
            self._current.note(exchange, change, created)


def _codes(value: object) -> Iterator[str]:
    """Codes among the members of a JSON object: texts of capitals."""
    if isinstance(value, Mapping):
        yield from (text for text in value.values() if isinstance(text, str) and CODE.fullmatch(text))


def _positive(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and value > 0


def _transport(reach: RemoteAccess | None, **hooks: Callable[[str], None]) -> httpx.BaseTransport:
    """The way to the service; ``hooks`` are those of WatchedTransport."""
    plain: Callable[..., httpx.BaseTransport] = WatchedTransport
    watched = partial(plain, **hooks)
    return reach.transport(watched) if reach else watched()
