"""What changed in a list of alternatives or conditions: ``anyOf``, ``oneOf``, ``allOf``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gate.contract.diff.containment import Answer, Containment
from gate.contract.diff.leaves import Leaf
from gate.contract.diff.rules import SchemaRule
from gate.contract.nodes import Node, inlined, simplified

COMBINATIONS = {"anyOf": None, "oneOf": None, "allOf": None}.keys()
"""Keywords that hold branches, in the order in which they are looked at."""


@dataclass(frozen=True)
class Matched:
    """Branches that are the same one on both sides, and those that only one side has."""

    pairs: list[tuple[Node, Node]]
    removed: list[Node]
    added: list[Node]


def branches(schema: Node, keyword: str) -> list[Node]:
    """The branches of a combination; none where there is none."""
    return [schema.child(keyword, number) for number in range(len(schema.value.get(keyword, [])))]


def one_sided(old: Node, new: Node) -> str:
    """The keyword of a schema that is a list of branches and nothing else, where the other side has no such list.

    The other side is then compared as a list of one, so that X or null is X with a variant added.
    """
    for keyword in COMBINATIONS:
        for one, other in ((old, new), (new, old)):
            if one.value.keys() - {"default"} == {keyword} and other.value and not other.value.keys() & COMBINATIONS:
                return keyword
    return ""


def match(old: list[Node], new: list[Node], containment: Containment) -> Matched:
    """Finds for each branch the same component, else the same content, else one that contains it or is within it.

    A branch that is left alone on both sides is taken for the same one.
    """

    def comparable(one: Node, other: Node) -> bool:
        here, there = simplified(one), simplified(other)
        return Answer.YES in {containment.covers(here, there), containment.covers(there, here)}

    stages: tuple[Callable[[Node, Node], bool], ...] = (_same_component, _same_content, comparable)
    pairs: list[tuple[Node, Node]] = []
    removed, added = list(old), list(new)
    for same in stages:
        for one in list(removed):
            other = next((candidate for candidate in added if same(one, candidate)), None)
            if other is not None:
                pairs.append((one, other))
                removed.remove(one)
                added.remove(other)
    if len(removed) == len(added) == 1:
        return Matched([*pairs, (removed[0], added[0])], [], [])
    return Matched(pairs, removed, added)


def unmatched(matched: Matched, keyword: str) -> Iterator[Leaf]:
    """One change for each branch that came or went."""
    gone, come = SchemaRule.VARIANT_REMOVED, SchemaRule.VARIANT_ADDED
    if keyword == "allOf":
        gone, come = SchemaRule.CONDITION_REMOVED, SchemaRule.CONDITION_ADDED
    for one in matched.removed:
        if keyword != "allOf" and _null(one):
            yield Leaf(SchemaRule.NULL_REFUSED, one.pointer, "null no longer allowed", one.value)
        else:
            yield Leaf(gone, one.pointer, f"{keyword}: {_name(one)} removed", one.value)
    for one in matched.added:
        if keyword != "allOf" and _null(one):
            yield Leaf(SchemaRule.NULL_ALLOWED, one.pointer, "null allowed", None, one.value)
        else:
            yield Leaf(come, one.pointer, f"{keyword}: {_name(one)} added", None, one.value)


def _same_component(one: Node, other: Node) -> bool:
    return isinstance(one.value, dict) and "$ref" in one.value and one.value == other.value


def _same_content(one: Node, other: Node) -> bool:
    return bool(inlined(one) == inlined(other))


def _null(branch: Node) -> bool:
    return simplified(branch).value in ({"type": "null"}, {"const": None})


def _name(branch: Node) -> str:
    """A branch in a few words."""
    if isinstance(branch.value, dict) and "$ref" in branch.value:
        return str(branch.value["$ref"].rsplit("/", 1)[-1])
    if isinstance(branch.value, dict) and isinstance(branch.value.get("type"), str):
        return str(branch.value["type"])
    return f"branch {branch.pointer.rsplit('/', 1)[-1]}"
