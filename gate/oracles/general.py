"""The oracles of any service: they need nothing but its contracts."""

from __future__ import annotations

from gate.oracles import (
    assigned,
    created,
    declared_rows,
    deleted,
    failing,
    finished,
    invariants,
    listed,
    published_contract,
    quiet,
    repeated,
    row_models,
    schema,
    sent_values,
    unchanged,
)
from gate.oracles.database_contract import DatabaseContract
from gate.oracles.registry import Oracle

ROW_ORACLES = (
    unchanged.ORACLE,
    created.ORACLE,
    sent_values.ORACLE,
    quiet.ORACLE,
    failing.ORACLE,
    deleted.ORACLE,
    assigned.ORACLE,
    repeated.ORACLE,
    listed.ORACLE,
    declared_rows.ORACLE,
)
"""The oracles of single requests and their rows, the most valuable first."""


def oracles(database: DatabaseContract) -> tuple[Oracle, ...]:
    """The oracles of a service with this contract of its database."""
    return (
        published_contract.ORACLE,
        unchanged.ORACLE,
        invariants.oracle(database.invariants, database.response_columns),
        row_models.oracle(database.tables),
        *([schema.oracle(database.schema)] if database.schema else []),
        finished.oracle(database.status),
    )
