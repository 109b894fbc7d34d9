"""Every oracle that judges the runner; of two findings with the same cause, the first oracle's counts."""

from __future__ import annotations

from beacon import codes  # noqa: F401 (registers the codes that no oracle has)
from beacon.database import DATABASE
from beacon.oracles import (
    analysis,
    idempotency,
    lifecycle,
    listings,
    portal,
    router_calls,
    shown,
    signatures,
    stored,
)
from gate.oracles import finished, invariants, published_contract, row_models, schema, unchanged

ORACLES = (
    unchanged.ORACLE,
    invariants.oracle(DATABASE.invariants),
    shown.oracle(DATABASE.invariants),
    row_models.oracle(DATABASE.tables),
    schema.oracle(DATABASE.schema),
    finished.oracle(DATABASE.status),
    stored.ORACLE,
    router_calls.ORACLE,
    listings.ORACLE,
    analysis.ORACLE,
    lifecycle.ORACLE,
    signatures.ORACLE,
    idempotency.ORACLE,
    portal.ORACLE,
    published_contract.ORACLE,
)
