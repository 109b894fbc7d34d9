"""A deleted resource is gone, and no other with it."""

from __future__ import annotations

from collections.abc import Iterator

from gate.contract.document import Contract
from gate.core.effect import Effect, RowChange
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Need, Oracle
from gate.oracles.row_values import plain

CODES = register("""
BG-DELETED-001 major request F103: Deleted resource is still there
    The service accepted the deletion of a resource. Its row stayed as it was, or it can still be read.
BG-DELETED-002 critical request: Deletion removed other rows
    The deletion of one resource removed rows of the same table that do not belong to it.
""")
THERE, OTHERS = (code.id for code in CODES)


def check(record: Record, _: Observations, __: Contract) -> Iterator[Finding]:
    """Findings on the accepted deletions of a record."""
    for effect in record.effects:
        if effect.accepted and effect.exchange.method == "DELETE" and effect.addressed is not None:
            if len(effect.path_values) <= 1:  # deeper paths may be those of links
                yield from _still_there(effect, effect.addressed)
            yield from _others(effect, effect.addressed)


def _still_there(effect: Effect, row: RowChange) -> Iterator[Finding]:
    readable = effect.read is not None and effect.read.status < 300
    stays = row.after is not None and row.after == row.before
    if readable and (stays or row.after is None):
        kept = f"row {row.key} stayed" if stays else "its row is gone"
        got = f"{kept}, and GET {effect.read.path} answered {effect.read.status}" if effect.read else kept
        yield Finding(THERE, effect.operation, "the resource is gone", got, request=effect.exchange.request_id)


def _others(effect: Effect, row: RowChange) -> Iterator[Finding]:
    """Deleted rows of the same table that do not refer to the deleted resource."""
    strangers = [
        change.key
        for change in effect.changes
        if change.deleted and change.table == row.table and change.key != row.key and not _child(change, row)
    ]
    if strangers:
        got, request = f"rows {', '.join(strangers[:3])} went, too", effect.exchange.request_id
        place = f"{effect.operation} -> {row.table}"
        yield Finding(OTHERS, place, f"row {row.key} alone goes", got, request=request)


def _child(change: RowChange, row: RowChange) -> bool:
    """Return whether a row refers to another one of its table, by a column that is named after it."""
    names = (plain(row.table).rstrip("s").rstrip("e"), "parent", "root", "owner")
    before = change.before or {}
    return any(
        str(value) == row.key and any(name in plain(column) for name in names) for column, value in before.items()
    )


def _violation(_: Contract) -> tuple[Record, Observations]:
    first, second = ({"id": number, "name": "a"} for number in (1, 2))
    delete = Exchange("DELETE", "http://service/items/1", 204)
    read = Exchange("GET", "http://service/items/1", 200)
    gone = [RowChange("items", "1", first, None), RowChange("items", "2", second, None)]
    effect = Effect(delete, "DELETE /items/{id}", changes=gone, addressed=gone[0], read=read)
    return Record("", effects=[effect]), Observations()


ORACLE = Oracle(
    name="deleted",
    promise="A deleted resource is gone, and no other with it.",
    codes=CODES,
    check=check,
    violation=_violation,
    needs={Need.ROWS: "a deletion is judged by the rows that are left"},
)
