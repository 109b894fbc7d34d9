"""Removes every row that belongs to given jobs from a runner's database, whichever of its tables there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

_JOBS: LiteralString = "(SELECT id FROM jobs WHERE jobspec_id = ANY(%(ids)s))"
_RUNS: LiteralString = "(SELECT id FROM cross_region_executions WHERE jobspec_id = ANY(%(ids)s))"
STATEMENTS: Sequence[tuple[LiteralString, LiteralString]] = (
    ("pgqueuer", "dedupe_key IN (SELECT 'job:' || id FROM jobs WHERE jobspec_id = ANY(%(ids)s))"),
    ("outbox", "payload->>'id' = ANY(%(ids)s)"),
    ("cross_region_analyses", f"cross_region_execution_id IN {_RUNS}"),
    ("region_results", f"cross_region_execution_id IN {_RUNS}"),
    ("executions", f"job_id IN {_JOBS}"),
    ("diffs", f"job_id IN {_JOBS}"),
    ("cross_region_executions", "jobspec_id = ANY(%(ids)s)"),
    ("idempotency_keys", "jobspec_id = ANY(%(ids)s)"),
    ("signature_nonces", "(public_key, nonce) IN (SELECT * FROM unnest(%(publics)s::text[], %(nonces)s::text[]))"),
    ("jobs", "jobspec_id = ANY(%(ids)s)"),
)
"""Tables, children first, and which of their rows are meant; a runner need not have all of them."""

TERMINAL = ("completed", "partial", "failed", "cancelled")


def connect(url: str) -> psycopg.Connection[dict[str, Any]]:
    """A connection that waits neither for a server nor for a lock for long."""
    return psycopg.connect(
        url, autocommit=True, row_factory=dict_row, connect_timeout=10, options="-c lock_timeout=10s -c timezone=UTC"
    )


def present(connection: psycopg.Connection[dict[str, Any]], ids: Sequence[str], keys: Sequence[str]) -> dict[str, str]:
    """Status by id of those jobs that are there, those found by their idempotency key included."""
    found = list(ids)
    if keys and _has(connection, "idempotency_keys"):
        by_key = "SELECT jobspec_id FROM idempotency_keys WHERE idem_key = ANY(%s)"
        found += [row["jobspec_id"] for row in connection.execute(by_key, [list(keys)])]
    rows = connection.execute("SELECT jobspec_id, status FROM jobs WHERE jobspec_id = ANY(%s)", [found])
    return {row["jobspec_id"]: row["status"] for row in rows}


def remove(
    connection: psycopg.Connection[dict[str, Any]], ids: Sequence[str], nonces: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """Removes the rows of ``ids`` in one transaction; returns, by table, why rows are left, empty where none is."""
    values: Mapping[str, Any] = {
        "ids": list(ids),
        "publics": [public for public, _ in nonces],
        "nonces": [nonce for _, nonce in nonces],
    }
    left: dict[str, str] = {}
    with connection.transaction():
        for table, rows in STATEMENTS:
            if not _has(connection, table):
                continue
            try:
                with connection.transaction():
                    connection.execute(f"DELETE FROM {table} WHERE {rows}", values)
            except psycopg.Error as error:
                left[table] = str(error).strip().splitlines()[0]
    return left


def _has(connection: psycopg.Connection[dict[str, Any]], table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) AS found", [table]).fetchone()
    return row is not None and row["found"] is not None
