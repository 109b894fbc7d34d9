"""Observes what a test left: sends every request that judging needs, once, and reads the rows, once."""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gate.core.client import Client, Unreachable
from gate.core.database import Database
from gate.core.exchange import Exchange
from gate.core.log import Log, LogLine
from gate.core.record import Change, Observation, Observations, Record, Row, Rows
from gate.core.waiting import NotReached, wait
from gate.oracles import invariants, metrics, schema
from gate.oracles.database_contract import DatabaseContract
from gate.oracles.invariants import Invariant
from gate.oracles.request_log import of_requests
from gate.oracles.shown_rows import ShownRows
from gate.session.pack import Pack, Views
from gate.session.write_watch import WriteWatch
from gate.targets.service import StandIn

LINE_SECONDS, LOOK_SECONDS = 2.0, 0.005
"""Seconds until a request's log line is missed, and between two looks at the log."""
SHARE_WITH_METRICS = 8
"""Of so many tests, the metrics are asked for after one."""
TRIES = 3
"""Number of times that a record is observed, until its rows stay as they were."""


@dataclass(frozen=True, slots=True)
class Observer:
    """One worker's eyes on a system under test.

    On a target without rows ``database`` and ``watch`` are None, and ``scratch`` holds what responses show.
    ``promised`` is the contract of the database without the columns that are ``absent`` from it.
    """

    pack: Pack
    promised: DatabaseContract
    absent: frozenset[str]
    client: Client
    database: Database | None
    scratch: ShownRows | None
    watch: WriteWatch | None
    stand_ins: Mapping[str, StandIn]
    log: Log
    inside: Mapping[str, str]

    def rows(self, record: Record) -> Observations:
        """The rows of a record's resources alone."""
        if self.database is None:
            return Observations(stored=False)
        resources = {name: Observation(name, self.pack.rows(self.database, name)) for name in record.resources}
        return Observations(resources, absent=self.absent)

    def observe(self, record: Record) -> Observations:
        """Everything that judging a record needs; requests are recorded in it.

        In a database that others use, it is observed again where they changed its rows meanwhile.
        """
        observations = self._observed_with_rows(record)
        return replace(observations, log=self.lines(record), logged_url=self.client.base_url, inside=self.inside)

    def lines(self, record: Record) -> Sequence[LogLine]:
        """The log, once it has the lines of a record's requests, which are printed after their answers."""
        own = [exchange for exchange in record.exchanges if exchange.url.startswith(self.client.base_url)]
        wanted = Counter(exchange.headers.get("x-request-id") for exchange in own)
        del wanted[None]
        rules = self.pack.contract.document.get(self.pack.log)
        if not rules:
            return self.log.lines()
        limit = time.monotonic() + (0.0 if record.interrupted else LINE_SECONDS)
        while True:
            lines = self.log.lines()
            printed = of_requests(rules, lines[record.logged :])
            missing = any(len(printed.get(request, ())) < number for request, number in wanted.items())
            if not missing or not lines or time.monotonic() > limit:
                return lines
            time.sleep(LOOK_SECONDS)

    def _observed_with_rows(self, record: Record) -> Observations:
        observations = self._observe(record)
        for _ in range(TRIES - 1):
            if not self.watch or self.watch.alone or observations.changes or self._holds(record, observations):
                break
            observations = self._observe(record)
        return observations

    def _holds(self, record: Record, observations: Observations) -> bool:
        """Return whether the rows are still those that were observed."""
        now = self.rows(record).resources
        return all(now[name].rows == observation.rows for name, observation in observations.resources.items())

    def _observe(self, record: Record) -> Observations:
        observations = self.rows(record)
        if not record.resources:
            return observations
        rules, offending = self.promised.invariants, {}
        if self.database is not None:
            offending = invariants.offending(self.database.connection, rules, list(record.resources))
        # The logs are read before the requests of observing itself.
        calls = {name: self.pack.calls(self.stand_ins, name) for name, created in record.resources.items() if created}
        before = self.watch.state_before_reading() if self.watch else None
        service, views = Views(self.client), {name: Views(self.client) for name in record.resources}
        unreachable, gauges = "", dict[str, Sequence[Row]]()
        try:
            if self.stand_ins:
                self.pack.observe_service(service)
                gauges = self._gauges(service, record)
            for name, asked in views.items():
                known = observations.resources.get(name)
                self.pack.observe(asked, name, known.rows if known else None, record)
        except Unreachable as error:
            unreachable = str(error)
        all_views = [service, *views.values()]
        read = [exchange for each in all_views for answers in each.answers.values() for exchange in answers]
        changes = self.watch.changes_by_reading(before, read) if self.watch else []
        if changes and self.watch and self.watch.alone and not unreachable:
            changes = self._repeated(self.watch, read) or changes
        resources = {
            name: Observation(name, self._rows(observations, name, asked, record), asked.answers, calls.get(name))
            for name, asked in views.items()
        }
        if self.database is None:
            rules, offending = self._judged_as_shown(resources.values())
        return replace(
            observations,
            resources=resources,
            answers=service.answers,
            gauges=gauges,
            offending=offending,
            checked=_with_rows(rules, resources.values()),
            changes=changes,
            unreachable=unreachable,
        )

    def _repeated(self, watch: WriteWatch, read: Iterable[Exchange]) -> list[Change]:
        """The changes by the reading requests, of which one for each operation is sent again to see which it was."""
        first = {watch.place(exchange): exchange for exchange in read}
        return watch.by_reading([partial(self.client.request, "GET", exchange.url) for exchange in first.values()])

    def _gauges(self, service: Views, record: Record | None) -> dict[str, Sequence[Row]]:
        """Ask for the metrics; returns the rows that gauges show, where nothing changed them meanwhile."""
        path, database = self.pack.metrics, self.database
        if not path or database is None or (record is not None and not _turn(record, path)):
            return {}
        queries = self.promised.gauges

        def rows() -> dict[str, Sequence[Row]]:
            return {name: database.connection.execute(text.encode()).fetchall() for name, text in queries.items()}

        before = rows()
        service.get(metrics.VIEW, path)
        return {name: now for name, now in rows().items() if name.endswith("_seconds") or now == before[name]}

    def _rows(self, stored: Observations, resource: str, views: Views, record: Record) -> Rows:
        if resource in stored.resources:
            return stored.resources[resource].rows
        return self.pack.shown_rows(views.answers, resource, record)

    def _judged_as_shown(self, resources: Iterable[Observation]) -> tuple[Sequence[Invariant], dict[str, list[Row]]]:
        """The invariants that can be evaluated on what the API shows, and the rows that break them."""
        if self.scratch is None:
            return (), {}
        # A view that the service failed to give says nothing of the rows.
        given = [
            resource
            for resource in resources
            if all(exchange.status < 500 for asked in resource.answers.values() for exchange in asked)
        ]
        self.scratch.hold([resource.rows for resource in given])
        names = [resource.id for resource in given]
        return self.scratch.rules, self.scratch.offending(names, self.pack.unfinished(self.scratch, names))

    def end(self, record: Record, resources: Sequence[str], *, alone: bool) -> Observations:
        """The database when a run is over: all of it where nobody else uses it, else what belongs to ``resources``.

        The requests of looking at it are those of ``record``.
        """
        if self.database is None:
            return Observations(stored=False)
        database, promised = self.database, self.promised
        unfinished: Sequence[str] = ()
        waiting: Sequence[str] = ()
        try:
            wait(
                "every resource terminal",
                lambda: self.pack.unfinished(database, resources),
                until=lambda ids: not ids,
                kind="terminal",
            )
        except NotReached:
            unfinished = self.pack.unfinished(database, resources)
            (row,) = database.query(promised.unfinished)
            if not alone and next(iter(row.values())) > len(unfinished):
                unfinished, waiting = (), unfinished
        shared = {table: database.all_rows(table) for table in promised.shared} if alone else {}
        service = Views(self.client)
        gauges = self._gauges(service, None) if alone else {}
        return Observations(
            resources={"": Observation("", shared)},
            answers=service.answers,
            gauges=gauges,
            log=self.lines(record),
            inside=self.inside,
            offending=invariants.offending(database.connection, promised.invariants, None if alone else resources),
            unfinished=unfinished,
            unattributed=[f"{name} has not ended, while the service works for others" for name in waiting],
            schema=schema.read(database.connection, promised.foreign),
            absent=self.absent,
        )


def _turn(record: Record, path: str) -> bool:
    """Return whether the metrics are asked for after a test: those that did it themselves, and one in some others."""
    asked = any(exchange.path == path for exchange in record.exchanges)
    return asked or zlib.crc32(record.test.encode()) % SHARE_WITH_METRICS == 0


def _with_rows(rules: Iterable[Invariant], resources: Iterable[Observation]) -> list[str]:
    """Codes of the invariants that had rows to look at, as far as their tables belong to resources."""
    numbers = Counter[str]()
    for resource in resources:
        numbers.update({table: len(rows) for table, rows in resource.rows.items()})
    empty = {table for table, number in numbers.items() if not number}
    return [rule.code for rule in rules if not empty & {column.partition(".")[0] for column in rule.reads}]
