"""Changes of alternatives and conditions: ``anyOf``, ``oneOf``, ``allOf``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gate.contract.diff.containment import Answer, Containment
from gate.contract.diff.keywords import SchemaChange
from gate.contract.diff.rules import SchemaRule
from gate.contract.nodes import Node, simplified

COMBINATIONS = {"anyOf": None, "oneOf": None, "allOf": None}.keys()
"""Keywords that hold branches, in the order in which they are looked at."""


@dataclass(frozen=True)
class Matched:
    """Branches that both sides have, and branches of one side alone."""

    pairs: list[tuple[Node, Node]]
    removed: list[Node]
    added: list[Node]


def branches(schema: Node, keyword: str) -> list[Node]:
    """The branches of a combination; empty without it."""
    return [schema.child(keyword, index) for index in range(len(schema.value.get(keyword, [])))]


def one_sided(old: Node, new: Node) -> str:
    """The keyword of a schema that is a list of branches and nothing else, where the other schema has no such list.

    The other schema is then compared as a list with one branch, so that X or null is X with a variant added.
    """
    for keyword in COMBINATIONS:
        for listed, plain in ((old, new), (new, old)):
            if listed.value.keys() - {"default"} == {keyword} and plain.value and not plain.value.keys() & COMBINATIONS:
                return keyword
    return ""


def match(old: list[Node], new: list[Node], containment: Containment) -> Matched:
    """Pairs each branch with the same component, else the same content, else one that contains it or is within it.

    The last branch of each side is paired, too, where there is one on both.
    """

    def comparable(before: Node, after: Node) -> bool:
        here, there = simplified(before), simplified(after)
        return any(containment.covers(*pair, search=False) is Answer.YES for pair in ((here, there), (there, here)))

    stages: tuple[Callable[[Node, Node], bool], ...] = (_same_component, containment.same, comparable)
    pairs: list[tuple[Node, Node]] = []
    removed, added = list(old), list(new)
    for same in stages:
        for before in list(removed):
            after = next((candidate for candidate in added if same(before, candidate)), None)
            if after is not None:
                pairs.append((before, after))
                removed.remove(before)
                added.remove(after)
    if len(removed) == len(added) == 1:
        return Matched([*pairs, (removed[0], added[0])], [], [])
    return Matched(pairs, removed, added)


def unmatched(matched: Matched, keyword: str) -> Iterator[SchemaChange]:
    """A change for each branch that was added or removed."""
    condition = keyword == "allOf"
    for branch in matched.removed:
        if not condition and _null(branch):
            yield SchemaChange(SchemaRule.NULL_REFUSED, branch.pointer, "null no longer allowed", branch.value)
        else:
            rule = SchemaRule.CONDITION_REMOVED if condition else SchemaRule.VARIANT_REMOVED
            yield SchemaChange(rule, branch.pointer, f"{keyword}: {_name(branch)} removed", branch.value)
    for branch in matched.added:
        if not condition and _null(branch):
            yield SchemaChange(SchemaRule.NULL_ALLOWED, branch.pointer, "null allowed", None, branch.value)
        else:
            rule = SchemaRule.CONDITION_ADDED if condition else SchemaRule.VARIANT_ADDED
            yield SchemaChange(rule, branch.pointer, f"{keyword}: {_name(branch)} added", None, branch.value)


def _same_component(before: Node, after: Node) -> bool:
    return isinstance(before.value, dict) and "$ref" in before.value and before.value == after.value


def _null(branch: Node) -> bool:
    return simplified(branch).value in ({"type": "null"}, {"const": None})


def _name(branch: Node) -> str:
    """A short name of a branch."""
    if isinstance(branch.value, dict) and "$ref" in branch.value:
        return str(branch.value["$ref"].rsplit("/", 1)[-1])
    if isinstance(branch.value, dict) and isinstance(branch.value.get("type"), str):
        return str(branch.value["type"])
    return f"branch {branch.pointer.rsplit('/', 1)[-1]}"
