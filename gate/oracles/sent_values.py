"""The members of an accepted request are stored as they were sent, and no others are touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from gate.contract.document import Contract
from gate.core.effect import Effect, RowChange
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Need, Oracle
from gate.oracles.row_values import (
    FOLDED,
    KINDS,
    SECRET,
    columns_of,
    created_row,
    differing,
    holds,
    likeness,
    numeral,
    pairs,
    plain,
    same,
    written,
)

CODES = register("""
BG-SENT-001 major stored: Created row lacks what was sent
    The service accepted a request that creates a resource, and a column of the new row holds another value than the
    member of the same name.
BG-SENT-002 major stored: Update was not stored
    The service accepted a request that changes a resource, and a column of its row holds another value than the member
    of the same name.
BG-SENT-003 major stored: Update changed a member that it did not name
    A PATCH changes the members that it names. This one changed the column of another member of the request's schema.
BG-SENT-004 critical stored: Update reached other rows
    A request that addresses one resource stored what it sent in rows of other resources, too.
BG-SENT-005 major stored: Default is another than is documented
    A request that creates a resource left out a member for which the document states a default. The column of the new
    row holds another value.
BG-SENT-006 major stored: Reference to nothing was accepted
    A request that creates a resource has to name another resource of the service. The service accepted and stored an
    id of which it has no row.
""")
CREATED, UPDATED, UNNAMED, OTHERS, DEFAULT, NOWHERE = (code.id for code in CODES)


def check(record: Record, _: Observations, __: Contract) -> Iterator[Finding]:
    """Findings on the accepted requests of a record that write."""
    for effect in record.effects:
        if not effect.accepted or effect.exchange.method not in {"POST", "PUT", "PATCH"}:
            continue
        created, addressed = created_row(effect), effect.addressed
        if created is not None and addressed is None:
            yield from _unlike(CREATED, effect, created)
            yield from _emptied(CREATED, effect, created)
            yield from _defaults(effect, created)
            yield from _nowhere(effect, created)
        elif isinstance(effect.exchange.sent, list):
            yield from _entries(effect)
        elif addressed is not None and addressed.after is not None and effect.exchange.method != "POST":
            yield from _unlike(UPDATED, effect, addressed)
            yield from _emptied(UPDATED, effect, addressed)
            yield from _unnamed(effect, addressed)
            yield from _others(effect, addressed)


def _unlike(code: str, effect: Effect, row: RowChange, entry: Mapping[str, Any] | None = None) -> Iterator[Finding]:
    types, sent = effect.columns.get(row.table, {}), effect.sent if entry is None else entry
    only = effect.declared - effect.extra.keys() - set(effect.path_values)
    for name, column, value, stored in differing(sent, row.after or {}, types, only):
        intended = _by_intention(column, value, stored, types.get(column, ""))
        if not _named_in_path(name, effect) and not intended:
            place = f"{effect.operation} /{name} -> {row.table}.{column}"
            expected, request = f"{written(value)} as sent", effect.exchange.request_id
            yield Finding(code, place, expected, f"{written(stored)} in the row", request=request)
    for name, column in columns_of(sorted(only & sent.keys()), row.after or {}):
        value, stored = sent[name], (row.after or {})[column]
        number = numeral(value) if isinstance(value, str) and KINDS.get(types.get(column, "")) == "number" else None
        answered = numeral(effect.answer.get(name))
        # A number that the answer shows otherwise than the row may be kept in another unit.
        if number is not None and answered is not None and answered == numeral(stored) != number:
            place = f"{effect.operation} /{name} -> {row.table}.{column}"
            got, request = f"{written(stored)} in the row", effect.exchange.request_id
            yield Finding(code, place, f"{written(value)} as sent", got, request=request)


def _entries(effect: Effect) -> Iterator[Finding]:
    """Members of the entries of a list, where each made a row of one table."""
    entries = [each for each in effect.exchange.sent or () if isinstance(each, dict)]
    rows = list(effect.inserted())
    if len({row.table for row in rows}) == 1 and len(rows) == len(entries):
        types = effect.columns.get(rows[0].table, {})
        for entry in entries:
            row = max(rows, key=partial(likeness, members=entry, types=types))
            rows.remove(row)
            yield from _unlike(CREATED, effect, row, entry)


def _emptied(code: str, effect: Effect, row: RowChange) -> Iterator[Finding]:
    """Members with an empty text that became null, and members with null that kept their value."""
    before, after = row.before or {}, row.after or {}
    for name, column in columns_of(sorted(effect.nullable & effect.sent.keys() - effect.extra.keys()), after):
        value, stored, type_ = effect.sent[name], after[column], effect.columns.get(row.table, {}).get(column, "")
        lost = value == "" and stored is None and KINDS.get(type_) == "text"
        kept = value is None and stored is not None and before.get(column) == stored
        if lost or kept:
            kind = "empty" if lost else "null"
            place = f"{effect.operation} /{name} ({kind}) -> {row.table}.{column}"
            got, request = f"{written(stored)} in the row", effect.exchange.request_id
            yield Finding(code, place, f"{written(value)} as sent", got, request=request)


def takes_null(effect: Effect) -> bool:
    """Return whether the row of an update took null for a member of the request."""
    row, members = effect.addressed, [name for name, value in effect.sent.items() if value is None]
    before, after = (row.before or {}, row.after or {}) if row else ({}, {})
    return any(after[column] is None and before.get(column) is not None for _, column in columns_of(members, after))


def _nowhere(effect: Effect, row: RowChange) -> Iterator[Finding]:
    for name, column in columns_of(effect.nowhere, row.after or {}):
        if str((row.after or {})[column]) == str(effect.sent[name]):
            place = f"{effect.operation} /{name} -> {row.table}.{column}"
            got, request = f"{written(effect.sent[name])} in the row", effect.exchange.request_id
            yield Finding(NOWHERE, place, "a refusal: no such resource is there", got, request=request)


def _defaults(effect: Effect, row: RowChange) -> Iterator[Finding]:
    """Columns of members that were left out and do not have their documented default."""
    named = {plain(name) for name in (*effect.sent, *effect.path_values)}
    left_out = {name: value for name, value in effect.defaults.items() if plain(name) not in named}
    for name, column, value, stored in differing(left_out, row.after or {}, effect.columns.get(row.table, {})):
        if stored is None and effect.answer.get(name) == value:
            continue  # it is put in where the row is read
        place = f"{effect.operation} /{name} -> {row.table}.{column}"
        expected, request = f"{written(value)} as documented", effect.exchange.request_id
        yield Finding(DEFAULT, place, expected, f"{written(stored)} in the row", request=request)


def _named_in_path(name: str, effect: Effect) -> bool:
    """Return whether a parameter of the path has the name of a member, perhaps with ``Id``, which it wins over."""
    names = {plain(parameter) for parameter in effect.path_values}
    return plain(name) in names | {each.removesuffix("id") for each in names}


def _by_intention(column: str, value: object, stored: object, type_: str) -> bool:
    """Return whether services store such a value in another form on purpose."""
    texts = isinstance(value, str) and isinstance(stored, str)
    if (KINDS.get(type_) == "document" or texts) and holds(stored, value):
        return True  # with members that were not sent, or as the same time in another zone
    if texts and str(stored).partition("://")[2] == value:
        return True  # with the scheme of a URL
    return (texts and bool(FOLDED.search(column)) and str(value).strip().lower() == str(stored).strip().lower()) or (
        KINDS.get(type_) == "time" and texts and bool(SECRET.search(column))
    )


def _unnamed(effect: Effect, row: RowChange) -> Iterator[Finding]:
    """Columns of members that a PATCH could name, did not name, and changed."""
    before, after = row.before or {}, row.after or {}
    declared, named = ({plain(name) for name in names} for names in (effect.declared, effect.sent))
    if effect.exchange.method != "PATCH" or not effect.sent:
        return
    for column, value in before.items():
        if plain(column) in declared - named and after.get(column) != value:
            place = f"{effect.operation} -> {row.table}.{column}"
            got, request = f"{written(after.get(column))} after it", effect.exchange.request_id
            yield Finding(UNNAMED, place, f"{written(value)} as before", got, request=request)


def _others(effect: Effect, addressed: RowChange) -> Iterator[Finding]:
    """Other rows of the table that hold what was sent now and did not before."""
    types = effect.columns.get(addressed.table, {})
    for change in effect.changes:
        before, after = change.before, change.after
        if change.table != addressed.table or change.key == addressed.key or before is None or after is None:
            continue
        for name, column, value, stored in pairs(effect.sent, after, types):
            type_ = types.get(column, "")
            if name in effect.declared and same(value, stored, type_) and not same(value, before[column], type_):
                place = f"{effect.operation} /{name} -> {change.table}.{column}"
                got, request = f"row {change.key} changed, too", effect.exchange.request_id
                yield Finding(OTHERS, place, f"row {addressed.key} alone changes", got, request=request)


def _violation(_: Contract) -> tuple[Record, Observations]:
    columns = {"items": {"id": "integer", "name": "text", "note": "text"}}
    post = Exchange("POST", "http://service/items", 201, {}, b'{"id": 1, "name": "a"}', {}, b'{"id": 1}')
    created = RowChange("items", "1", None, {"id": 1, "name": "b", "note": None})
    patch = Exchange("PATCH", "http://service/items/1", 200, {}, b'{"name": "a"}')
    addressed = RowChange("items", "1", {"id": 1, "name": "c", "note": "n"}, {"id": 1, "name": "b", "note": None})
    other = RowChange("items", "2", {"id": 2, "name": "c", "note": None}, {"id": 2, "name": "a", "note": None})
    declared = frozenset({"id", "name", "note"})
    effects = [
        Effect(post, "POST /items", declared, {"note": "n"}, [created], columns=columns, nowhere=["id"]),
        Effect(patch, "PATCH /items/{id}", declared, {}, [addressed, other], addressed, columns=columns),
    ]
    return Record("", effects=effects), Observations()


ORACLE = Oracle(
    name="sent",
    promise="The members of an accepted request are stored as they were sent, in its row alone.",
    codes=CODES,
    check=check,
    violation=_violation,
    needs={Need.WRITES: "nothing is sent that could be stored", Need.ROWS: "members are compared with columns"},
)
