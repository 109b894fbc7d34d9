"""Whether anything at all in a database changed: number and versions of the rows of every table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from gate.core.database import Row
from gate.core.findings import Finding

QUEUE = "pgqueuer"
SUBMITTED = frozenset(
    {"jobs", "executions", "cross_region_executions", "region_results", "idempotency_keys", "signature_nonces"}
)
"""Tables that only a submission inserts into: their rows do not become more while jobs are worked on."""


@dataclass(frozen=True, slots=True)
class State:
    """Rows by table, and a sum over the transactions that wrote them, which changes with any insert and update.

    ``idle`` says that no job was unfinished and the queue was empty, so that nobody but a client could change a row.
    ``snapshot`` is how PostgreSQL writes which transactions it had seen the end of, at that time or before.
    """

    tables: Mapping[str, tuple[int, int]]
    idle: bool
    snapshot: str = field(default="", compare=False)


def statement(tables: list[str]) -> sql.Composed:
    """The query behind ``read``; row versions are what it sums, so it costs one scan without touching a column."""
    parts = [
        sql.SQL(
            "SELECT {name} AS name, count(*) AS rows, coalesce(sum(xmin::text::bigint), 0) AS versions FROM {table}"
        ).format(name=sql.Literal(table), table=sql.Identifier(table))
        for table in tables
    ]
    unfinished = sql.SQL(
        "SELECT '', count(*), 0 FROM jobs WHERE status NOT IN ('completed', 'partial', 'failed', 'cancelled')"
    )
    return sql.SQL(" UNION ALL ").join([*parts, unfinished])


def read(connection: psycopg.Connection[Row], query: sql.Composed, known: State | None = None) -> State:
    """The state now, from one snapshot: ``known``, where no transaction of the whole server has ended since.

    Whoever writes has a transaction id, and the end of such a transaction changes what a snapshot is written as
    (documentation of PostgreSQL, functions of transaction ids and snapshots). So most refusals cost no scan.
    """
    (snapshot,) = connection.execute("SELECT pg_current_snapshot()::text AS text", prepare=True)
    if known is not None and known.snapshot == snapshot["text"]:
        return known
    tables = {row["name"]: (row["rows"], int(row["versions"])) for row in connection.execute(query, prepare=True)}
    unfinished, _ = tables.pop("")
    return State(tables, not unfinished and not tables.get(QUEUE, (0, 0))[0], snapshot["text"])


def compare(before: State, after: State, code: str, where: str) -> list[Finding]:
    """A finding for each table that is not as it was; where jobs were under way, for each with other than its rows."""
    if not before.idle:
        before, after = _counts(before), _counts(after)
    return [
        Finding(
            code,
            where=f"{where} -> {table}",
            expected="no row inserted, changed or deleted",
            got=f"{rows} rows where there were {before.tables[table][0]}"
            if rows != before.tables[table][0]
            else "as many rows, and at least one was changed",
        )
        for table, (rows, versions) in after.tables.items()
        if (rows, versions) != before.tables[table]
    ]


def _counts(state: State) -> State:
    return State({table: (rows, 0) for table, (rows, _) in state.tables.items() if table in SUBMITTED}, state.idle)
