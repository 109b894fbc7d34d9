"""What must hold when a run is over: nobody is left unfinished, and the database as a whole keeps every rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gate.core.database import Database
from gate.core.findings import Finding
from gate.core.waiting import NotReached, wait
from gate.oracles import invariants, schema
from gate.oracles import row_models as rows

if TYPE_CHECKING:
    from gate.session.session import Session

OTHERS = ("idempotency_keys", "signature_nonces")
"""Tables whose rows belong to no single scenario."""


def at_rest(session: Session) -> Iterator[Finding]:
    """Findings on the database that a worker's tests shared; where it is not ours alone, on this run's jobs only."""
    database = session.database
    if database is None:
        return
    mine = sorted(session.jobs)
    try:
        wait("every job terminal", lambda: unfinished(database, mine), until=lambda left: not left, kind="terminal")
    except NotReached:
        for job in unfinished(database, mine):
            yield Finding(
                "BG-LIFE-003", where="jobs.status", expected="a terminal status", got="an unfinished one", job=job
            )
    yield from invariants.check(database.connection, None if session.alone else mine)
    yield from schema.compare(schema.expected(), schema.read(database.connection))
    if session.alone:
        for table in OTHERS:
            for row in database.all_rows(table):
                yield from rows.check(table, row)


def unfinished(database: Database, jobs: list[str]) -> list[str]:
    """Those of ``jobs`` that are not terminal."""
    return [
        str(row["jobspec_id"])
        for row in database.query(
            "SELECT jobspec_id FROM jobs WHERE jobspec_id = ANY(%s)"
            " AND status NOT IN ('completed', 'partial', 'failed', 'cancelled')",
            jobs,
        )
    ]
