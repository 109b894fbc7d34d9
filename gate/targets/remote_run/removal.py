"""Removes the rows of resources from a service's database, from whichever of its tables there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row

from gate.targets.service import Facts, Removal

Connection = psycopg.Connection[dict[str, Any]]


def connect(url: str) -> Connection:
    """A connection that waits neither for a server nor for a lock for long."""
    return psycopg.connect(
        url, autocommit=True, row_factory=dict_row, connect_timeout=10, options="-c lock_timeout=10s -c timezone=UTC"
    )


def present(connection: Connection, removal: Removal, ids: Sequence[str], keys: Sequence[str]) -> dict[str, str]:
    """State by id of those resources that are there, those with one of ``keys`` included."""
    table, by_key = removal.by_key
    wanted = list(ids)
    if keys and _has(connection, table):
        wanted += [row["id"] for row in connection.execute(by_key, {"keys": list(keys)})]
    return {row["id"]: row["state"] for row in connection.execute(removal.states, {"ids": wanted})}


def remove(connection: Connection, removal: Removal, ids: Sequence[str], facts: Sequence[Facts]) -> dict[str, str]:
    """Removes the rows of ``ids`` in one transaction; returns the reason by table where rows stay."""
    values = {"ids": list(ids), **removal.values(facts)}
    reasons: dict[str, str] = {}
    with connection.transaction():
        for table, condition in removal.statements:
            if not _has(connection, table):
                continue
            try:
                with connection.transaction():
                    connection.execute(f"DELETE FROM {table} WHERE {condition}", values)
            except psycopg.Error as error:
                reasons[table] = str(error).strip().splitlines()[0]
    return reasons


def _has(connection: Connection, table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) AS found", [table]).fetchone()
    return row is not None and row["found"] is not None
