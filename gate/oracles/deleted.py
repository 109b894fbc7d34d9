"""A deleted resource is gone, and no other with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gate.contract.document import Contract
from gate.core.effect import Effect, Row, RowChange, entries_of
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Need, Oracle
from gate.oracles.row_values import IDENTIFYING, plain

CODES = register("""
BG-DELETED-001 major request F103: Deleted resource is still there
    The service accepted the deletion of a resource. Its row stayed as it was, it can still be read, or its list still
    has it.
BG-DELETED-002 critical request: Deletion removed other rows
    The deletion of one resource removed rows of the same table that do not belong to it.
BG-DELETED-003 major stored: Deletion left the parts of the resource
    The deletion removed the row of a resource. Rows that were made below its path and refer to it are still there.
""")
THERE, OTHERS, PARTS = (code.id for code in CODES)
AT_ONCE = frozenset({200, 204})
"""Statuses that say that a deletion is done."""
TOUCHED = re.compile(r"updated|modified|changed|version", re.IGNORECASE)
"""Names of columns that any change of a row writes."""


def check(record: Record, _: Observations, __: Contract) -> Iterator[Finding]:
    """Findings on the accepted deletions of a record."""
    for effect in record.effects:
        if not effect.accepted or effect.exchange.method != "DELETE":
            continue
        if effect.addressed is None and not effect.columns and effect.exchange.status in AT_ONCE:
            yield from _still_read(effect)
        if effect.addressed is not None:
            if len(effect.path_values) <= 1 or not effect.changes:  # deeper paths may be those of links
                yield from _still_there(effect, effect.addressed)
            yield from _others(effect, effect.addressed)
            yield from _parts(effect, effect.addressed)


def _still_there(effect: Effect, row: RowChange) -> Iterator[Finding]:
    gone, request = row.after is None, effect.exchange.request_id
    stays = row.after is not None and _same(row.before or {}, row.after)
    kept = "its row is gone" if gone else f"row {row.key} stayed" if stays else f"row {row.key} was changed"
    expected, read, listed = "the resource is gone", effect.read, effect.listed
    if read is not None and read.status < 300:
        if stays or gone:
            got = f"{kept}, and GET {read.path} answered {read.status}"
            yield Finding(THERE, effect.operation, expected, got, request=request)
    elif listed is not None and listed.status < 300 and (read is not None or stays) and _has(listed, effect):
        got = f"{kept}, and GET {listed.path} has it"
        yield Finding(THERE, effect.operation, expected, got, request=request)


def _still_read(effect: Effect) -> Iterator[Finding]:
    """A finding where no rows are seen, and the resource can be read all the same."""
    if effect.read is not None and effect.read.status < 300:
        got, request = f"GET {effect.read.path} answered {effect.read.status}", effect.exchange.request_id
        yield Finding(THERE, effect.operation, "the resource is gone", got, request=request)


def _same(before: Row, after: Row) -> bool:
    """Return whether a row is as it was, but for the time of its last change."""
    return all(TOUCHED.search(name) or value == after.get(name) for name, value in before.items())


def _has(listed: Exchange, effect: Effect) -> bool:
    """Return whether a list has an entry that the last parameter of the path identifies."""
    name = effect.operation.rpartition("{")[2].rstrip("}/")
    names, value = {*IDENTIFYING, plain(name)}, effect.path_values.get(name)
    entries = entries_of(listed.json)
    return any(plain(member) in names and str(entry[member]) == value for entry in entries for member in entry)


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


def _parts(effect: Effect, row: RowChange) -> Iterator[Finding]:
    if row.after is None and effect.parts:
        part, request = effect.parts[0], effect.exchange.request_id
        place, got = f"{effect.operation} -> {part.table}", f"row {part.key} of {part.table} refers to it"
        yield Finding(PARTS, place, f"what is below row {row.key} goes with it", got, request=request)


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
    parts = [RowChange("lines", "3", line, line) for line in ({"id": 3, "item_id": 1},)]
    effect = Effect(delete, "DELETE /items/{id}", changes=gone, addressed=gone[0], read=read, parts=parts)
    return Record("", effects=[effect]), Observations()


ORACLE = Oracle(
    name="deleted",
    promise="A deleted resource is gone, and no other with it.",
    codes=CODES,
    check=check,
    violation=_violation,
    needs={Need.WRITES: "nothing is deleted"},
    wants={Need.ROWS: "a deletion is judged by whether the resource can be read"},
)
