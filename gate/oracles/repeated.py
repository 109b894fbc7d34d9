"""A request that is sent again under its idempotency key creates nothing more."""

from __future__ import annotations

from collections.abc import Iterator

from gate.contract.document import Contract
from gate.core.effect import Effect, RowChange
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Need, Oracle
from gate.oracles.row_values import created_row

CODES = register("""
BG-REPEATED-001 critical request: Repeated request created a second resource
    The same request was sent again under the same idempotency key, and created rows again. A client that retries after
    a lost answer creates a duplicate.
""")
(TWICE,) = (code.id for code in CODES)


def check(record: Record, _: Observations, __: Contract) -> Iterator[Finding]:
    """A finding for each repeated request of a record that created a resource."""
    for effect in record.effects:
        created = created_row(effect) if effect.repeats and effect.accepted else None
        if created is not None:
            place, request = f"{effect.operation} -> {created.table}", effect.exchange.request_id
            yield Finding(TWICE, place, "no new row", f"row {created.key} is new", request=request)


def _violation(_: Contract) -> tuple[Record, Observations]:
    exchange = Exchange("POST", "http://service/items", 201, {}, b'{"name": "a"}')
    row = RowChange("items", "2", None, {"id": 2, "name": "a"})
    columns = {"items": {"id": "integer", "name": "text"}}
    effect = Effect(exchange, "POST /items", changes=[row], repeats=True, columns=columns)
    return Record("", effects=[effect]), Observations()


ORACLE = Oracle(
    name="repeated",
    promise="A request that is sent again under its idempotency key creates nothing more.",
    codes=CODES,
    check=check,
    violation=_violation,
    needs={Need.WRITES: "nothing is sent that could be repeated", Need.ROWS: "a second resource shows in the rows"},
)
