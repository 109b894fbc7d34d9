"""Changes of the keywords of one schema: types, values, bounds, and hints for readers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from gate.contract.diff.kinds import listed_types, listed_values
from gate.contract.diff.meaning import ENCODINGS
from gate.contract.diff.media import MediaType
from gate.contract.diff.rules import Direction, SchemaRule
from gate.contract.diff.trail import Trail
from gate.contract.nodes import Node

KEYWORDS_OF: dict[tuple[str, ...], tuple[str, ...]] = {
    ("string",): ("minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType", "contentSchema"),
    ("number", "integer"): ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    ("array",): (
        *("items", "prefixItems", "contains", "minContains", "maxContains", "minItems", "maxItems"),
        *("uniqueItems", "unevaluatedItems"),
    ),
    ("object",): (
        *("properties", "patternProperties", "additionalProperties", "propertyNames", "required", "minProperties"),
        *("maxProperties", "dependentRequired", "dependentSchemas", "unevaluatedProperties"),
    ),
}
"""Keywords that say something of values of these types alone."""


@dataclass(slots=True)
class SchemaChange:
    """One change of a schema; ``severity`` is empty where it is that of the rule, ``trail`` leads to it."""

    rule: SchemaRule
    pointer: str
    text: str
    old: Any = None
    new: Any = None
    severity: str = field(default="")
    trail: Trail | None = field(default=None, repr=False)

    @property
    def distance(self) -> int:
        """Schemas between the whole value and the one that changed."""
        return self.trail.length if self.trail else 0

    def by(self, trail: Trail) -> SchemaChange:
        """The same change, at the end of this way."""
        return SchemaChange(self.rule, self.pointer, self.text, self.old, self.new, self.severity, trail)


def pointer(old: Node, new: Node, keyword: str) -> str:
    """The place of a keyword: in the new schema, or in the old one if it is gone."""
    return (new if keyword in new.value or keyword not in old.value else old).child(keyword).pointer


def types(old: Node, new: Node) -> Iterator[SchemaChange]:
    """Types that are allowed now, or no longer; null has rules of its own."""
    before, after = listed_types(old.value), listed_types(new.value)
    place, values = pointer(old, new, "type"), (old.value.get("type"), new.value.get("type"))
    removed, added = _not_covered(before, after), _not_covered(after, before)
    if "null" in removed and before != {"null"}:
        yield SchemaChange(SchemaRule.NULL_REFUSED, place, "null no longer allowed", *values)
        removed -= {"null"}
    if "null" in added and after != {"null"}:
        yield SchemaChange(SchemaRule.NULL_ALLOWED, place, "null allowed", *values)
        added -= {"null"}
    old_types, new_types = ", ".join(sorted(removed)), ", ".join(sorted(added))
    if removed and added:
        yield SchemaChange(SchemaRule.TYPE_REPLACED, place, f"{old_types} replaced by {new_types}", *values)
    elif removed:
        yield SchemaChange(SchemaRule.TYPE_NARROWED, place, f"{old_types} no longer allowed", *values)
    elif added:
        yield SchemaChange(SchemaRule.TYPE_WIDENED, place, f"{new_types} allowed", *values)


def applicable(node: Node) -> Node:
    """The schema without the keywords of types that it does not allow."""
    allowed = listed_types(node.value)
    idle = {key for kinds, keys in KEYWORDS_OF.items() if not allowed & set(kinds) for key in keys}
    if idle.isdisjoint(node.value):
        return node
    return replace(node, value={key: value for key, value in node.value.items() if key not in idle})


def _not_covered(types: frozenset[str], others: frozenset[str]) -> frozenset[str]:
    """Types that ``others`` do not allow; every integer is a number."""
    return types - others - ({"integer"} if "number" in others else set())


def values(old: Node, new: Node) -> Iterator[SchemaChange]:
    """Values of enum; const is an enum of a single value."""
    keyword = "const" if "const" in new.value or ("const" in old.value and "enum" not in new.value) else "enum"
    place, before, after = pointer(old, new, keyword), listed_values(old.value), listed_values(new.value)
    if before is None and after is not None:
        text = f"limited to {', '.join(after)}"
        yield SchemaChange(SchemaRule.VALUES_LIMITED, place, text, None, list(after.values()))
    elif before is not None and after is None:
        text = f"not limited to {', '.join(before)}"
        yield SchemaChange(SchemaRule.VALUES_UNLIMITED, place, text, list(before.values()), None)
    elif before is not None and after is not None:
        both = list(before.values()), list(after.values())
        if ("null" in listed_types(old.value)) != (
            "null" in listed_types(new.value)
        ):  # reported as a change of the type
            before, after = ({key: value for key, value in side.items() if key != "null"} for side in (before, after))
        if removed := [key for key in before if key not in after]:
            yield SchemaChange(SchemaRule.VALUE_REMOVED, place, f"value removed: {', '.join(removed)}", *both)
        if added := [key for key in after if key not in before]:
            yield SchemaChange(SchemaRule.VALUE_ADDED, place, f"value added: {', '.join(added)}", *both)


def bounds(old: Node, new: Node) -> Iterator[SchemaChange]:
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
        if after is not None and not _multiple(before, after):
            yield _moved(old, new, "multipleOf", (before, after), tightened=True)
        if before is not None and not _multiple(after, before):
            yield _moved(old, new, "multipleOf", (before, after), tightened=False)


def _multiple(number: float | None, step: float | None) -> bool:
    """Return whether the first number is a multiple of the second, as decimals."""
    return bool(number and step) and Decimal(str(number)) % Decimal(str(step)) == 0


def _limit(old: Node, new: Node, keywords: tuple[str, str], sign: int) -> Iterator[SchemaChange]:
    """A limit in its inclusive or exclusive keyword; ``sign`` is 1 for a lower limit, -1 for an upper limit."""

    def strictest(schema: Mapping[str, Any]) -> tuple[tuple[float, bool], str] | None:
        limits = [((schema[key] * sign, key == keywords[1]), key) for key in keywords if key in schema]
        return max(limits, default=None)

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
    values = old.value[before[1]] if before else None, new.value[after[1]] if after else None
    yield _moved(old, new, keyword, values, tightened=tightened)


def _moved(old: Node, new: Node, keyword: str, values: tuple[Any, Any], *, tightened: bool) -> SchemaChange:
    rule = SchemaRule.BOUND_TIGHTENED if tightened else SchemaRule.BOUND_LOOSENED
    before, after = ("none" if value is None else json.dumps(value) for value in values)
    return SchemaChange(rule, pointer(old, new, keyword), f"{keyword} {before} -> {after}", *values)


def hints(old: Node, new: Node, direction: Direction) -> Iterator[SchemaChange]:
    """The default, and how a value is to be read: what containment cannot see."""
    for keyword in ("default", "contentEncoding", "contentMediaType", "format"):
        before, after = _hint(old, keyword), _hint(new, keyword)
        if json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True):
            rule = SchemaRule.DEFAULT_CHANGED if keyword == "default" else SchemaRule.READING_CHANGED
            texts = ("none" if side is None else json.dumps(side, sort_keys=True) for side in (before, after))
            severity = "" if keyword == "default" else _reading(before, after, direction)
            text = f"{keyword} {' -> '.join(texts)}"
            yield SchemaChange(rule, pointer(old, new, keyword), text, before, after, severity)


def _hint(schema: Node, keyword: str) -> Any:
    """The value of a hint; what it says anyhow is left out."""
    value = schema.value.get(keyword)
    if keyword == "format":
        return value if value in ENCODINGS and not _octets(schema) else None
    if value is not None and keyword == "contentMediaType":
        return str(MediaType.parse(str(value)))
    if keyword == "contentEncoding":
        text = str(value).lower() if value is not None else None
        return None if text in ("7bit", "8bit", "binary", "identity") else text
    return value


def _octets(schema: Node) -> bool:
    """Return whether ``contentMediaType`` says already that there are octets, as the loader makes it say."""
    return bool(schema.value.get("contentMediaType") == "application/octet-stream")


def _reading(before: Any, after: Any, direction: Direction) -> str:
    """Another encoding cannot be read; one that appears is asked for; one that goes leaves texts that are accepted."""
    replaced = before is not None and after is not None and "binary" not in (before, after)
    asked = direction is Direction.REQUEST and after not in (None, "binary")
    return "breaking" if replaced or asked else "risky"
