"""What changed between two schemas: a walk that names the smallest places, judged by containment.

The walk compares keyword by keyword and follows references. Containment has the last word: where it proves that nobody
can notice, a change is safe; where it proves that both schemas accept the same, there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from gate.contract.diff.branches import COMBINATIONS, branches, match, one_sided, unmatched
from gate.contract.diff.containment import Answer, Containment
from gate.contract.diff.leaves import Leaf, bounds, notes, pointer, types, values
from gate.contract.diff.members import members, pairs
from gate.contract.diff.rules import Direction, SchemaRule, rules
from gate.contract.nodes import Node, inlined, simplified

UNSEEN = frozenset({SchemaRule.DEFAULT_CHANGED, SchemaRule.READING_CHANGED, SchemaRule.MEMBER_REMOVED_FROM_OPEN})
"""Changes that somebody can notice although both schemas accept the same, or the new one fits."""

OPEN = {
    Direction.REQUEST: SchemaRule.MEMBER_ADDED_TO_OPEN,
    Direction.RESPONSE: SchemaRule.MEMBER_REMOVED_FROM_OPEN,
}
"""Changes that containment calls incompatible because values may have had any member; the rule is milder."""

LUMPS = (
    ("if", "then", "else"),
    ("contains", "minContains", "maxContains"),
    ("not",),
    ("prefixItems", "items"),
    ("patternProperties",),
    ("propertyNames",),
    ("dependentRequired",),
    ("dependentSchemas",),
    ("unevaluatedItems",),
    ("unevaluatedProperties",),
    ("$dynamicRef",),
)
"""Keywords that are compared as a whole, for a change inside may widen or narrow; those in a line act together."""


class Schemas:
    """Compares schemas that go one way; what it found in a component it does not look for again."""

    def __init__(self, direction: Direction, containment: Containment) -> None:
        self.direction = direction
        self.containment = containment
        self._known: dict[tuple[str, str], list[Leaf]] = {}
        self._open: set[tuple[str, str]] = set()

    def compare(self, old: Node, new: Node) -> list[Leaf]:
        """Every change, each with its severity."""
        whole = old, new
        old, new = simplified(old), simplified(new)
        key = (old.pointer, new.pointer)
        if key in self._known:
            return self._known[key]
        if key in self._open:  # a schema inside itself: reported where it begins
            return []
        self._open.add(key)
        if keyword := one_sided(old, new):
            before, after = (branches(one, keyword) or [given] for one, given in zip((old, new), whole, strict=True))
            own, below = self._notes(old, new), list(self._branches(before, after, keyword))
        else:
            own, below = self._own(old, new), list(self._below(old, new))
        self._open.remove(key)
        self._known[key] = found = self._judged(old, new, own, below)
        return found

    def severity(self, leaf: Leaf) -> str:
        """The severity of a change: its own where containment gave it one, else its rule's."""
        return leaf.severity or rules()[leaf.rule.code(self.direction)].severity

    def _own(self, old: Node, new: Node) -> list[Leaf]:
        found = chain(types(old, new), values(old, new), bounds(old, new), members(old, new, self.direction))
        rest = chain(self._patterns(old, new), self._lumps(old, new), self._notes(old, new))
        return list(chain(found, rest))

    def _notes(self, old: Node, new: Node) -> list[Leaf]:
        """The default of an answer is no promise, so that there is no rule for it."""
        return [leaf for leaf in notes(old, new) if leaf.rule.code(self.direction) in rules()]

    def _below(self, old: Node, new: Node) -> Iterator[Leaf]:
        for here, there in pairs(old, new):
            yield from self.compare(here, there)
        if ("items" in old.value or "items" in new.value) and not _lumped(old, new, "prefixItems"):
            yield from self.compare(old.child("items", default=True), new.child("items", default=True))
        for keyword in COMBINATIONS:
            before, after = branches(old, keyword), branches(new, keyword)
            if keyword != "allOf" and bool(before) != bool(after):
                rule = SchemaRule.ACCEPTS_LESS if after else SchemaRule.ACCEPTS_MORE
                yield Leaf(rule, pointer(old, new, keyword), f"{keyword} {'added' if after else 'removed'}")
            else:
                yield from self._branches(before, after, keyword)

    def _branches(self, old: list[Node], new: list[Node], keyword: str) -> Iterator[Leaf]:
        matched = match(old, new, self.containment)
        for here, there in matched.pairs:
            yield from self.compare(here, there)
        yield from unmatched(matched, keyword)

    def _patterns(self, old: Node, new: Node) -> Iterator[Leaf]:
        for keyword, tightened, loosened, changed in (
            ("pattern", SchemaRule.PATTERN_TIGHTENED, SchemaRule.PATTERN_LOOSENED, SchemaRule.PATTERN_CHANGED),
            ("format", SchemaRule.FORMAT_TIGHTENED, SchemaRule.FORMAT_LOOSENED, SchemaRule.FORMAT_CHANGED),
        ):
            before, after = old.value.get(keyword), new.value.get(keyword)
            if before == after:
                continue
            here, there = (_only(one, (keyword,), type="string") for one in (old, new))
            rule = self._rule(here, there, tightened, loosened, changed)
            yield Leaf(rule, pointer(old, new, keyword), f"{keyword} {before} -> {after}", before, after)

    def _lumps(self, old: Node, new: Node) -> Iterator[Leaf]:
        for keywords in LUMPS:
            if keywords[0] == "prefixItems" and not _lumped(old, new, "prefixItems"):
                continue
            if keywords == ("unevaluatedProperties",) and not _lumped(old, new, "unevaluatedProperties", dict):
                continue  # closing and opening have rules of their own
            here, there = _only(old, keywords), _only(new, keywords)
            if inlined(here) == inlined(there):
                continue
            whole = keywords[0].startswith("unevaluated")
            less, more, unknown = SchemaRule.ACCEPTS_LESS, SchemaRule.ACCEPTS_MORE, SchemaRule.UNDECIDED
            rule = self._rule(old if whole else here, new if whole else there, less, more, unknown)
            changed = next(word for word in keywords if inlined(_only(old, (word,))) != inlined(_only(new, (word,))))
            both = old.value.get(changed), new.value.get(changed)
            yield Leaf(rule, pointer(old, new, changed), f"{changed} changed", *both)

    def _rule(self, old: Node, new: Node, less: SchemaRule, more: SchemaRule, unknown: SchemaRule) -> SchemaRule:
        """The rule for a change that only containment can tell the direction of."""
        request = self.direction is Direction.REQUEST
        match self.containment.compatible(old, new, self.direction):
            case Answer.YES:
                return more if request else less
            case Answer.NO:
                return less if request else more
            case _:
                return unknown

    def _judged(self, old: Node, new: Node, own: list[Leaf], below: list[Leaf]) -> list[Leaf]:
        found = [*own, *below]
        if not found:
            return found
        answer = self.containment.compatible(old, new, self.direction)
        if answer is Answer.YES:
            if self.containment.equivalent(old, new):
                return [leaf for leaf in found if leaf.rule in UNSEEN]
            return [leaf if leaf.rule in UNSEEN else replace(leaf, severity="safe") for leaf in found]
        telling = {"breaking"} if answer is Answer.NO else {"breaking", "risky"}
        told = [leaf for leaf in found if leaf.rule not in UNSEEN and self.severity(leaf) in telling]
        explained = told or any(leaf.rule is OPEN[self.direction] for leaf in found)
        if explained or not (own or "oneOf" in old.value or "oneOf" in new.value):
            return found
        less, more = SchemaRule.ACCEPTS_LESS, SchemaRule.ACCEPTS_MORE
        rule = SchemaRule.UNDECIDED
        if answer is Answer.NO:
            rule = less if self.direction is Direction.REQUEST else more
        what = "the changes of this schema together" if answer is Answer.NO else "containment could not be decided"
        return [*found, Leaf(rule, new.pointer, what)]


def _lumped(old: Node, new: Node, keyword: str, kind: type = object) -> bool:
    return any(isinstance(one.value.get(keyword), kind) for one in (old, new) if keyword in one.value)


def _only(node: Node, keywords: tuple[str, ...], **besides: Any) -> Node:
    """The schema with these keywords only, at a place of its own."""
    kept = {key: node.value[key] for key in keywords if key in node.value}
    return Node(node.document, f"{node.pointer}#{'+'.join(keywords)}", {**besides, **kept})
