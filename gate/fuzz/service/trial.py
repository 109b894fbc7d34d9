"""A system on which steps are performed, each with what it does to the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import sql

from gate.contract.document import Contract
from gate.contract.nodes import Node, Operation
from gate.core.client import Unreachable
from gate.core.database import Database
from gate.core.effect import Effect, Row, RowChange
from gate.core.errors import GateError, NotAvailable, NotSafe
from gate.core.exchange import READING, Exchange
from gate.core.findings import Finding
from gate.core.record import Change, Observations, Record
from gate.fuzz.service.facts import Facts
from gate.fuzz.service.naming import (
    Identifier,
    collection_of,
    identifier,
    kinds,
    parameter,
    parameters,
)
from gate.fuzz.service.owned import Owned
from gate.fuzz.service.reading_back import ReadingBack
from gate.fuzz.service.row_watch import NoRows, RowWatch, counts
from gate.fuzz.service.schemas import defaults, ignored, nullable, properties, request_schema, required
from gate.fuzz.service.sending import Sender
from gate.fuzz.service.steps import Step
from gate.oracles.registry import Oracle
from gate.oracles.row_values import plain
from gate.oracles.unchanged import State
from gate.session.session import Session

MOST_BROKEN, MOST_LOOKED_AT = 3, 500
"""Rows that break an invariant and are shown, and those among which are looked for the run's own beside others."""
SETTLE_SECONDS, WINDOW_SECONDS = 4.0, 0.5
"""Longest wait for a service to be quiet, and the length of one of the windows in which it has to be."""
OWN_QUIET_SECONDS = 0.5
"""Seconds without a change of the run's own rows after which a service that others use counts as quiet."""


class Trial:
    """Performs steps on one system; the rows are read before and after each.

    ``owned`` is what the run created, where it may write beside others.
    """

    def __init__(self, session: Session, facts: Facts, owned: Owned | None = None) -> None:
        self.session = session
        self.database = session.database
        self.alone = session.alone
        self.owned = owned if not session.alone else None
        self.facts = facts
        self.contract: Contract = session.contract
        self.operations = {operation.id: operation for operation in self.contract.operations}
        self.kinds = kinds(self.contract.operations)
        self.watch = RowWatch(session.database, facts.late, alone=self.alone) if session.database else NoRows()
        self._sender = Sender(session, facts.query, self.watch)
        self._reading = ReadingBack(self.contract, facts, self.watch, self._sender.get, self.is_own)
        self.late: list[RowChange] = []  # what changed before the last step was sent
        self._earlier: State | None = None  # of the rows, where others write to them
        self._columns = {
            table: {name: type_ for name, type_ in columns.items() if f"{table}.{name}" not in facts.unequal}
            for table, columns in self.watch.columns.items()
        }

    def is_own(self, table: str, key: str) -> bool:
        """Return whether a row may be judged by what a request did to it: beside others, those that the run made."""
        return self.owned is None or self.owned.has(table, key)

    def permits(self, step: Step) -> bool:
        """Return whether a request may be sent: a case of an operation may have another method than it."""
        if self.alone or step.request.method == "GET":
            return True
        return self.owned is not None and self.owned.permits(step, self._is_there)

    def _is_there(self, value: str) -> bool:
        if self.watch.has_key(value):
            return True
        self.watch.changes()
        return self.watch.has_key(value)

    def perform(self, step: Step) -> Effect:
        """Send a step; what it did. Unreachable where it gets no answer, NotSafe where it may not be sent."""
        if not self.permits(step):
            raise NotSafe("a request that may change what this run did not create is not sent")
        operation = self.operations[step.request.operation]
        self.late = self.watch.changes()
        place = self._place(operation, step.values) if step.request.method == operation.method else None
        before = self.watch.row(*place) if place else None
        reads = step.request.method in READING
        shared = self.session.watch if not self.alone and reads else None
        self._earlier = shared.state(self._earlier) if shared else None
        exchange = self._send(step)
        changes, certain = self.watch.changes(), ""
        if shared:
            laid = shared.changes_by_reading(self._earlier, [exchange]) if changes else ()
            changes, certain = self._certain(changes, laid)
        elif self.owned is not None and not reads:
            changes = self.owned.laid(changes, exchange, self.watch.columns)
        schema, declared = request_schema(operation), self._declared(operation)
        members = properties(schema)
        effect = Effect(
            exchange,
            f"{step.request.method} {operation.path}",
            declared=declared,
            defaults=defaults(schema),
            changes=changes,
            extra=step.extra,
            repeats=step.repeats,
            path_values=step.values,
            columns=self._columns,
            earlier=self.late if self.alone else self._own(self.late),
            declared_rows=self.facts.rows,
            broken=self._broken() if changes or self.late else {},
            nullable=self._nullable(members, place) & declared,
            nowhere=list(self._nowhere(step.request.body, members.keys() & required(schema))),
            certain=certain,
        )
        if self.owned is not None:
            self.owned.learn(operation, effect, rows=self.database is not None)
        if place and before is not None:
            effect = replace(effect, addressed=RowChange(*place, before, self._after(operation, place)))
        if effect.accepted and effect.exchange.method == "GET" and step.request.method == operation.method:
            return self._reading.listed(effect, operation, step)
        return self._reading.read_back(effect, operation, step)

    def _own(self, changes: Iterable[RowChange]) -> list[RowChange]:
        return [change for change in changes if self.owned is not None and self.is_own(change.table, change.key)]

    def settle(self) -> bool:
        """Wait until the service is quiet, beside others as far as the run's own rows show; False where it is not."""
        if self.alone:
            return self.watch.settle(SETTLE_SECONDS)
        return self.watch.settle(SETTLE_SECONDS, self._own, OWN_QUIET_SECONDS)

    def texts(self, exchange: Exchange) -> set[str]:
        """The texts that a request beside others alone sent."""
        return self.owned.texts(exchange) if self.owned is not None else set()

    def growing(self, exchange: Exchange) -> dict[str, int]:
        """Writes a second by table of rows that name what a request alone sent, although nothing more is sent."""
        texts = self.texts(exchange)
        return self.watch.growing(WINDOW_SECONDS, naming=texts) if texts else {}

    def remove_own(self, skipped: Callable[[Operation], bool]) -> None:
        """Delete what the run created beside others, as far as an operation does that which is not ``skipped``."""
        with suppress(Unreachable, NotAvailable, GateError):  # what stays is in the ledger
            for operation, path in self.owned.removable() if self.owned else ():
                if not skipped(operation):
                    self._sender.request("DELETE", path)

    @staticmethod
    def _certain(seen: Sequence[RowChange], laid: Iterable[Change]) -> tuple[list[RowChange], str]:
        """Those of the changes that are laid to the request, where others write, too, and the evidence for it."""
        reasons = {table: change.reason for change in laid for table in change.tables}
        changes = [change for change in seen if change.table in reasons]
        return changes, next((reasons[change.table] for change in changes), "")

    def _broken(self) -> dict[str, list[Row]]:
        """The first rows that break each declared invariant."""
        database, owned = self.database, self.owned
        if database is None or not (self.alone or owned):
            return {}
        most = MOST_BROKEN if owned is None else MOST_LOOKED_AT
        broken = {name: self._selected(database, name, query, most) for name, query in self.facts.invariants.items()}
        own = {name: [row for row in rows if owned is None or owned.names(row)] for name, rows in broken.items()}
        return {name: rows[:MOST_BROKEN] for name, rows in own.items() if rows}

    @staticmethod
    def _selected(database: Database, name: str, query: str, most: int) -> list[Row]:
        statement = sql.SQL("SELECT to_jsonb(broken) AS broken FROM ({}) AS broken LIMIT {}")
        text = sql.SQL(query)  # of the user's own file, which is no input of a service
        try:
            rows = database.query(statement.format(text, sql.Literal(most)))
        except psycopg.Error as error:
            reason = str(error).splitlines()[0]
            raise GateError(f"The invariant {name} cannot be evaluated: {reason}", "Correct its query.") from error
        return [row["broken"] for row in rows]

    def _send(self, step: Step) -> Exchange:
        headers = {name: value.encode("latin-1", "replace") for name, value in step.request.headers.items()}
        return self._sender.request(step.request.method, self.facts.base + step.target, step.request.content, headers)

    def _after(self, operation: Operation, place: tuple[str, str]) -> Any:
        """The addressed row after the request; none where it counts as deleted."""
        table, key = place
        condition = self.facts.soft.get(table, "")
        if operation.method == "DELETE" and condition and key in self.watch.soft_deleted(table, condition):
            return None
        return self.watch.row(table, key)

    def _place(self, operation: Operation, values: Mapping[str, str]) -> tuple[str, str] | None:
        """Table and key of the row that a path names; None where that is not known."""
        collection, names = collection_of(operation.path), parameters(operation.path)
        if not collection or not names:
            return None
        wanted = parameter(operation.path, names[-1])
        declared = self.facts.resources.get(collection, self.facts.resources.get(f"{collection}/"))
        table = declared[0] if declared else self._reading.tables.get(wanted.kind, "")
        columns = [declared[1]] if declared else self._key_columns(table, wanted)
        above = {plain(name): values[name] for name in names[:-1] if name in values}
        key = self.watch.named(table, columns, values.get(names[-1], ""), above)
        return (table, key) if key else None

    def _key_columns(self, table: str, wanted: Identifier) -> list[str]:
        by_name = {plain(name): name for name in self._columns.get(table, {})}
        names = [wanted.kind + wanted.member, wanted.member, "id", wanted.kind]
        return [by_name[name] for name in names if name in by_name] or list(self.watch.key_columns(table))

    def _declared(self, operation: Operation) -> frozenset[str]:
        """Members of a request's body that the document describes, read-only ones and exceptions left out."""
        schema = request_schema(operation).follow()
        entries = schema.child("items", default={}) if schema.value.get("type") == "array" else schema
        members = properties(entries)
        readable = {name for name, node in members.items() if not node.value.get("readOnly")}
        return frozenset(readable) - ignored(members) - self.facts.exceptions.get(str(operation), frozenset())

    def _nullable(self, members: Mapping[str, Node], place: tuple[str, str] | None) -> frozenset[str]:
        """Members that may be null, as the document and the column of the addressed row say."""
        never = {plain(column) for table, column in self.watch.never_null if place and table == place[0]}
        return frozenset(name for name, node in members.items() if nullable(node) and plain(name) not in never)

    def _nowhere(self, body: Any, needed: Iterable[str]) -> Iterator[str]:
        """Members of a body that name a resource by an id of which there is no row."""
        for name in needed if isinstance(body, dict) else ():
            named, value = identifier(name), body.get(name)
            table = self._reading.tables.get(named.kind, "") if named.member in {"id", "uuid"} else ""
            watched = self.watch.rows.get(table) is not None and len(self.watch.key_columns(table)) == 1
            # No row of any table: the kind may have others than the one that its creation showed.
            if watched and isinstance(value, str | int) and not self.watch.has_key(str(value).lower()):
                yield name

    def judged(self, effect: Effect, oracles: Sequence[Oracle]) -> list[Finding]:
        """The findings of oracles on one effect."""
        where, tables = f"{effect.operation} {effect.exchange.status}", counts(effect.changes)
        change = [Change(where, tables, effect.exchange.request_id, effect.certain)] if tables else []
        reading = effect.exchange.method in READING
        refused = not reading and effect.exchange.status >= 400
        record = Record("", [effect.exchange], changes=change if refused else [], effects=[effect])
        observations = Observations(changes=change if reading else [])
        return [finding for oracle in oracles for finding in oracle.check(record, observations, self.contract)]
