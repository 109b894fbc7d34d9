"""Requests made from an accepted one: each differs in one member, so it reaches the code behind validation."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from gate.contract.nodes import Node
from gate.fuzz.service.steps import BODY, Step
from gate.oracles.row_values import KINDS, plain

Row = Mapping[str, Any]
LONG, HUGE = 5000, 1e308
MOST_EXTRA, MOST_ALONE, MOST_WRONG, MOST_VARIED = 12, 12, 10, 15
LONGER, LONGEST = 300, 2000
"""Lengths of a long text: where none is documented, and the longest."""
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


def varied(base: Step, members: Mapping[str, Node], rng: random.Random) -> Iterator[Step]:
    """The step with another valid value of one member, for each that the schema describes."""
    body = base.request.body
    if not isinstance(body, dict):
        return
    for name, node in list(members.items())[:MOST_VARIED]:
        for value in [*_valid(node, body.get(name), rng)[:2], *([HUGE] if _any_number(node) else ())]:
            yield _with(base, name, value, "positive")


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


def _any_number(node: Node) -> bool:
    """Return whether a schema allows a number of any size."""
    schema = node.follow()
    parts = [
        schema.child(each, index) for each in ("anyOf", "oneOf") for index in range(len(schema.value.get(each, [])))
    ]
    rules, bounds = schema.value, {"maximum", "exclusiveMaximum", "enum", "const", "multipleOf"}
    own = "number" in ([rules.get("type")] if isinstance(rules.get("type"), str) else rules.get("type") or ())
    if own and not rules.keys() & bounds:
        return True
    keywords = ("anyOf", "oneOf")
    parts = [schema.child(keyword, index) for keyword in keywords for index in range(len(rules.get(keyword, [])))]
    return any(map(_any_number, parts))


def _valid(node: Node, old: Any, rng: random.Random) -> list[Any]:
    """Values that a schema allows, as far as that is easy to see, and that are unlike an old one."""
    schema = node.follow()
    for keyword in ("anyOf", "oneOf"):
        branches = schema.value.get(keyword, [])
        parts = [schema.child(keyword, index).follow() for index in range(len(branches))]
        schema = next((part for part in parts if part.value.get("type") != "null"), schema)
    rules, types = schema.value, schema.value.get("type")
    type_ = next((each for each in types if each != "null"), "") if isinstance(types, list) else types
    if "enum" in rules:
        return [value for value in rules["enum"] if value is not None and value != old]
    match type_:
        case "boolean":
            return [not old]
        case "integer" | "number":
            low, high = rules.get("minimum", 0), rules.get("maximum", rules.get("minimum", 0) + 1000)
            middle = low + (high - low) // 3 + 1
            part = middle - 0.75 if type_ == "number" and "multipleOf" not in rules else middle
            return [value for value in (part, low, high) if low <= value <= high and value != old]
        case "array":
            return _lists(schema, rng)
        case "string":
            return [text for text in _texts(rules, rng) if text != old]
    return []


def _lists(schema: Node, rng: random.Random) -> list[Any]:
    """A list of several entries, as far as a schema allows them."""
    entries: list[Any] = []
    items = schema.child("items", default={})
    for _ in range(2):
        entries += [each for each in _valid(items, None, rng)[:2] if each not in entries]
    entries = entries[: min(3, schema.value.get("maxItems", 3))]
    return [entries] if len(entries) >= max(1, schema.value.get("minItems", 1)) else []


def _texts(rules: Mapping[str, Any], rng: random.Random) -> list[str]:
    token = f"{rng.getrandbits(32):08x}"
    moments = [f"2031-0{rng.randint(1, 9)}-04T05:06:07{zone}" for zone in ("Z", "+05:30")]
    if rules.get("format") == "date-time":
        return moments
    formats = {
        "date": f"2031-0{rng.randint(1, 9)}-04",
        "email": f"gate-{token}@example.org",
        "uri": f"https://example.org/{token}",
        "": f"Gate {token} \N{LATIN SMALL LETTER E WITH ACUTE}",
    }
    text = formats.get(rules.get("format", ""), "")
    least, most = rules.get("minLength", 0), min(rules.get("maxLength", LONGER), LONGEST)
    if "pattern" in rules:
        texts = (f"g{token}", token, text, f"g-{token}@example.org", f"G{token}")
        fitting = [each for each in texts if re.search(rules["pattern"], each)]
        return [each for each in fitting[:1] if least <= len(each) <= most]
    if not text:
        return []
    longest = [(text + "x" * most)[:most]] if not rules.get("format") and most > len(text) else []
    return [each for each in (text[:most], *longest) if least <= len(each)]


def colliding(base: Step, others: Sequence[Row], rng: random.Random) -> Iterator[Step]:
    """The step itself, and with a text of another row in one member: what has to be unique is not."""
    body = base.request.body
    if not isinstance(body, dict):
        return
    if base.request.method == "POST":
        yield base
    rows = list(others)
    rng.shuffle(rows)
    for name, value in body.items():
        taken = [row[column] for row in rows for column in row if plain(column) == plain(name)]
        other = next((each for each in taken if isinstance(each, str) and each and each != value), None)
        if isinstance(value, str) and other is not None:
            step = _with(base, name, other, "negative")
            yield replace(step, request=replace(step.request, description=TAKEN))


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
