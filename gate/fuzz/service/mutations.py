"""Requests made from an accepted one: each differs in one member, so it reaches the code behind validation."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from gate.contract.nodes import Node
from gate.fuzz.service.schemas import nullable
from gate.fuzz.service.steps import BODY, Reference, Step
from gate.fuzz.service.values import HUGE, Values, any_number, may_be_empty
from gate.oracles.row_values import KINDS, plain

Row = Mapping[str, Any]
LONG = 5000
MOST_EXTRA, MOST_ALONE, MOST_WRONG, MOST_VARIED, MOST_VALUES, MOST_LISTED = 12, 12, 10, 15, 3, 4
UNKNOWN_NUMBER = 987_654_321
TEXT = "gate-{}"
TAKEN = "a text of another row"


@dataclass(frozen=True, slots=True)
class Table:
    """The types of a table's columns, and its rows."""

    types: Mapping[str, str]
    rows: Sequence[Row]


def wrong(base: Step, rng: random.Random) -> Iterator[Step]:
    """The step with one member that is missing, of another type, too long, too large, or leads nowhere."""
    body = base.request.body
    if not isinstance(body, dict):
        return
    names = list(body)
    rng.shuffle(names)
    for name in names[:MOST_WRONG]:
        for value in _wrong(body[name], rng):
            yield _with(base, name, value, "negative")
        yield _without(base, name)
    if names:
        yield _with(base, names[0], None, "negative")


def _wrong(value: Any, rng: random.Random) -> Iterator[Any]:
    """Values of a member that a service should refuse, or has to take as they are."""
    match value:
        case bool():
            yield "perhaps"
        case int() | float():
            yield from (-value - 1, HUGE, UNKNOWN_NUMBER)
        case str() if _is_uuid(value):
            yield str(UUID(int=rng.getrandbits(128), version=4))
        case str():
            yield from ("x" * LONG, 7)
        case list() if value:
            yield [*value, *(_unknown(value[0], rng),)]
        case dict():
            yield []


def _unknown(value: Any, rng: random.Random) -> Any:
    """A value like another that names nothing."""
    if isinstance(value, bool | dict | list) or value is None:
        return value
    if isinstance(value, int | float):
        return UNKNOWN_NUMBER
    return str(UUID(int=rng.getrandbits(128), version=4)) if _is_uuid(value) else TEXT.format("unknown")


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def alone(base: Step) -> Iterator[Step]:
    """The step with a single member of its body, for each."""
    body = base.request.body
    for name in list(body)[:MOST_ALONE] if isinstance(body, dict) and len(body) > 1 else ():
        yield _kept(base, {name: body[name]}, "positive")


def varied(base: Step, members: Mapping[str, Node], values: Values) -> Iterator[Step]:
    """The step with another valid value of one member, for each that the schema describes; then null, and no text."""
    body = base.request.body
    if not isinstance(body, dict):
        return
    chosen = list(members.items())[:MOST_VARIED]
    for name, node in chosen:
        for value in values.valid(name, node, body.get(name))[:MOST_VALUES]:
            yield _with(base, name, value, "positive")
        if any_number(node):
            yield _with(base, name, HUGE, "positive")
    empty = {name: None for name, node in chosen if nullable(node)}
    if empty:
        yield _kept(base, {**body, **empty}, "positive")
    for name in empty:
        yield _with(base, name, None, "positive")
    for name, node in chosen:
        if may_be_empty(node) and body.get(name) != "":
            yield _with(base, name, "", "positive")


def of_list(base: Step, rng: random.Random) -> Iterator[Step]:
    """The step whose body is a list, with an entry twice, and with a last entry that is wrong in one member."""
    body = base.request.body
    if not isinstance(body, list) or not body:
        return
    first = body[0]
    yield _listed(base, [first, first])
    for name in list(first)[:MOST_LISTED] if isinstance(first, dict) else ():
        yield _listed(base, [*body, {key: value for key, value in first.items() if key != name}])
        for value in _wrong(first[name], rng):
            yield _listed(base, [*body, {**first, name: value}])


def _listed(base: Step, body: list[Any]) -> Step:
    request = replace(base.request, body=body, mode="negative", description="")
    return replace(base, request=request, references=tuple(each for each in base.references if _in_first(each.place)))


def _in_first(place: str) -> bool:
    return not place.startswith(f"{BODY} ") or place.startswith(f"{BODY} /0/")


def refreshed(
    step: Step, base: Step, members: Mapping[str, Node], unique: Collection[str], fresh: Callable[[str, Node], Any]
) -> Step:
    """A step made from a creation, with new values of the members that have to be unique and that it did not change."""
    body, filled = dict(step.request.body), {each.place for each in step.references}
    for name, node in members.items():
        same = name in body and body[name] == base.request.body.get(name) and f"{BODY} /{name}" not in filled
        if same and plain(name) in unique and isinstance(body[name], str):
            body[name] = fresh(name, node)
    return replace(step, request=replace(step.request, body=body))


def colliding(base: Step, others: Sequence[tuple[Row, int]], rng: random.Random) -> Iterator[Step]:
    """The step itself, and with a text of another row in one member: what has to be unique is not.

    Each row comes with the number of the step that made it, or 0.
    """
    body = base.request.body
    if not isinstance(body, dict):
        return
    if base.request.method == "POST":
        yield base
    rows = list(others)
    rng.shuffle(rows)
    for name, value in body.items():
        taken = ((row[column], maker) for row, maker in rows for column in row if plain(column) == plain(name))
        other = next((each for each in taken if isinstance(each[0], str) and each[0] not in ("", value)), None)
        if isinstance(value, str) and other is not None:
            step = _with(base, name, other[0], "negative")
            source = (Reference("", other[1], None),) if other[1] else ()
            request = replace(step.request, description=TAKEN)
            yield replace(step, request=request, references=(*step.references, *source))


def otherwise(step: Step, base: Step, accepted: Mapping[str, Sequence[Any]]) -> Step:
    """A step made from an update, with other accepted values of the members that it did not change.

    A refusal that stores a part of it does not show where the row has these values already.
    """
    body, old = step.request.body, base.request.body
    if not isinstance(body, dict) or not isinstance(old, dict):
        return step
    filled = {each.place for each in step.references}
    kept = [name for name in body if name in old and body[name] == old[name] and f"{BODY} /{name}" not in filled]
    others = {name: [value for value in accepted.get(name, ()) if value != body[name]] for name in kept}
    body = {**body, **{name: values[-1] for name, values in others.items() if values}}
    return replace(step, request=replace(step.request, body=body))


def assigning(
    base: Step, members: Mapping[str, Node], answer: Mapping[str, Any], row: Row, table: Table
) -> Iterator[Step]:
    """The step with one member more for each column that the request's schema does not have, or has as read-only."""
    if not isinstance(base.request.body, dict):
        return
    known = {plain(name): bool(node.value.get("readOnly")) for name, node in members.items()}
    spelled = {plain(name): name for name in answer} | {plain(name): name for name in members}
    columns = [column for column in row if known.get(plain(column), True)]
    for number, column in enumerate(columns[:MOST_EXTRA]):
        name = spelled.get(plain(column), column)
        allowed = members[name].value.get("enum", []) if name in members else []
        seen = [*allowed, *(each.get(column) for each in table.rows)]
        for value in _other(row[column], table.types.get(column, ""), seen, number):
            step = _with(base, name, value, "negative")
            yield replace(step, extra={name: value})


def _other(value: Any, type_: str, seen: Sequence[Any], number: int) -> Iterator[Any]:
    """Values of a column's type that differ from the one that it has."""
    match KINDS.get(type_, ""):
        case "boolean":
            yield not value
        case "number":
            yield UNKNOWN_NUMBER % 30_000 + number
        case "time":
            yield f"2001-02-03T04:05:{number:02}Z"
        case "date":
            yield f"2001-02-{number + 1:02}"
        case "text":
            if type_ == "uuid":
                yield str(UUID(int=UNKNOWN_NUMBER + number, version=4))
                return
            others = sorted({each for each in seen if isinstance(each, str) and each not in ("", value)})
            yield from others[:1] if len(others) < 8 else ()
            if type_ != "USER-DEFINED":
                yield TEXT.format(number)


def _with(base: Step, name: str, value: Any, mode: str) -> Step:
    body = {**base.request.body, name: value}
    return _kept(base, body, mode, without=name)


def _without(base: Step, name: str) -> Step:
    body = {key: value for key, value in base.request.body.items() if key != name}
    return _kept(base, body, "negative")


def _kept(base: Step, body: Mapping[str, Any], mode: str, without: str = "") -> Step:
    """The step with another body, and the references that still have a place in it."""
    references = tuple(
        each
        for each in base.references
        if not each.place.startswith(f"{BODY} ")
        or ((top := each.place.removeprefix(f"{BODY} /").partition("/")[0]) in body and top != without)
    )
    request = replace(base.request, body=dict(body), mode=mode, description="")  # type: ignore[arg-type]  # one of two
    return replace(base, request=request, references=references)
