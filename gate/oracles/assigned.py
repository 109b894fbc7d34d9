"""A member that a request may not set reaches no column (mass assignment)."""

from __future__ import annotations

from collections.abc import Iterator

from gate.contract.document import Contract
from gate.core.effect import Effect, RowChange
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Need, Oracle
from gate.oracles.row_values import created_row, pairs, same, written

CODES = register("""
BG-ASSIGNED-001 critical stored F203: Member that is not the client's was stored
    The request had a member that its schema does not have, or that is read-only, and the column of the same name took
    its value. A client can set what only the service may.
""")
(ASSIGNED,) = (code.id for code in CODES)


def check(record: Record, _: Observations, __: Contract) -> Iterator[Finding]:
    """A finding for each extra member of an accepted request that its row took."""
    for effect in record.effects:
        row = (effect.addressed or created_row(effect)) if effect.accepted and effect.extra else None
        if row is not None and row.after is not None:
            yield from _taken(effect, row)


def _taken(effect: Effect, row: RowChange) -> Iterator[Finding]:
    types = effect.columns.get(row.table, {})
    for name, column, value, stored in pairs(effect.extra, row.after or {}, types):
        type_ = types.get(column, "")
        if same(value, stored, type_) and not (row.before and same(value, row.before.get(column), type_)):
            place = f"{effect.operation} /{name} -> {row.table}.{column}"
            got, request = f"{written(stored)} in the row, as sent", effect.exchange.request_id
            yield Finding(ASSIGNED, place, "the service's own value", got, request=request)


def _violation(_: Contract) -> tuple[Record, Observations]:
    body = b'{"name": "a", "role": "admin"}'
    exchange = Exchange("POST", "http://service/users", 201, {}, body, {}, b'{"id": 1, "name": "a"}')
    row = RowChange("users", "1", None, {"id": 1, "name": "a", "role": "admin"})
    columns = {"users": {"id": "integer", "name": "text", "role": "text"}}
    effect = Effect(exchange, "POST /users", changes=[row], extra={"role": "admin"}, columns=columns)
    return Record("", effects=[effect]), Observations()


ORACLE = Oracle(
    name="assigned",
    promise="A member that its schema does not have, or that is read-only, reaches no column.",
    codes=CODES,
    check=check,
    violation=_violation,
    needs={
        Need.WRITES: "nothing is sent that could be taken over",
        Need.ROWS: "a member that was taken over shows in the rows",
    },
)
