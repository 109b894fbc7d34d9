"""Proof of containment schema by schema: members, entries and variants are compared through references, pair by pair.

The library sees whole schemas with every reference replaced, of which there are too many where schemas share others.
Here each pair is compared once, and only keywords without schemas below them are left to the library. The proof never
holds where a schema does not contain the other; it may fail where it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from gate.contract.diff.kinds import TYPES, listed_types
from gate.contract.diff.meaning import refuses_all
from gate.contract.diff.unchanged import Unchanged
from gate.contract.nodes import Node, simplified
from gate.core import pointer as pointers
from gate.core.values import equal

PLAIN = frozenset(
    {
        *("type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems"),
        *("minProperties", "maxProperties", "required", "dependentRequired"),
    }
)
"""Keywords that hold no schema."""
SAME = {
    "object": (("patternProperties",), ("propertyNames",), ("dependentSchemas",)),
    "array": (("prefixItems",), ("contains", "minContains", "maxContains")),
    "": (("not",), ("if", "then", "else")),
}
"""Groups of keywords that are proved only where both sides have the same, by the type that they are about."""
OPEN = frozenset({"unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"})
"""Keywords whose effect depends on more than the schema."""
VARIANTS = ("anyOf", "oneOf")
MOST_PAIRS = 20_000
"""Pairs that are looked at for one question."""
SHALLOW = 2
"""Levels of members that are seen where two variants are to exclude each other."""

CUT = "\0"
"""Stands in the place of a schema of which some keywords are looked at."""

Leaf = Callable[[Any, Any], bool]
"""Proves that a schema without references accepts every value of another."""
Key = tuple[int, str]
Question = tuple[Key, frozenset[Key]]


class Structure:
    """Proofs of containment; each pair is compared once."""

    def __init__(self, unchanged: Unchanged, leaf: Leaf) -> None:
        self._unchanged = unchanged
        self._leaf = leaf
        self._proved: dict[Question, int] = {}
        """Proved questions, and those that are assumed while they are looked at, with the depth of their values."""
        self._failed: set[Question] = set()
        self._order: list[Question] = []
        self._open: set[Question] = set()
        self._depth = self._looked = 0

    def covers(self, wide: Node, narrow: Node) -> bool:
        """Return whether it is proved that ``wide`` accepts every value that ``narrow`` does."""
        self._looked = 0
        return self._covers(wide, [narrow])

    def _covers(self, wide: Node, narrow: Iterable[Node]) -> bool:
        """The same of what several schemas accept together."""
        wide = simplified(wide)
        parts = {_key(part): part for side in narrow for part in _parts(side)}
        if not wide.value or any(refuses_all(part.value) for part in parts.values()):
            return True
        question = _key(wide), frozenset(parts)
        if question in self._open:  # of a value inside: as with every proof by induction
            return self._proved[question] < self._depth
        if question in self._proved or question in self._failed:
            return question in self._proved
        self._looked += 1
        if self._looked > MOST_PAIRS:
            return False
        begin = len(self._order)
        self._proved[question] = self._depth
        self._order.append(question)
        self._open.add(question)
        outcome = self._decided(wide, list(parts.values()))
        self._open.remove(question)
        if not outcome:  # nor is what was proved under its assumption
            for assumed in self._order[begin:]:
                del self._proved[assumed]
            del self._order[begin:]
            if self._looked <= MOST_PAIRS:
                self._failed.add(question)
        return outcome

    def _below(self, wide: Node, narrow: Iterable[Node]) -> bool:
        """The question for values inside."""
        self._depth += 1
        outcome = self._covers(wide, narrow)
        self._depth -= 1
        return outcome

    def _decided(self, wide: Node, parts: list[Node]) -> bool:
        if any(self._unchanged(wide, part) for part in parts):
            return True
        if self._whole(wide, parts):
            return True
        for index, part in enumerate(parts):
            for keyword in VARIANTS:
                if keyword in part.value:
                    others = [*parts[:index], *parts[index + 1 :], _without(part, keyword)]
                    return all(self._covers(wide, [*others, branch]) for branch in _branches(part, keyword))
        return False

    def _whole(self, wide: Node, parts: list[Node]) -> bool:
        value = wide.value
        if value.keys() & OPEN:
            return False
        kinds = frozenset.intersection(*(_kinds(part) for part in parts)) if parts else TYPES
        return (
            self._plain(wide, parts, kinds)
            and all(self._covers(branch, parts) for branch in _branches(wide, "allOf"))
            and ("anyOf" not in value or any(self._covers(branch, parts) for branch in _branches(wide, "anyOf")))
            and ("oneOf" not in value or self._single(wide, parts))
            and all(
                self._same(wide, parts, group)
                for kind, groups in SAME.items()
                if not kind or kind in kinds
                for group in groups
            )
            and ("object" not in kinds or self._members(wide, parts))
            and ("array" not in kinds or self._entries(wide, parts))
        )

    def _plain(self, wide: Node, parts: list[Node], kinds: frozenset[str]) -> bool:
        """Keywords without schemas: those that no part has are left to the library."""
        asked = {key: wide.value[key] for key in wide.value.keys() & PLAIN}
        for part in parts:
            asked = {
                key: value for key, value in asked.items() if key not in part.value or not equal(part.value[key], value)
            }
        if "type" in asked and kinds <= listed_types({"type": asked["type"]}) | _integer(asked["type"]):
            del asked["type"]
        if "required" in asked and set(asked["required"]) <= {
            name for part in parts for name in part.value.get("required", ())
        }:
            del asked["required"]
        return not asked or self._leaf(asked, {"allOf": [_shallow(part, 0) for part in parts]})

    def _same(self, wide: Node, parts: list[Node], group: tuple[str, ...]) -> bool:
        if group[0] not in wide.value:
            return True
        here = _only(wide, group)
        if any(group[0] in part.value and self._unchanged(here, _only(part, group)) for part in parts):
            return True
        return group == ("not",) and self._apart(_at(wide, "not"), [_shallow(part, SHALLOW) for part in parts])

    def _apart(self, schema: Node, shallow: list[Any]) -> bool:
        """Return whether it is proved that no value is accepted by a schema and by others."""
        return self._leaf(False, {"allOf": [*shallow, _shallow(schema, SHALLOW)]})

    def _single(self, wide: Node, parts: list[Node]) -> bool:
        branches = list(_branches(wide, "oneOf"))
        for part in parts:
            others = list(_branches(part, "oneOf"))
            if len(others) == len(branches) and all(map(self._equivalent, branches, others)):
                return True
        shallow = [_shallow(part, SHALLOW) for part in parts]
        return any(
            self._covers(branch, parts) and all(other is branch or self._apart(other, shallow) for other in branches)
            for branch in branches
        )

    def _equivalent(self, first: Node, second: Node) -> bool:
        return self._covers(first, [second]) and self._covers(second, [first])

    def _members(self, wide: Node, parts: list[Node]) -> bool:
        declared = wide.value.get("properties", {})
        limited = "additionalProperties" in wide.value
        if "patternProperties" in wide.value and limited:
            return any(self._unchanged(*(_only(side, _NAMES) for side in (wide, part))) for part in parts)
        names = dict.fromkeys(chain(declared, *(part.value.get("properties", ()) for part in parts if limited)))
        for name in names:
            here = _at(wide, "properties", name) if name in declared else _at(wide, "additionalProperties")
            if not self._below(here, chain.from_iterable(_member(part, name) for part in parts)):
                return False
        others = (
            _at(part, "additionalProperties")
            for part in parts
            if "additionalProperties" in part.value and "patternProperties" not in part.value
        )
        return not limited or self._below(_at(wide, "additionalProperties"), others)

    def _entries(self, wide: Node, parts: list[Node]) -> bool:
        if "items" not in wide.value:
            return True
        if "prefixItems" in wide.value:
            return any(self._unchanged(*(_only(side, _ENTRIES) for side in (wide, part))) for part in parts)
        others = (_at(part, "items") for part in parts if "items" in part.value and "prefixItems" not in part.value)
        return self._below(_at(wide, "items"), others)


_NAMES = ("properties", "patternProperties", "additionalProperties")
_ENTRIES = ("prefixItems", "items")


def _key(node: Node) -> Key:
    return id(node.document), node.pointer


def _integer(named: Any) -> frozenset[str]:
    return frozenset({"integer"} if "number" in (named if isinstance(named, list) else [named]) else ())


def _kinds(part: Node) -> frozenset[str]:
    listed = listed_types(part.value)
    return listed | ({"integer"} if "number" in listed else frozenset())


def _only(node: Node, keywords: tuple[str, ...]) -> Node:
    kept = {key: node.value[key] for key in keywords if key in node.value}
    return Node(node.document, f"{node.pointer}{CUT}={'+'.join(keywords)}", kept)


def _without(node: Node, keyword: str) -> Node:
    kept = {key: child for key, child in node.value.items() if key != keyword and key not in OPEN}
    return Node(node.document, f"{node.pointer}{CUT}-{keyword}", kept)


def _at(node: Node, *steps: str | int) -> Node:
    """A place below a schema, the same whether all its keywords are looked at or some."""
    value = node.value
    for step in steps:
        value = value[step]
    return Node(node.document, node.pointer.partition(CUT)[0] + pointers.join(*steps), value)


def _branches(node: Node, keyword: str) -> Iterator[Node]:
    for index in range(len(node.value.get(keyword, ()))):
        yield _at(node, keyword, index)


def _parts(node: Node) -> Iterator[Node]:
    """The schemas whose values a schema accepts together, references and ``allOf`` followed."""
    node = simplified(node)
    if "allOf" not in node.value:
        if node.value:
            yield node
        return
    own = _without(node, "allOf")
    if own.value:
        yield own
    for branch in _branches(node, "allOf"):
        yield from _parts(branch)


def _member(part: Node, name: str) -> Iterator[Node]:
    """The schemas that a member of this name meets in a part; fewer where patterns of names decide."""
    if name in part.value.get("properties", ()):
        yield _at(part, "properties", name)
    elif "additionalProperties" in part.value and "patternProperties" not in part.value:
        yield _at(part, "additionalProperties")


def _shallow(node: Node, depth: int) -> Any:
    """A schema without references that accepts at least the same."""
    node = simplified(node)
    value = node.value
    if refuses_all(value):
        return False
    result: dict[str, Any] = {key: value[key] for key in value.keys() & PLAIN}
    result |= {"allOf": [_shallow(branch, depth) for branch in _branches(node, "allOf")]} if "allOf" in value else {}
    listed = [[_shallow(branch, depth) for branch in _branches(node, key)] for key in VARIANTS if key in value]
    if listed:
        result["allOf"] = [*result.get("allOf", ()), *({"anyOf": branches} for branches in listed)]
    if not depth:
        return result
    members = value.get("properties", {})
    result["properties"] = {name: _shallow(_at(node, "properties", name), depth - 1) for name in members}
    if value.get("additionalProperties") is False and "patternProperties" not in value:
        result["additionalProperties"] = False
    if "items" in value and "prefixItems" not in value:
        result["items"] = _shallow(_at(node, "items"), depth - 1)
    return result
