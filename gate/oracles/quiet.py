"""The service is quiet again after a request."""

from __future__ import annotations

from collections.abc import Iterator

from gate.contract.document import Contract
from gate.core.effect import Effect
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.core.texts import counted
from gate.oracles.registry import Need, Oracle

CODES = register("""
BG-QUIET-001 critical end: Service never gets quiet again
    After a request the service went on to write rows without an end, although nothing more was sent. A service that
    feeds itself fills its database.
""")
(RESTLESS,) = (code.id for code in CODES)


def check(record: Record, _: Observations, __: Contract) -> Iterator[Finding]:
    """A finding for each table to which rows were written in the end."""
    for effect in record.effects:
        for table, number in effect.growing.items():
            place, request = f"{effect.operation} -> {table}", effect.exchange.request_id
            got = f"{counted(number, 'write')} a second"
            yield Finding(RESTLESS, place, "no row is written any more", got, request=request)


def _violation(_: Contract) -> tuple[Record, Observations]:
    exchange = Exchange("POST", "http://service/items", 201)
    return Record("", effects=[Effect(exchange, "POST /items", growing={"items": 3})]), Observations()


ORACLE = Oracle(
    name="quiet",
    promise="The service is quiet again after a request.",
    codes=CODES,
    check=check,
    violation=_violation,
    needs={
        Need.WRITES: "nothing is sent that the service could be busy with",
        Need.ROWS: "writes show in the rows alone",
    },
)
