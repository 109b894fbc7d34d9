"""Members of JSON beside columns of rows: which belong together, and whether they are equal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from gate.core import values
from gate.core.effect import Effect, RowChange
from gate.core.record import Row
from gate.core.texts import clip

NUMBERS = frozenset(
    {"smallint", "integer", "bigint", "numeric", "real", "double precision", "oid", "int2", "int4", "int8"}
)
TEXTS = frozenset({"text", "character varying", "character", "citext", "uuid", "USER-DEFINED", "name", '"char"'})
TIMES = frozenset({"timestamp with time zone", "timestamp without time zone"})
DOCUMENTS = frozenset({"json", "jsonb", "ARRAY"})
KINDS = {"boolean": "boolean", "date": "date", **dict.fromkeys(NUMBERS, "number"), **dict.fromkeys(TEXTS, "text")}
KINDS |= {**dict.fromkeys(TIMES, "time"), **dict.fromkeys(DOCUMENTS, "document")}
SECRET = re.compile(r"pass(word|wd|phrase)|secret|token|hash|credential|private|api_?key|salt", re.IGNORECASE)
"""Names of columns that a service stores in another form on purpose."""
FOLDED = re.compile(r"e_?mail|user_?name|login|slug|host|domain|url", re.IGNORECASE)
"""Names of columns whose case and surrounding blanks mean nothing."""
IDENTIFYING = ("id", "uuid", "key", "slug", "name", "code")
"""Plain names of members that tell a resource from others."""
OPAQUE = re.compile(r"[A-Za-z0-9+/_=.:-]{40,}")
"""A text that shows nothing of a document."""
NUMERAL, LONGEST_NUMERAL = re.compile(r"-?[0-9]+(\.[0-9]+)?"), 40
TOLERANCE = timedelta(seconds=1)
"""Times that differ by less are the same: many services write whole seconds."""
DIGITS = {"real": Decimal("1e-5"), "double precision": Decimal("1e-12")}
"""Relative difference of two numbers that a type of column cannot hold apart."""


def plain(name: str) -> str:
    """A name without what spellings differ by: ``createdAt`` and ``created_at`` are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def pairs(members: Mapping[str, Any], row: Row, types: Mapping[str, str]) -> Iterator[tuple[str, str, Any, Any]]:
    """Member, column and both values, for each member with a column of its name and a value of the column's kind."""
    columns = {plain(name): name for name in row}
    for name, value in members.items():
        column = columns.get(plain(name))
        if column is not None and not SECRET.search(column) and comparable(value, types.get(column, "")):
            yield name, column, value, row[column]


def columns_of(members: Iterable[str], row: Row) -> Iterator[tuple[str, str]]:
    """Member and column, for each member with a column of its name."""
    columns = {plain(name): name for name in row}
    yield from ((name, columns[plain(name)]) for name in members if plain(name) in columns)


def comparable(value: Any, type_: str) -> bool:
    """Return whether a JSON value can stand in a column of a type as it is."""
    match KINDS.get(type_, ""):
        case "boolean":
            return isinstance(value, bool)
        case "number":
            return values.number(value) is not None
        case "text":
            return isinstance(value, str) and value != ""
        case "time" | "date":
            return isinstance(value, str) and moment(value) is not None
        case "document":
            return isinstance(value, dict | list)
    return False


def moment(value: Any) -> datetime | None:
    """The time that a text means, in UTC where it names no zone; None for anything else."""
    time = values.time(value)
    try:
        return None if time is None else time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return None


def same(value: Any, stored: Any, type_: str) -> bool:
    """Return whether a column holds a JSON value, as exactly as its type can."""
    match KINDS.get(type_, "") if stored is not None else None:
        case None:
            equal = False
        case "time":
            left, right = moment(value), moment(stored)
            equal = left is not None and right is not None and abs(left - right) < TOLERANCE
        case "date":
            equal = str(value)[:10] == str(stored)[:10]
        case "number":
            equal = _close(value, stored, DIGITS.get(type_, Decimal(0)))
        case "text":
            padded = str(stored).rstrip(" ") if type_ == "character" else str(stored)
            equal = str(value) == padded or (type_ == "uuid" and plain(str(value)) == plain(padded))
        case "document":
            opaque = not isinstance(value, str) and isinstance(stored, str) and OPAQUE.fullmatch(stored)  # encrypted
            equal = bool(opaque) or values.equal(value, stored, as_doubles=True)
        case _:
            equal = value == stored
    return bool(equal)


def holds(stored: Any, value: Any) -> bool:
    """Return whether a JSON column holds what was sent, perhaps with members that were not."""
    match value, stored:
        case dict(), dict():
            return all(name in stored and holds(stored[name], each) for name, each in value.items())
        case list(), list():
            return len(value) == len(stored) and all(map(holds, stored, value))
        case str(), str():
            return value == stored or (moment(value) is not None and moment(value) == moment(stored))
    return values.equal(value, stored, as_doubles=True)


def numeral(value: Any) -> Fraction | None:
    """A number, or the one that a text such as ``12.50`` means; None for anything else."""
    if isinstance(value, str):
        return Fraction(value) if len(value) < LONGEST_NUMERAL and NUMERAL.fullmatch(value) else None
    return values.number(value)


def _close(value: Any, stored: Any, digits: Decimal) -> bool:
    left, right = numeral(value), numeral(stored)
    if left is None or right is None:
        return False
    return left == right or abs(left - right) <= abs(right) * Fraction(digits or Decimal("1e-15"))


def likeness(change: RowChange, members: Mapping[str, Any], types: Mapping[str, str]) -> int:
    """Number of members that a new row holds."""
    row = change.after or {}
    return sum(same(value, stored, types.get(column, "")) for _, column, value, stored in pairs(members, row, types))


def created_row(effect: Effect) -> RowChange | None:
    """The inserted row that is most like the answer and the request; None where none is like them."""
    ranked = [
        (
            sum(likeness(change, each, effect.columns.get(change.table, {})) for each in (effect.sent, effect.answer)),
            _named(change, effect.operation),
            -number,
        )
        for number, change in enumerate(effect.changes)
        if change.inserted
    ]
    score, _, number = max(ranked, default=(0, False, 0))
    inserted = [change if change.inserted else None for change in effect.changes]
    return inserted[-number] if score else None


def _named(change: RowChange, operation: str) -> bool:
    """Return whether a table has the name of the last segment of a path."""
    segments = [part for part in operation.split("/") if part and "{" not in part]
    names = [plain(segment).rstrip("s") for segment in segments[-1:]]
    return plain(change.table).rstrip("s").endswith(tuple(names)) if names else False


def written(value: Any) -> str:
    """A value as a finding shows it."""
    return clip(json.dumps(value, ensure_ascii=False, default=str), 120)


def differing(
    members: Mapping[str, Any], row: Row, types: Mapping[str, str], only: Iterable[str] | None = None
) -> Iterator[tuple[str, str, Any, Any]]:
    """The pairs whose values differ, of the members ``only`` if they are given."""
    chosen = None if only is None else set(only)
    for name, column, value, stored in pairs(members, row, types):
        equal = same(value, stored, types.get(column, "")) or _since(column, row, types) == [value]
        if (chosen is None or name in chosen) and not equal:
            yield name, column, value, stored


def _since(column: str, row: Row, types: Mapping[str, str]) -> list[bool]:
    """The truth of a boolean that a row has as the time since when it holds, as ``archived_at`` of ``archived``."""
    times = [name for name in row if plain(name) == f"{plain(column)}at" and KINDS.get(types.get(name, "")) == "time"]
    return [row[name] is not None for name in times if KINDS.get(types.get(column, "")) == "boolean"]
