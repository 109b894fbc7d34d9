"""The resource that a request created can be read back, and the answer is the row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gate.contract.document import Contract
from gate.core.effect import Effect, RowChange, members_of
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Need, Oracle
from gate.oracles.row_values import KINDS, created_row, differing, holds, pairs, same, written

CODES = register("""
BG-CREATED-001 critical answer: Created resource cannot be read
    The service accepted a request that creates a resource, and answers with an error to a request that reads it.
BG-CREATED-002 major answer: Answer differs from the row
    The answer to the request that created, changed or read a resource holds another value than the row of that
    resource.
BG-CREATED-003 critical stored: Creation changed another resource
    The service answered 201 to a request that creates a resource, but made no row. It stored what was sent in a row
    that was there before.
BG-CREATED-004 major stored: Created resource has what another one has
    The document says that no two resources share the value of a member. The service accepted a second one with the same
    value.
""")
UNREADABLE, DIFFERENT, OVERWRITTEN, TAKEN = (code.id for code in CODES)


def check(record: Record, _: Observations, __: Contract) -> Iterator[Finding]:
    """Findings on the created and the read resources of a record."""
    for effect in record.effects:
        if effect.accepted and effect.exchange.method in {"POST", "PUT"} and effect.addressed is None:
            yield from _of_created(effect)
        elif effect.accepted and effect.exchange.method in {"GET", "PUT", "PATCH"} and effect.addressed:
            yield from _of_answer(effect, effect.exchange, effect.addressed, effect.operation)


def _of_created(effect: Effect) -> Iterator[Finding]:
    created = created_row(effect)
    if created is None:
        if effect.read is not None and effect.read.status == 404:
            seen = "no row is new, and " if effect.columns else ""
            got = f"{seen}GET {effect.read.path} answered 404"
            request = effect.exchange.request_id
            yield Finding(UNREADABLE, effect.operation, "the created resource can be read", got, request=request)
        yield from _of_overwritten(effect)
        return
    yield from _of_answer(effect, effect.exchange, created, effect.operation)
    for name in effect.taken:
        place, got = f"{effect.operation} /{name} -> {created.table}", f"{written(effect.sent[name])} twice"
        yield Finding(TAKEN, place, "a refusal: the value is taken", got, request=effect.exchange.request_id)
    if effect.read is None:
        return
    if effect.read.status >= 400:
        got = f"GET {effect.read.path} answered {effect.read.status}"
        request = effect.exchange.request_id
        yield Finding(UNREADABLE, effect.operation, "the created resource can be read", got, request=request)
    elif effect.read.status < 300:
        row = replace(created, after=effect.read_row or created.after)
        yield from _of_answer(effect, effect.read, row, f"GET after {effect.operation}")


def _of_overwritten(effect: Effect) -> Iterator[Finding]:
    """Rows that were there, have what identifies the new resource, and took what else was sent."""
    if effect.exchange.method != "POST" or effect.exchange.status != 201 or any(effect.inserted()):
        return
    for change in effect.changes:
        before, types = change.before or {}, effect.columns.get(change.table, {})
        shared = list(pairs(effect.sent, change.after or {}, types)) if before and change.after else []
        kept = [name for name, column, value, _ in shared if same(value, before.get(column), types.get(column, ""))]
        taken = [
            column
            for name, column, value, stored in shared
            if name not in kept and same(value, stored, types.get(column, ""))
        ]
        if kept and taken:
            place, got = f"{effect.operation} -> {change.table}.{taken[0]}", f"row {change.key} changed"
            yield Finding(OVERWRITTEN, place, "a new row", got, request=effect.exchange.request_id)


def _of_answer(effect: Effect, answer: Exchange, change: RowChange, where: str) -> Iterator[Finding]:
    """Members of an answer that differ from the row; a document may have further members that are computed."""
    members, types = members_of(answer.json), effect.columns.get(change.table, {})
    for name, column, value, stored in differing(members, change.after or {}, types):
        document = KINDS.get(types.get(column, "")) == "document"
        computed = document and (holds(value, stored) or _expands(value, stored))
        if stored is not None and not computed:
            place = f"{where} /{name} -> {change.table}.{column}"
            got = f"{written(value)} in the answer"
            yield Finding(DIFFERENT, place, f"{written(stored)} as in the row", got, request=answer.request_id)


def _expands(value: Any, stored: Any) -> bool:
    """Return whether an answer has objects in the place of the texts or numbers by which a row names them."""
    if not (isinstance(value, list) and isinstance(stored, list)) or len(value) != len(stored):
        return False
    return all(isinstance(each, dict) and name in each.values() for each, name in zip(value, stored, strict=True))


def _violation(_: Contract) -> tuple[Record, Observations]:
    body = b'{"id": 1, "name": "b"}'
    exchange = Exchange("POST", "http://service/items", 201, {}, b'{"name": "a"}', {}, body)
    row = RowChange("items", "1", None, {"id": 1, "name": "a"})
    columns = {"items": {"id": "integer", "name": "text"}}
    read = Exchange("GET", "http://service/items/1", 404)
    effect = Effect(exchange, "POST /items", changes=[row], read=read, columns=columns, taken=["name"])
    again = Exchange("POST", "http://service/items", 201, {}, b'{"id": 1, "name": "b"}', {}, body)
    other = RowChange("items", "1", {"id": 1, "name": "a"}, {"id": 1, "name": "b"})
    return Record("", effects=[effect, Effect(again, "POST /items", changes=[other], columns=columns)]), Observations()


ORACLE = Oracle(
    name="created",
    promise="The resource that a request created can be read, and answers hold the values of its row.",
    codes=CODES,
    check=check,
    violation=_violation,
    needs={Need.WRITES: "nothing is created"},
    wants={Need.ROWS: "answers are not compared with rows"},
)
