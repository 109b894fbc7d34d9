"""What changed in one schema, keyword by keyword: types, values, members, bounds, patterns and formats."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gate.contract.diff.rules import SchemaRule
from gate.contract.nodes import Node

TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
KINDS: dict[type, str] = {
    str: "string",
    float: "number",
    int: "integer",
    bool: "boolean",
    dict: "object",
    list: "array",
    type(None): "null",
}
"""The JSON type of what Python reads."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One change of a schema; ``severity`` is empty where it is that of the rule."""

    rule: SchemaRule
    pointer: str
    what: str
    old: Any = None
    new: Any = None
    severity: str = field(default="")


def pointer(old: Node, new: Node, keyword: str) -> str:
    """Where a keyword stands: in the new schema, or in the old one if it is gone."""
    return (new if keyword in new.value or keyword not in old.value else old).child(keyword).pointer


def types(old: Node, new: Node) -> Iterator[Leaf]:
    """Types allowed more or no longer; null is a matter of its own."""
    before, after = _types(old.value), _types(new.value)
    place, values = pointer(old, new, "type"), (old.value.get("type"), new.value.get("type"))
    gone, come = _without(before, after), _without(after, before)
    if "null" in gone and before != {"null"}:
        yield Leaf(SchemaRule.NULL_REFUSED, place, "null no longer allowed", *values)
        gone -= {"null"}
    if "null" in come and after != {"null"}:
        yield Leaf(SchemaRule.NULL_ALLOWED, place, "null allowed", *values)
        come -= {"null"}
    if gone and come:
        yield Leaf(SchemaRule.TYPE_REPLACED, place, f"{_listed(gone)} replaced by {_listed(come)}", *values)
    elif gone:
        yield Leaf(SchemaRule.TYPE_NARROWED, place, f"{_listed(gone)} no longer allowed", *values)
    elif come:
        yield Leaf(SchemaRule.TYPE_WIDENED, place, f"{_listed(come)} allowed", *values)


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    listed = _values(schema)
    if "type" not in schema and listed is not None:
        return frozenset(KINDS[type(value)] for value in listed.values())
    named = schema.get("type", TYPES)
    return frozenset([named] if isinstance(named, str) else named)


def _without(these: frozenset[str], those: frozenset[str]) -> frozenset[str]:
    """``these`` without what ``those`` allow; every integer is a number."""
    gone = these - those
    if "number" in those:
        gone -= {"integer"}
    return gone


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))


def values(old: Node, new: Node) -> Iterator[Leaf]:
    """Values of enum; const is an enum of one."""
    keyword = "const" if "const" in new.value or ("const" in old.value and "enum" not in new.value) else "enum"
    place, before, after = pointer(old, new, keyword), _values(old.value), _values(new.value)
    if before is None and after is not None:
        yield Leaf(SchemaRule.VALUES_LIMITED, place, f"limited to {_shown(after)}", None, list(after.values()))
    elif before is not None and after is None:
        yield Leaf(SchemaRule.VALUES_UNLIMITED, place, f"not limited to {_shown(before)}", list(before.values()), None)
    elif before is not None and after is not None:
        both = list(before.values()), list(after.values())
        if ("null" in _types(old.value)) != ("null" in _types(new.value)):  # told as a change of the type
            before, after = ({key: one for key, one in these.items() if key != "null"} for these in (before, after))
        gone = {key: value for key, value in before.items() if key not in after}
        come = {key: value for key, value in after.items() if key not in before}
        if gone:
            yield Leaf(SchemaRule.VALUE_REMOVED, place, f"value removed: {_shown(gone)}", *both)
        if come:
            yield Leaf(SchemaRule.VALUE_ADDED, place, f"value added: {_shown(come)}", *both)


def _values(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    if "const" in schema:
        return {json.dumps(schema["const"], sort_keys=True): schema["const"]}
    if "enum" in schema:
        return {json.dumps(value, sort_keys=True): value for value in schema["enum"]}
    return None


def _shown(these: Mapping[str, Any]) -> str:
    return ", ".join(these)


def bounds(old: Node, new: Node) -> Iterator[Leaf]:
    """Limits of numbers, lengths and counts."""
    yield from _limit(old, new, ("minimum", "exclusiveMinimum"), 1)
    yield from _limit(old, new, ("maximum", "exclusiveMaximum"), -1)
    for counted in ("Length", "Items", "Properties"):
        yield from _limit(old, new, (f"min{counted}", ""), 1)
        yield from _limit(old, new, (f"max{counted}", ""), -1)
    if (before := old.value.get("uniqueItems", False)) != (after := new.value.get("uniqueItems", False)):
        yield _moved(old, new, "uniqueItems", (before, after), tightened=bool(after))
    before, after = old.value.get("multipleOf"), new.value.get("multipleOf")
    if before != after:
        if after is not None and not (before and after and before % after == 0):
            yield _moved(old, new, "multipleOf", (before, after), tightened=True)
        if before is not None and not (before and after and after % before == 0):
            yield _moved(old, new, "multipleOf", (before, after), tightened=False)


def _limit(old: Node, new: Node, keywords: tuple[str, str], sign: int) -> Iterator[Leaf]:
    """A limit that may be given inclusively or exclusively; ``sign`` is 1 for a lower limit, -1 for an upper one."""

    def strictest(schema: Mapping[str, Any]) -> tuple[tuple[float, bool], str] | None:
        given = [((schema[key] * sign, key == keywords[1]), key) for key in keywords if key in schema]
        return max(given, default=None)

    before, after = strictest(old.value), strictest(new.value)
    if before and after:
        if before[0] == after[0]:
            return
        tightened = after[0] > before[0]
    elif before or after:
        tightened = after is not None
    else:
        return
    keyword = (after or before or ((0, False), ""))[1]
    shown = old.value[before[1]] if before else None, new.value[after[1]] if after else None
    yield _moved(old, new, keyword, shown, tightened=tightened)


def _moved(old: Node, new: Node, keyword: str, both: tuple[Any, Any], *, tightened: bool) -> Leaf:
    rule = SchemaRule.BOUND_TIGHTENED if tightened else SchemaRule.BOUND_LOOSENED
    before, after = ("none" if value is None else json.dumps(value) for value in both)
    return Leaf(rule, pointer(old, new, keyword), f"{keyword} {before} -> {after}", *both)


def notes(old: Node, new: Node) -> Iterator[Leaf]:
    """What containment does not see: the default, and how a value is to be read."""
    for keyword in ("default", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "discriminator"):
        before, after = old.value.get(keyword), new.value.get(keyword)
        if json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True):
            rule = SchemaRule.DEFAULT_CHANGED if keyword == "default" else SchemaRule.READING_CHANGED
            shown = " -> ".join("none" if one is None else json.dumps(one, sort_keys=True) for one in (before, after))
            yield Leaf(rule, pointer(old, new, keyword), f"{keyword} {shown}", before, after)
