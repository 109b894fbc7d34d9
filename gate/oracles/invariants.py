"""The rules between rows, held against a database: all of them from one snapshot, in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import psycopg
from psycopg.pq import TransactionStatus

from contracts.database import Invariant, invariants
from gate.core.database import Row
from gate.core.errors import GateError
from gate.core.findings import Finding, Kind, kind_of
from gate.core.texts import clip

SHOWN = 3
"""Offending rows that a finding shows."""


def load() -> tuple[Invariant, ...]:
    """Every rule, by code."""
    return invariants()


def kinds() -> dict[str, Kind]:
    """What the code of each rule means."""
    return {rule.code: kind_of(rule) for rule in load()}


def check(
    connection: psycopg.Connection[Row], jobs: Sequence[str] | None, rules: Sequence[Invariant] | None = None
) -> list[Finding]:
    """One finding for each rule that is broken, with the first rows; GateError where a rule cannot be evaluated.

    ``connection`` returns rows as mappings. Outside a transaction it gets one of its own, REPEATABLE READ, so that all
    rules see the same state; inside one, that transaction decides what they see. ``jobs`` are ids (jobspec_id); None
    stands for the whole database. ``rules`` are those to check, all of them by default.
    """
    own = connection.info.transaction_status == TransactionStatus.IDLE
    with connection.transaction() if own else nullcontext():
        if own:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # Planning takes longer than looking: each session plans a rule once, for whatever jobs.
            connection.execute("SET LOCAL plan_cache_mode TO force_generic_plan")
        wanted = _applicable(connection, load() if rules is None else rules)
        offending = _query(connection, wanted, None if jobs is None else list(jobs), prepare=own)
    return [_finding(rule, rows) for rule, rows in zip(wanted, offending, strict=True) if rows]


def _applicable(connection: psycopg.Connection[Row], rules: Sequence[Invariant]) -> list[Invariant]:
    needed = sorted({rule.needs for rule in rules if rule.needs})
    found = connection.execute(
        "SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NOT NULL", (needed,)
    )
    present = {row["name"] for row in found}
    return [rule for rule in rules if not rule.needs or rule.needs in present]


def _query(
    connection: psycopg.Connection[Row], rules: Sequence[Invariant], jobs: list[str] | None, *, prepare: bool
) -> list[list[Row]]:
    everything = "TRUE" if jobs is None else "FALSE"
    statements = [rule.sql.replace("%(jobs)s::text[] IS NULL", everything).encode() for rule in rules]
    cursors: list[psycopg.Cursor[Row]] = []
    try:
        with connection.pipeline():
            cursors += (connection.execute(text, {"jobs": jobs}, prepare=prepare) for text in statements)
        return [cursor.fetchall() for cursor in cursors]
    except psycopg.Error as error:
        raise GateError(
            f"The rules between rows cannot be evaluated: {error.diag.message_primary or error}.",
            "Compare the schema: python -m gate.oracles.schema URL.",
        ) from error


def _finding(rule: Invariant, rows: Sequence[Row]) -> Finding:
    job = str(rows[0]["job"] or "")
    several = any(row["job"] != rows[0]["job"] for row in rows)
    shown = [
        ", ".join(f"{name}={clip(str(value))}" for name, value in row.items() if several or name != "job")
        for row in rows[:SHOWN]
    ]
    more = [f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
    return Finding(rule.code, where=rule.name, expected=rule.rule, got="; ".join(shown + more), job=job)
