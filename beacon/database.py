"""The promises about the runner's database."""

from __future__ import annotations

from beacon.checkout import ROOT
from beacon.members import RESPONSE_COLUMNS
from contracts.database.rows import TABLES
from gate.core.documents import load_toml
from gate.core.findings import Code
from gate.core.record import Row
from gate.oracles import invariants
from gate.oracles.database_contract import DatabaseContract, Table

DIRECTORY = ROOT / "contracts" / "database"
NAMES = {
    "jobs": "job",
    "executions": "execution",
    "cross_region_executions": "cross-region execution",
    "region_results": "region result",
    "cross_region_analyses": "analysis",
    "idempotency_keys": "idempotency key",
    "signature_nonces": "nonce",
}
SHARED = frozenset({"idempotency_keys", "signature_nonces"})
WORKED_ON = frozenset({"cross_region_analyses"})
"""Tables that get rows while a job runs."""


def _code(number: int, table: str) -> Code:
    return Code(
        f"BG-ROW-{number:03}",
        "minor" if table in SHARED else "major",
        f"Malformed {NAMES[table]} row",
        f"A row of {table} has a column, or a field of a JSON column, whose value the contract does not allow. Readers"
        " rely on the format, which contracts/database/rows.py defines for each status.",
        "rows",
    )


DATABASE = DatabaseContract(
    schema=DIRECTORY / "schema.txt",
    tables={
        name: Table(model, _code(number, name), shared=name in SHARED, submitted=name not in WORKED_ON)
        for number, (name, model) in enumerate(TABLES.items(), start=1)
    },
    invariants=invariants.read(DIRECTORY / "invariants"),
    unfinished="SELECT count(*) FROM jobs WHERE status NOT IN ('completed', 'partial', 'failed', 'cancelled')",
    status="jobs.status",
    queue=("pgqueuer",),
    response_columns=frozenset(
        f"{table}.{column}" for table, columns in RESPONSE_COLUMNS.items() for column in columns
    ),
    foreign=("pgqueuer%", "schema_migrations"),
    gauges=load_toml(DIRECTORY / "gauges.toml", dict[str, str], "a query by metric"),
    offending=load_toml(DIRECTORY / "offending.toml", dict[str, dict[str, list[Row]]], "rows by invariant and table"),
)
