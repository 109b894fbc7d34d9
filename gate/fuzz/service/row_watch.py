"""The rows of a database as they were, and what changed in them since."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from psycopg import sql

from gate.core.database import Database
from gate.core.effect import Row, RowChange
from gate.oracles.database_contract import DatabaseContract
from gate.oracles.row_values import plain
from gate.oracles.unchanged import State, Tables, Written

MOST_ROWS = 20_000
"""Rows of a table from which on it is not watched."""
BEGINNING = "1:1:"
"""A snapshot that sees no transaction."""
QUIET_SECONDS, LOOK_SECONDS = 0.15, 0.02
"""Seconds without a change after which a service counts as quiet, and between two looks."""
NO_VALUES: Mapping[str, str] = MappingProxyType({})
UNWATCHED = DatabaseContract(Path(), {}, (), "SELECT 0", "")
_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable = 'NO' AS never_null
FROM information_schema.columns WHERE table_schema = 'public'
"""
_INDEXED = """
SELECT c.relname AS name, array_agg(a.attname::text) AS columns
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
"""
_KEYS = _INDEXED + "WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname"
_UNIQUE = _INDEXED + "WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname"


class RowWatch:
    """Keeps the rows of every table, and returns what changed since it looked last.

    ``late`` names tables, or columns as ``table.column``, that the service writes by itself: their changes are left
    out. Where others use the database, too, it leaves out tables that its role may not read, and large ones.
    """

    def __init__(self, database: Database, late: Collection[str] = (), *, alone: bool = True) -> None:
        self._database = database
        self.late = set(late)
        self.columns: dict[str, dict[str, str]] = {}
        self.never_null: set[tuple[str, str]] = set()  # tables and columns
        for row in database.query(_COLUMNS):
            self.columns.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
            self.never_null |= {(row["table_name"], row["column_name"])} if row["never_null"] else set()
        self._keys: dict[str, list[str]] = {row["name"]: row["columns"] for row in database.query(_KEYS)}
        self.unique = {(row["name"], column) for row in database.query(_UNIQUE) for column in row["columns"]}
        tables = database.tables() if alone else database.open_tables()
        counted = Tables(database.connection, tables, UNWATCHED).state().tables
        self._names = [name for name, (number, _) in counted.items() if number <= MOST_ROWS and name not in self.late]
        self._tables = Tables(database.connection, self._names, UNWATCHED)
        self._every = Tables(
            database.connection, [name for name in counted if name in {*self._names, *self.late}], UNWATCHED
        )
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in self._names}
        self._since = BEGINNING
        self._state: State | None = None
        self._last: State | None = None
        self.changes()

    def changes(self) -> list[RowChange]:
        """The changes since the last call, one for each row."""
        state = self._tables.state(self._state)
        if state is self._state:
            return []
        before, self._state = self._state, state
        if before is not None and before.tables == state.tables:
            return []
        rows, self._since = self._tables.written(self._since)
        changed = [self._noted(row) for row in rows]
        for name in self._names:
            if state.tables[name][0] != len(self.rows[name]):
                changed += self._removed(name)
        return [change for change in _paired(changed) if not self._only_late(change)]

    def _noted(self, written: Written) -> RowChange:
        key = written.key.strip() or hashlib.sha256(written.text.encode()).hexdigest()[:12]
        row = json.loads(written.text, parse_float=Decimal)
        before = self.rows[written.table].get(key)
        self.rows[written.table][key] = row
        return RowChange(written.table, key, before, row)

    def _removed(self, table: str) -> Iterator[RowChange]:
        """The kept rows of a table that are not there any more."""
        present = self._present(table)
        for key in [key for key in self.rows[table] if key not in present]:
            yield RowChange(table, key, self.rows[table].pop(key), None)

    def _present(self, table: str, condition: str = "") -> set[str]:
        columns = self._keys.get(table)
        name = sql.Identifier(table)
        where = sql.SQL(" WHERE " + condition) if condition else sql.SQL("")
        if columns is None:
            texts = self._database.query(sql.SQL("SELECT to_jsonb(t)::text AS text FROM {} AS t").format(name) + where)
            return {hashlib.sha256(row["text"].encode()).hexdigest()[:12] for row in texts}
        key = sql.SQL(", ").join([sql.SQL("''"), *map(sql.Identifier, columns)])
        keys = sql.SQL("SELECT concat_ws(' ', {}) AS key FROM {}").format(key, name) + where
        return {row["key"].strip() for row in self._database.query(keys)}

    def soft_deleted(self, table: str, condition: str) -> set[str]:
        """Keys of the rows of a table for which an SQL condition holds."""
        return self._present(table, condition)

    def _only_late(self, change: RowChange) -> bool:
        """Return whether nothing changed but columns that are written late."""
        if change.table in self.late:
            return True
        return changed_names([change]) <= self.late

    def settle(
        self,
        seconds: float,
        chosen: Callable[[list[RowChange]], list[RowChange]] = lambda changes: changes,
        quiet: float = QUIET_SECONDS,
    ) -> bool:
        """Wait until none of the ``chosen`` changes comes any more; False where some still do after ``seconds``."""
        limit = time.monotonic() + seconds
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < quiet:
            if time.monotonic() > limit:
                return False
            time.sleep(LOOK_SECONDS)
            if chosen(self.changes()):
                quiet_since = time.monotonic()
        return True

    def version(self) -> Mapping[str, tuple[int, int]]:
        """A value for each table, that any write changes."""
        self._last = self._every.state(self._last)
        return self._last.tables

    def growing(self, seconds: float, windows: int = 3, naming: Collection[str] = ()) -> dict[str, int]:
        """Writes a second by table, of those that are written in each of several windows of ``seconds``.

        A table that is written late counts, too: late has an end. With ``naming``, rows with one of these texts count.
        """
        if naming:
            return self._growing_with(naming, seconds, windows)
        states = [self._every.state()]
        growing = set(states[0].tables)
        for _ in range(windows):
            time.sleep(seconds)
            states.append(self._every.state(states[-1]))
            before, after = states[-2].tables, states[-1].tables
            growing = {name for name in growing if before[name] != after[name]}
            if not growing:
                return {}
        self.changes()
        first, last = states[0].tables, states[-1].tables
        return {name: round((last[name][0] - first[name][0]) / (windows * seconds)) or 1 for name in sorted(growing)}

    def snapshot(self) -> str:
        """The transactions that have ended."""
        return self._every.snapshot()

    def names_since(self, since: str, texts: Collection[str]) -> bool:
        """Return whether a row with one of these texts was written after a snapshot."""
        rows, _ = self._every.written(since)
        return any(text in row.text for row in rows for text in texts)

    def _growing_with(self, texts: Collection[str], seconds: float, windows: int) -> dict[str, int]:
        since, written = self._every.snapshot(), list[Counter[str]]()
        for _ in range(windows):
            time.sleep(seconds)
            rows, since = self._every.written(since)
            written.append(Counter(row.table for row in rows if any(text in row.text for text in texts)))
            if not written[-1]:
                return {}
        tables = set.intersection(*map(set, written))
        return {name: round(sum(each[name] for each in written) / (windows * seconds)) or 1 for name in sorted(tables)}

    def named(self, table: str, columns: Iterable[str], value: str, above: Mapping[str, str] = NO_VALUES) -> str:
        """Key of the only row of a table that has a text in one of the columns; empty without one.

        Of several, it is the one that also has the values ``above`` in columns of their plain names.
        """
        for column in columns:
            named = {key: row for key, row in self.rows.get(table, {}).items() if str(row.get(column)) == value}
            if len(named) > 1 and above:
                named = {key: row for key, row in named.items() if _below(row, above)}
            if len(named) == 1:
                return next(iter(named))
        return ""

    def key_columns(self, table: str) -> Sequence[str]:
        """The columns of a table's primary key."""
        return self._keys.get(table, ())

    def has_key(self, value: str) -> bool:
        """Return whether a row of any table has this key."""
        return any(value in rows for rows in self.rows.values())

    def row(self, table: str, key: str) -> Row | None:
        """A row as it was when the changes were asked for last."""
        return self.rows.get(table, {}).get(key)


class NoRows(RowWatch):
    """The watch of a service whose database is not shown: there is no table, and nothing changes."""

    def __init__(self) -> None:
        self.late = set()
        self.columns, self.rows, self.never_null, self.unique = {}, {}, set(), set()
        self._keys: dict[str, list[str]] = {}

    def changes(self) -> list[RowChange]:
        """None."""
        return []

    def settle(
        self,
        seconds: float,
        chosen: Callable[[list[RowChange]], list[RowChange]] = lambda changes: changes,
        quiet: float = 0.0,
    ) -> bool:
        """True at once."""
        del seconds, chosen, quiet
        return True

    def snapshot(self) -> str:
        """Of nothing."""
        return BEGINNING

    def names_since(self, since: str, texts: Collection[str]) -> bool:
        """False."""
        del since, texts
        return False

    def version(self) -> Mapping[str, tuple[int, int]]:
        """Of no table."""
        return {}

    def growing(self, seconds: float, windows: int = 3, naming: Collection[str] = ()) -> dict[str, int]:
        """None."""
        del seconds, windows, naming
        return {}


def _below(row: Row, above: Mapping[str, str]) -> bool:
    return all(str(value) == above[plain(column)] for column, value in row.items() if plain(column) in above)


def _paired(changes: Sequence[RowChange]) -> list[RowChange]:
    """One change for each row: of a table without a key, a new row in place of an old one is no update."""
    return [change for change in changes if change.before != change.after]


def counts(changes: Iterable[RowChange]) -> Mapping[str, tuple[int, int]]:
    """Numbers of rows before and after by table, of the rows that changed."""
    before, after = Counter[str](), Counter[str]()
    for change in changes:
        before[change.table] += change.before is not None
        after[change.table] += change.after is not None
    return {table: (before[table], after[table]) for table in {**before, **after}}


def changed_names(changes: Iterable[RowChange]) -> set[str]:
    """The columns that were updated, as ``table.column``, and the tables of which rows came or went."""
    names: set[str] = set()
    for change in changes:
        before, after = change.before, change.after
        if before is None or after is None:
            names.add(change.table)
        else:
            names |= {f"{change.table}.{name}" for name in after if before.get(name) != after[name]}
    return names


def as_json(value: Any) -> Any:
    """A value of a row without decimals, for a file."""
    return json.loads(json.dumps(value, default=float))
