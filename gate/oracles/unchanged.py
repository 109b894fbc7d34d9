"""Refused requests and GET change no row of any table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import LiteralString

import psycopg
from psycopg import sql

from gate.contract.document import Contract
from gate.core.findings import Finding, register
from gate.core.record import Change, Observations, Record, Row
from gate.oracles.database_contract import DatabaseContract
from gate.oracles.registry import Need, Oracle

CODES = register("""
BG-REFUSED-001 critical request F104: Refused request changed rows
    The service answered a request with an error, yet rows changed while it was handled. A refused request must
    change no table, including the queue.
BG-GET-001 critical request: Reading request wrote rows
    Rows or sequences changed although only requests that read (GET, HEAD, OPTIONS) were sent and the service had
    nothing else to write. Clients and proxies repeat such requests freely, so they must not write.
""")

REFUSED, GET = (code.id for code in CODES)

_KEYS: LiteralString = """
SELECT c.relname AS name, array_agg(a.attname::text) AS columns
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname
"""
_MOMENT: LiteralString = """
WITH moment AS MATERIALIZED (
    SELECT snapshot, pg_snapshot_xmax(snapshot)::text::bigint AS newest FROM pg_current_snapshot() AS snapshot
)
"""
_NEWEST = sql.SQL("age('3'::xid)::bigint")
"""The newest transaction id less a constant: 3 is the first of all."""
_WRITTEN: LiteralString = """
SELECT {name} AS name, concat_ws(' ', {key}) AS key, to_jsonb(t)::text AS text FROM moment, {table} AS t
WHERE NOT pg_visible_in_snapshot(
    (newest - (newest - t.xmin::text::bigint) %% 4294967296)::text::xid8, %(since)s::pg_snapshot
)
"""


@dataclass(frozen=True, slots=True)
class State:
    """Number of rows by table, and a sum over the transactions that wrote them, which any insert and update changes.

    ``idle`` says that the service had nothing to do, so that only a client could change a row. ``snapshot`` is how
    Postgres writes which transactions it had seen the end of, at that time or before.
    """

    tables: Mapping[str, tuple[int, int]]
    idle: bool
    snapshot: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Written:
    """A row as a transaction wrote it: its table, its primary key, and its values as JSON text."""

    table: str
    key: str
    text: str


class Tables:
    """Reads the state of every table of a database."""

    def __init__(self, connection: psycopg.Connection[Row], tables: Iterable[str], contract: DatabaseContract) -> None:
        self._connection = connection
        self._contract = contract
        self.queue = frozenset(contract.queue)
        self._names = list(tables)
        # Row versions are what is summed, so it costs one scan without touching a column; an age is a number already,
        # where the id itself would have to be read from its text.
        parts = [
            sql.SQL(
                "SELECT {name} AS name, count(*) AS rows, coalesce(sum({newest} - age(xmin)), 0) AS versions"
                " FROM {table}"
            ).format(name=sql.Literal(table), table=sql.Identifier(table), newest=_NEWEST)
            for table in self._names
        ]
        unfinished = sql.SQL("SELECT '', ({}), 0").format(sql.SQL(contract.unfinished))
        self._query = sql.SQL(" UNION ALL ").join([*parts, unfinished])

    def state(self, known: State | None = None) -> State:
        """The state now, from one snapshot: ``known``, where no transaction of the whole server has ended since.

        Whoever writes has a transaction id, and the end of such a transaction changes what a snapshot is written as
        (documentation of PostgreSQL, functions of transaction ids and snapshots). So most refusals cost no scan.
        """
        (snapshot,) = self._connection.execute("SELECT pg_current_snapshot()::text AS text", prepare=True)
        if known is not None and known.snapshot == snapshot["text"]:
            return known
        rows = self._connection.execute(self._query, prepare=True)
        tables = {row["name"]: (row["rows"], int(row["versions"])) for row in rows}
        unfinished, _ = tables.pop("")
        waiting = any(tables.get(name, (0, 0))[0] for name in self._contract.queue)
        return State(tables, not unfinished and not waiting, snapshot["text"])

    @cached_property
    def _written(self) -> sql.Composed:
        keys = {row["name"]: row["columns"] for row in self._connection.execute(_KEYS)}
        parts = [
            sql.SQL(_WRITTEN).format(
                name=sql.Literal(table),
                table=sql.Identifier(table),
                key=sql.SQL(", ").join([sql.SQL("''"), *map(sql.Identifier, keys.get(table, ()))]),
            )
            for table in self._names
        ]
        snapshot = sql.SQL("SELECT '', '', snapshot::text FROM moment")
        return sql.SQL(_MOMENT) + sql.SQL(" UNION ALL ").join([*parts, snapshot])

    def sequences(self) -> dict[str, tuple[int, int]]:
        """The last number of every sequence, in the form of ``State.tables``."""
        rows = self._connection.execute(
            "SELECT sequencename AS name, last_value FROM pg_sequences WHERE schemaname = 'public'", prepare=True
        )
        return {f"sequence {row['name']}": (row["last_value"] or 0, 0) for row in rows}

    def snapshot(self) -> str:
        """The transactions that have ended, as Postgres writes them."""
        (row,) = self._connection.execute("SELECT pg_current_snapshot()::text AS text", prepare=True)
        return str(row["text"])

    def written(self, since: str) -> tuple[list[Written], str]:
        """Rows that were inserted or updated by transactions which the snapshot ``since`` does not see, and the next.

        A row has the lower half of the id of the transaction that wrote it (documentation of PostgreSQL, Transactions
        and Identifiers); the upper half follows from the newest id, as none is newer.
        """
        *rows, last = self._connection.execute(self._written, {"since": since}, prepare=True).fetchall()
        return [Written(row["name"], row["key"], row["text"]) for row in rows], last["text"]

    def change(self, before: State, after: State, where: str, request: str = "") -> Change | None:
        """Tables that differ; where the service was at work, those whose number of rows it does not change."""
        if not before.idle:
            before, after = self._counts(before), self._counts(after)
        changed = {
            table: (before.tables[table][0], rows)
            for table, (rows, versions) in after.tables.items()
            if (rows, versions) != before.tables[table]
        }
        return Change(where, changed, request) if changed else None

    def _counts(self, state: State) -> State:
        submitted = self._contract.submitted
        return State({name: (rows, 0) for name, (rows, _) in state.tables.items() if name in submitted}, state.idle)


def findings(code: str, changes: Iterable[Change]) -> Iterator[Finding]:
    """A finding for each table that changed."""
    for change in changes:
        for table, (before, after) in change.tables.items():
            yield Finding(
                code,
                where=f"{change.where} -> {table}",
                expected="no row inserted, changed or deleted",
                got=change.reason or _counted(before, after),
                request=change.request,
            )


def _counted(before: int, after: int) -> str:
    return f"{before} rows before, {after} after" if before != after else f"{after} rows, of which some changed"


def check(record: Record, observations: Observations, _: Contract) -> Iterator[Finding]:
    """Findings on the changes of refused requests, and on those while the gate itself only read."""
    yield from findings(REFUSED, record.changes)
    yield from findings(GET, observations.changes)


def _violation(_: Contract) -> tuple[Record, Observations]:
    change = Change("POST / 400", {"a": (1, 2)})
    return Record("", changes=[change]), Observations(changes=[change])


ORACLE = Oracle(
    name="refused",
    promise="A refused request changes no row of any table, and a GET writes nothing.",
    codes=CODES,
    check=check,
    violation=_violation,
    needs={Need.ROWS: "changes by refused requests show in the rows alone"},
    wants={
        Need.WRITES: "nothing is sent that could be refused",
        Need.IDLE: "a change counts if a row has an id of the request, or if it comes again with the request",
    },
)
