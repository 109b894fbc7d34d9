"""The effect of requests on the rows of a database, and what is written while none is under way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from gate.targets.quiet import Versions, Watcher, changed

KEYS: LiteralString = """
SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname
"""
SCHEMAS: LiteralString = """
SELECT DISTINCT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'public')
"""
MOST_ROWS = 2000
"""Rows of a table that are compared column by column; of a larger table it is only seen that it changed."""
Row = Mapping[str, Any]


@dataclass
class Tables:
    """The rows of each table as they were last seen.

    ``late`` has the columns that changed while no request was under way, by table; none for rows that came or went.
    """

    url: str
    watcher: Watcher
    late: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self._connection = psycopg.connect(self.url, autocommit=True)
        self.keys = {str(table): list(columns) for table, columns in self._connection.execute(KEYS).fetchall()}
        self.schemas = sorted(str(name) for (name,) in self._connection.execute(SCHEMAS))
        self._versions: Versions = self.watcher.versions()
        self._rows = {table: self._read(table) for table in self._versions}

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    @property
    def names(self) -> list[str]:
        """Every table."""
        return list(self._versions)

    def without_single_key(self) -> list[str]:
        """Tables whose rows cannot be told apart by one column."""
        return [name for name in self._versions if len(self.keys.get(name, ())) != 1]

    def _read(self, table: str) -> dict[str, Row]:
        parts = [sql.Identifier(part) for part in table.split(".")]
        query = sql.SQL("SELECT to_jsonb(t) FROM {} AS t LIMIT {}").format(sql.SQL(".").join(parts), MOST_ROWS)
        columns = self.keys.get(table, [])
        rows = [dict(row) for (row,) in self._connection.execute(query)]
        return {str([row.get(name) for name in columns] if columns else row): row for row in rows}

    def look(self, *, late: bool = False) -> dict[str, list[Row]]:
        """Rows that are new since the last look, by table that changed; ``late`` says that no request was under way."""
        versions = self.watcher.versions()
        new: dict[str, list[Row]] = {}
        for table in changed(self._versions, versions):
            before, after = self._rows.get(table, {}), self._read(table)
            new[table] = [row for key, row in after.items() if key not in before]
            if late:
                self.late[table] |= _columns(before, after)
            self._rows[table] = after
        self._versions = versions
        return new

    def late_names(self) -> list[str]:
        """Names of what was written late: a table, or only some of its columns."""
        return sorted(
            name
            for table, columns in self.late.items()
            for name in ([f"{table}.{column}" for column in columns] if columns - {""} == columns else [table])
        )


def _columns(before: Mapping[str, Row], after: Mapping[str, Row]) -> set[str]:
    """Columns of which a value changed; with an empty name among them where rows came or went, or none is seen."""
    names = {name for key, row in after.items() if key in before for name in row if row[name] != before[key].get(name)}
    return names | {""} if before.keys() != after.keys() or not names else names


def key_of(rows: Mapping[str, list[Row]], answer: Any, keys: Mapping[str, list[str]]) -> tuple[str, str, str]:
    """Table, key column and member of the answer of what a request created; empty texts where that is not seen.

    Of the tables with one new row, the one that shares most values with the answer.
    """
    best, most = ("", "", ""), 0
    for table, new in rows.items():
        if len(new) != 1 or len(keys.get(table, ())) != 1 or not isinstance(answer, Mapping):
            continue
        column = keys[table][0]
        members = [column, *answer]
        member = next((each for each in members if each in answer and str(answer[each]) == str(new[0][column])), "")
        shared = sum(name in answer and str(answer[name]) == str(value) for name, value in new[0].items())
        shared += 2 * (member == column)  # any other member may name what it belongs to
        if member and shared > most:
            best, most = (table, column, member), shared
    return best
