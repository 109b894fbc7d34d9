"""The moment from which nothing writes to a database any more."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import LiteralString

import psycopg
from psycopg import sql

TABLES: LiteralString = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2
"""
STILL_SECONDS, LONGEST_SECONDS, LOOK_SECONDS = 1.5, 30.0, 0.1
"""Seconds without a change that count as quiet, after which a service never is, and between two looks."""

Versions = Mapping[str, tuple[int, int]]
"""By table: the number of rows, and a sum over the transactions that wrote them, which an insert or update changes."""


class Watcher:
    """Looks at all tables of a database, over one connection."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        # With many tables, planning parallel workers would take twenty times as long as the scan.
        self._connection.execute("SET max_parallel_workers_per_gather = 0")

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def versions(self) -> dict[str, tuple[int, int]]:
        """The state of each table now; tables of another schema than ``public`` have its name before theirs."""
        rows = self._connection.execute(TABLES).fetchall()
        parts = [
            sql.SQL("SELECT {}, count(*), coalesce(sum(xmin::text::bigint), 0)::text FROM {}").format(
                sql.Literal(str(table) if schema == "public" else f"{schema}.{table}"),
                sql.Identifier(str(schema), str(table)),
            )
            for schema, table in rows
        ]
        if not parts:
            return {}
        seen = self._connection.execute(sql.SQL(" UNION ALL ").join(parts)).fetchall()
        return {str(name): (int(str(count)), int(str(written))) for name, count, written in seen}

    def settle(self, still: float = STILL_SECONDS, longest: float = LONGEST_SECONDS) -> set[str]:
        """Waits until no table changes for ``still`` seconds; returns those that never stop within ``longest``."""
        limit = time.monotonic() + longest
        seen, since = self.versions(), time.monotonic()
        written: dict[str, float] = {}
        while (now := time.monotonic()) < since + still:
            if now > limit:
                return {name for name, at in written.items() if at > now - still}
            time.sleep(LOOK_SECONDS)
            state = self.versions()
            if state != seen:
                since = time.monotonic()
                written |= dict.fromkeys(changed(seen, state), since)
                seen = state
        return set()


def changed(before: Versions, after: Versions) -> list[str]:
    """Tables of which rows came, went or changed, those included that are new."""
    return [name for name, state in after.items() if before.get(name, (0, 0)) != state]
