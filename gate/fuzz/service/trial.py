"""A system on which steps are performed, each with what it does to the rows."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import psycopg
from psycopg import sql

from gate.contract.document import Contract
from gate.contract.nodes import Node, Operation, shape
from gate.core.client import Unreachable, with_parameters
from gate.core.database import Database
from gate.core.effect import Effect, Row, RowChange, entries_of
from gate.core.errors import GateError
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.record import Change, Observations, Record
from gate.core.waiting import NotReached, wait
from gate.fuzz.service.facts import Facts
from gate.fuzz.service.listing import listing_of
from gate.fuzz.service.naming import (
    Identifier,
    collection_of,
    identifier,
    kind_of,
    kinds,
    own_kind,
    parameter,
    parameters,
)
from gate.fuzz.service.row_watch import NoRows, RowWatch, counts
from gate.fuzz.service.schemas import asks_for_nothing, defaults, nullable, properties, request_schema, required, unique
from gate.fuzz.service.steps import Step
from gate.oracles.registry import Oracle
from gate.oracles.row_values import columns_of, created_row, plain
from gate.oracles.unchanged import State
from gate.session.session import Session

READING = frozenset({"GET", "HEAD", "OPTIONS"})
NONE: Mapping[str, bytes] = MappingProxyType({})
MOST_BROKEN = 3
"""Rows that break an invariant and are shown."""
MOST_ENTRIES, MOST_LISTED, MOST_ASKED = 5, 8, 8
"""Entries of a list that are compared with rows, rows of a table up to which its list is thought to be whole, and
answers of an operation that are asked for in other ways."""
LATER, NOT_FOUND, CREATED = 202, 404, {201, 202}
"""Statuses: of work that is done later, of what is not there, and of creations."""
MOST_WAITED = 2
"""Answers of an operation whose work is waited for, where it does not come."""
OWNER = re.compile(r"_id$|[a-z]Id$|tenant|owner|account", re.IGNORECASE)
GONE = re.compile(r"delete|archive|remove", re.IGNORECASE)
"""Names of columns that say whose a row is, and that it counts as gone."""
SETTLE_SECONDS, WINDOW_SECONDS = 4.0, 0.5
"""Longest wait for a service to be quiet, and the length of one of the windows in which it has to be."""


class Trial:
    """Performs steps on one system; the rows are read before and after each."""

    def __init__(self, session: Session, facts: Facts) -> None:
        self.session = session
        self.database = session.database
        self.alone = session.alone
        self.facts = facts
        self.contract: Contract = session.contract
        self.operations = {operation.id: operation for operation in self.contract.operations}
        self.shapes = {(each.method, each.shape.partition(" ")[2]): each for each in self.contract.operations}
        self.kinds = kinds(self.contract.operations)
        self.watch = RowWatch(session.database, facts.late, alone=self.alone) if session.database else NoRows()
        self.late: list[RowChange] = []  # what changed before the last step was sent
        self._earlier: State | None = None  # of the rows, where others write to them
        self._waited = Counter[str]()  # answers by operation after which it was waited for what they promise
        self._asked = Counter[str]()  # answers by operation that were asked for in other ways
        self._tables: dict[str, str] = {}  # by kind, as creations showed
        self._below: dict[str, set[str]] = defaultdict(set)  # tables by the path of the item above, as they showed
        self._columns = {
            table: {name: type_ for name, type_ in columns.items() if f"{table}.{name}" not in facts.unequal}
            for table, columns in self.watch.columns.items()
        }

    def perform(self, step: Step) -> Effect:
        """Send a step; what it did. Unreachable where it gets no answer."""
        operation = self.operations[step.request.operation]
        self.late = self.watch.changes()
        place = self._place(operation, step.values) if step.request.method == operation.method else None
        before = self.watch.row(*place) if place else None
        shared = self.session.watch if not self.alone else None
        self._earlier = shared.state(self._earlier) if shared else None
        exchange = self._send(step)
        changes, certain = self.watch.changes(), ""
        if shared:
            laid = shared.changes_by_reading(self._earlier, [exchange]) if changes else ()
            changes, certain = self._certain(changes, laid)
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
            earlier=self.late if self.alone else (),
            declared_rows=self.facts.rows,
            broken=self._broken() if changes or self.late else {},
            nullable=self._nullable(members, place) & declared,
            nowhere=list(self._nowhere(step.request.body, members.keys() & required(schema))),
            certain=certain,
        )
        if place and before is not None:
            effect = replace(effect, addressed=RowChange(*place, before, self._after(operation, place)))
        if effect.accepted and effect.exchange.method == "GET" and step.request.method == operation.method:
            return self._listed(effect, operation, step)
        return self._read_back(effect, operation, step)

    @staticmethod
    def _certain(seen: Sequence[RowChange], laid: Iterable[Change]) -> tuple[list[RowChange], str]:
        """Those of the changes that are laid to the request, where others write, too, and the evidence for it."""
        reasons = {table: change.reason for change in laid for table in change.tables}
        changes = [change for change in seen if change.table in reasons]
        return changes, next((reasons[change.table] for change in changes), "")

    def _listed(self, effect: Effect, operation: Operation, step: Step) -> Effect:
        """The effect with what was read in other ways, where it was asked for without choices."""
        needed = {name for (place, name), node in operation.parameters().items() if node.value.get("required")}
        target, _, query = step.target.partition("?")
        pairs = dict(parse_qsl(query, keep_blank_values=True))
        if effect.changes or not pairs.keys() <= needed or self._asked[operation.id] >= MOST_ASKED:
            return effect
        self._asked[operation.id] += 1

        def ask(places: Mapping[str, str]) -> Exchange:
            text = urlencode({**pairs, **places})
            return self._request("GET", self.facts.base + target + (f"?{text}" if text else ""))

        before = self.watch.version()
        listing = listing_of(operation, ask)
        if listing is None or self.watch.changes() or self.watch.version() != before:
            return effect
        if self.database is None and ask({}).body != listing.whole.body:  # somebody may have written meanwhile
            return effect
        return replace(effect, listing=replace(listing, entries=list(self._rows_of(operation, listing.whole))))

    def _rows_of(self, operation: Operation, answer: Exchange) -> Iterator[tuple[Mapping[str, Any], RowChange]]:
        """Entries of a list with their rows, as far as these are known."""
        declared = self.facts.resources.get(operation.path)
        table = declared[0] if declared else self._tables.get(self._kind(operation), "")
        keys = [declared[1]] if declared else list(self.watch.key_columns(table))
        for entry in entries_of(answer.json)[:MOST_ENTRIES] if len(keys) == 1 else ():
            value = next((entry[name] for name in entry if plain(name) == plain(keys[0])), None)
            key = self.watch.named(table, keys, str(value))
            row = self.watch.row(table, key) if key else None
            if row is not None:
                yield entry, RowChange(table, key, row, row)

    def _kind(self, operation: Operation) -> str:
        return own_kind(operation.path) or kind_of(operation.path, self.kinds)

    def _broken(self) -> dict[str, list[Row]]:
        """The first rows that break each declared invariant."""
        if self.database is None or not self.alone:
            return {}
        database = self.database
        broken = {name: self._selected(database, name, query) for name, query in self.facts.invariants.items()}
        return {name: rows for name, rows in broken.items() if rows}

    @staticmethod
    def _selected(database: Database, name: str, query: str) -> list[Row]:
        statement = sql.SQL("SELECT to_jsonb(broken) AS broken FROM ({}) AS broken LIMIT {}")
        text = sql.SQL(query)  # of the user's own file, which is no input of a service
        try:
            rows = database.query(statement.format(text, sql.Literal(MOST_BROKEN)))
        except psycopg.Error as error:
            reason = str(error).splitlines()[0]
            raise GateError(f"The invariant {name} cannot be evaluated: {reason}", "Correct its query.") from error
        return [row["broken"] for row in rows]

    def _send(self, step: Step) -> Exchange:
        headers = {name: value.encode("latin-1", "replace") for name, value in step.request.headers.items()}
        return self._request(step.request.method, self.facts.base + step.target, step.request.content, headers)

    def _request(
        self, method: str, target: str, content: bytes | None = None, headers: Mapping[str, bytes] = NONE
    ) -> Exchange:
        """The exchange of a request; GateError where a service that the gate did not start is no longer there."""
        try:
            return self._exchange(method, target, content, headers)
        except Unreachable as error:
            if not self.alone:
                self._must_be_there(error)
            raise

    def _must_be_there(self, error: Unreachable) -> None:
        client, alive = self.session.client, self.session.pack.service.alive
        try:
            client.get(with_parameters(alive, self.facts.query))
        except Unreachable:
            message = f"The service at {client.base_url} no longer answers: {str(error).splitlines()[0].rstrip('.')}."
            raise GateError(message, "See that it is up, and judge it again.") from error

    def _exchange(self, method: str, target: str, content: bytes | None, headers: Mapping[str, bytes]) -> Exchange:
        """The exchange of a request, which is sent again where it met a connection that the service had closed."""
        client, target = self.session.client, with_parameters(target, self.facts.query)
        try:
            return client.request(method, target, content=content, headers=headers)
        except Unreachable as error:
            # Many servers close a kept connection after an error; only what changed nothing is safe to send again.
            if isinstance(error.__cause__, httpx.TimeoutException) or self.watch.changes():
                raise
        return client.request(method, target, content=content, headers=headers)

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
        table = declared[0] if declared else self._tables.get(wanted.kind, "")
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
        return frozenset(readable) - self.facts.exceptions.get(str(operation), frozenset())

    def _nullable(self, members: Mapping[str, Node], place: tuple[str, str] | None) -> frozenset[str]:
        """Members that may be null, as the document and the column of the addressed row say."""
        never = {plain(column) for table, column in self.watch.never_null if place and table == place[0]}
        return frozenset(name for name, node in members.items() if nullable(node) and plain(name) not in never)

    def _taken(self, operation: Operation, effect: Effect, created: RowChange) -> Iterator[str]:
        """Members that have to be unique, and that another row of the same owners has, too."""
        row = created.after or {}
        owners = [name for name in row if OWNER.search(name) and name not in self.watch.key_columns(created.table)]
        others = [
            other
            for key, other in self.watch.rows.get(created.table, {}).items()
            if key != created.key
            and all(other.get(name) == row[name] for name in owners)
            and not any(value for name, value in other.items() if GONE.search(name))
        ]
        for name, column in columns_of(sorted(unique(operation) & effect.sent.keys()), row):
            if row[column] is not None and any(other.get(column) == row[column] for other in others):
                yield name

    def _nowhere(self, body: Any, needed: Iterable[str]) -> Iterator[str]:
        """Members of a body that name a resource by an id of which there is no row."""
        for name in needed if isinstance(body, dict) else ():
            named, value = identifier(name), body.get(name)
            table = self._tables.get(named.kind, "") if named.member in {"id", "uuid"} else ""
            watched = self.watch.rows.get(table) is not None and len(self.watch.key_columns(table)) == 1
            # No row of any table: the kind may have others than the one that its creation showed.
            if watched and isinstance(value, str | int) and not self.watch.has_key(str(value).lower()):
                yield name

    def _read_back(self, effect: Effect, operation: Operation, step: Step) -> Effect:
        """The effect with the answer to reading what was created or deleted."""
        if not effect.accepted or effect.exchange.method not in {"POST", "PUT", "DELETE"}:
            return effect
        if effect.exchange.method == "DELETE":
            return self._read_deleted(effect, operation, step) if effect.addressed is not None else effect
        created = created_row(effect)
        tables = {change.table for change in effect.inserted()}
        if isinstance(effect.exchange.sent, list) and len(tables) == 1:
            self._tables.setdefault(self._kind(operation), tables.pop())
        if effect.addressed is not None or (
            created is None and (effect.exchange.status not in CREATED or effect.changes)
        ):
            return effect
        path = self._item_path(operation, effect, step)
        if created is None:
            return replace(effect, read=self._awaited(operation, effect, path)) if path else effect
        effect = replace(effect, taken=list(self._taken(operation, effect, created)))
        self._tables.setdefault(self._kind(operation), created.table)
        above = (collection_of(operation.path) or operation.path.rstrip("/")).rpartition("/")[0]
        self._below[shape(above)].add(created.table)
        if len(self.watch.rows.get(created.table, {})) <= MOST_LISTED and self._lists(operation):
            effect = replace(effect, listed=self._request("GET", self.facts.base + step.target.partition("?")[0]))
        if not path:
            return effect
        read = self._request("GET", path)
        self.watch.changes()
        return replace(effect, read=read, read_row=self.watch.row(created.table, created.key))

    def _awaited(self, operation: Operation, effect: Effect, path: str) -> Exchange:
        """The answer to reading what is not stored yet, as soon as it is there where it was promised for later."""
        later = effect.exchange.status == LATER and self._waited[operation.id] < MOST_WAITED
        self._waited[operation.id] += later
        with suppress(NotReached):
            return wait(
                path, lambda: self._request("GET", path), until=lambda read: not later or read.status != NOT_FOUND
            )
        return self._request("GET", path)

    def _read_deleted(self, effect: Effect, operation: Operation, step: Step) -> Effect:
        """The effect with the answers to reading what was deleted, and the list that it was in."""
        target = self.facts.base + step.target.partition("?")[0]
        if self._reads(operation.path):
            effect = replace(effect, read=self._request("GET", target))
        effect = replace(effect, parts=list(self._parts(operation, effect.addressed)) if effect.addressed else [])
        collection = self._reads(collection_of(operation.path))
        if collection is not None and asks_for_nothing(collection):
            effect = replace(effect, listed=self._request("GET", target.rstrip("/").rpartition("/")[0]))
        return effect

    def _parts(self, operation: Operation, row: RowChange) -> Iterator[RowChange]:
        """Rows that refer to a row by the name of its kind, of tables that creations below its path have filled."""
        kind = parameter(operation.path, parameters(operation.path)[-1]).kind
        for table in sorted(self._below[shape(operation.path.rstrip("/"))] - {row.table}):
            for key, part in self.watch.rows.get(table, {}).items():
                if any(plain(column) == f"{kind}id" and str(value) == row.key for column, value in part.items()):
                    yield RowChange(table, key, part, part)

    def _lists(self, operation: Operation) -> bool:
        """Return whether the path of a creation can be read, with no parameter that has to be known."""
        reads = self.shapes.get(("GET", operation.shape.partition(" ")[2]))
        return reads is not None and operation.method == "POST" and asks_for_nothing(reads)

    def _reads(self, path: str) -> Operation | None:
        return self.shapes.get(("GET", shape(path)))

    def _reading(self, kind: str) -> Operation | None:
        """The operation that reads a resource of a kind by a path with no other parameter."""
        for each in self.contract.operations:
            names = parameters(each.path)
            item = each.method == "GET" and len(names) == 1 and collection_of(each.path)
            if item and parameter(each.path, names[0]).kind == kind:
                return each
        return None

    def _item_path(self, operation: Operation, effect: Effect, step: Step) -> str:
        """The path of what was created, where the document has an operation that reads it; else empty."""
        if operation.path.rstrip("/").endswith("}"):
            return self.facts.base + step.target.partition("?")[0] if self._reads(operation.path) else ""
        below = operation.path.rstrip("/") + "/{}"
        reads = self._reads(below) or self._reads(f"{below}/") or self._reading(self._kind(operation))
        if reads is None:
            return ""
        name = parameters(reads.path)[-1]
        wanted = parameter(reads.path, name)
        members = {plain(key): value for key, value in effect.answer.items()}
        names = [wanted.kind + wanted.member, wanted.member or "id", "id", wanted.kind]
        value = next((members[each] for each in names if isinstance(members.get(each), str | int)), None)
        if value is None:
            return ""
        above = [step.values[each] for each in parameters(operation.path) if each in step.values]
        values = dict(zip(parameters(reads.path), above, strict=False)) | {name: str(value)}
        request = replace(step.request, target=reads.path)
        return self.facts.base + Step(0, request, values).target

    def judged(self, effect: Effect, oracles: Sequence[Oracle]) -> list[Finding]:
        """The findings of oracles on one effect."""
        where, tables = f"{effect.operation} {effect.exchange.status}", counts(effect.changes)
        change = [Change(where, tables, effect.exchange.request_id, effect.certain)] if tables else []
        reading = effect.exchange.method in READING
        refused = not reading and effect.exchange.status >= 400
        record = Record("", [effect.exchange], changes=change if refused else [], effects=[effect])
        observations = Observations(changes=change if reading else [])
        return [finding for oracle in oracles for finding in oracle.check(record, observations, self.contract)]
