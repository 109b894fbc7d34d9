"""The oracles of any service: they need nothing but its contracts."""

from __future__ import annotations

from gate.oracles import finished, invariants, published_contract, row_models, schema, unchanged
from gate.oracles.database_contract import DatabaseContract
from gate.oracles.registry import Oracle


def oracles(database: DatabaseContract) -> tuple[Oracle, ...]:
    """The oracles of a service with this contract of its database."""
    return (
        published_contract.ORACLE,
        unchanged.ORACLE,
        invariants.oracle(database.invariants, database.response_columns),
        row_models.oracle(database.tables),
        schema.oracle(database.schema),
        finished.oracle(database.status),
    )
