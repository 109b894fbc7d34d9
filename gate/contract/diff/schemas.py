"""Changes between two schemas: a walk that names the smallest places, judged by containment.

The walk compares keyword by keyword and follows references. Containment has the last word: where it proves that nobody
can notice, a change is safe; where it proves that both schemas accept the same values, there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from gate.contract.diff.branches import COMBINATIONS, branches, match, one_sided, unmatched
from gate.contract.diff.containment import Answer, Containment
from gate.contract.diff.families import discriminated, family
from gate.contract.diff.keywords import SchemaChange, applicable, bounds, hints, pointer, types, values
from gate.contract.diff.meaning import NO_LIMIT, RANGES
from gate.contract.diff.members import members, pairs
from gate.contract.diff.rules import SEVERITIES, Direction, SchemaRule, rules
from gate.contract.diff.trail import ENTRY, MEMBER, OTHER, SAME, Trail
from gate.contract.diff.views import conjuncts
from gate.contract.nodes import Node, simplified
from gate.core import pointer as pointers

BEYOND_CONTAINMENT = frozenset(
    {
        SchemaRule.DEFAULT_CHANGED,
        SchemaRule.READING_CHANGED,
        SchemaRule.MEMBER_REMOVED_FROM_OPEN,
        SchemaRule.HIDDEN_MEMBER_CHANGED,
    }
)
"""Changes that a caller can notice although containment says that the new schema fits."""

MILDER = {
    Direction.REQUEST: SchemaRule.MEMBER_ADDED_TO_OPEN,
    Direction.RESPONSE: SchemaRule.MEMBER_REMOVED_FROM_OPEN,
}
"""Rules for changes that containment calls incompatible only because a value may have had any member."""

WHOLE = frozenset({"oneOf", "unevaluatedItems", "unevaluatedProperties"})
"""Keywords that may refuse a value of which each schema below accepts more."""

TRANSPARENT = frozenset({"type", "properties", "required", "items", "additionalProperties", "$defs"})
"""Keywords of a schema that fits exactly where the schemas in it fit, if nothing else of it has changed."""

GROUPS = (
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
"""Keywords that act together and are compared as a whole, because a change inside may widen or narrow."""


class Schemas:
    """Compares schemas of one direction; each pair of components is compared once."""

    def __init__(self, direction: Direction, containment: Containment) -> None:
        self.direction = direction
        self.containment = containment
        self.unchanged = containment.unchanged
        self._known: dict[tuple[str, str], list[SchemaChange]] = {}
        self._open: set[tuple[str, str]] = set()
        self._partial: set[tuple[str, str]] = set()
        """Schemas of which a part was not compared, as they stand inside it."""

    def compare(self, old: Node, new: Node) -> list[SchemaChange]:
        """Every change, each with its severity."""
        written = old, new
        named = _component(old), _component(new)
        if all(named) and named in self._known:  # without a look at what most operations refer to
            return self._known[named]
        if self.unchanged(old, new):
            return []
        old, new = applicable(simplified(old)), applicable(simplified(new))
        key = (old.pointer, new.pointer)
        if key in self._known:
            return self._known[key]
        if key in self._open:  # a schema inside itself: reported where it begins
            return []
        self._open.add(key)
        keyword = one_sided(old, new)
        if keyword:
            sides = zip((old, new), written, strict=True)
            before, after = (branches(plain, keyword) or [whole] for plain, whole in sides)
            own = self._hints(old, new)
            below = list(_through(old, new, (SAME, ""), self._branches(before, after, keyword)))
        else:
            own, below = self._own(old, new), list(self._below(old, new))
        below = _nearest(below)
        self._open.remove(key)
        judged = self._judged(old, new, own, below)
        if keyword == "allOf" and self.containment.equivalent(old, new):  # members went into its parts
            judged = [change for change in judged if change.rule is not SchemaRule.MEMBER_REMOVED_FROM_OPEN]
        changes = [each.by(Trail(old, new)) if each.trail is None else each for each in judged]
        if key not in self._partial:
            self._known[key] = changes
        self._partial.discard(key)
        return changes

    def severity(self, change: SchemaChange) -> str:
        """The severity of a change: its own where containment gave it one, else its rule's."""
        return change.severity or rules()[change.rule.code(self.direction)].severity

    def _own(self, old: Node, new: Node) -> list[SchemaChange]:
        simple = chain(types(old, new), values(old, new), bounds(old, new), members(old, new, self.direction))
        return list(chain(simple, self._patterns(old, new), self._groups(old, new), self._hints(old, new)))

    def _hints(self, old: Node, new: Node) -> list[SchemaChange]:
        """Changes of hints that have a rule; the default of a response is no promise and has none."""
        listed = [change for change in hints(old, new, self.direction) if change.rule.code(self.direction) in rules()]
        words = discriminated(old, new, self.direction, self.containment)
        return [*listed, *self._content(old, new), *words, *self._family(old, new)]

    def _content(self, old: Node, new: Node) -> Iterator[SchemaChange]:
        """The worst change of the schema of what a text holds, which no validator looks at."""
        if not _either(old, new, "contentSchema"):
            return
        sides = (side if "contentMediaType" in side.value else replace(side, value={}) for side in (old, new))
        here, there = (side.child("contentSchema", default=True) for side in sides)
        yield from self._worst("contentSchema", self.compare(here, there))

    def _family(self, old: Node, new: Node) -> Iterator[SchemaChange]:
        """The worst change of each schema that a discriminator chooses and nothing else refers to."""
        for word, here, there in family(old, new):
            key = simplified(here).pointer, simplified(there).pointer
            if key in self._open:  # which has this schema as its base
                self._partial.add((old.pointer, new.pointer))
            else:
                yield from self._worst(f"discriminator {word}", self.compare(here, there))

    def _worst(self, name: str, changes: list[SchemaChange]) -> Iterator[SchemaChange]:
        worst = min(changes, key=lambda each: SEVERITIES.index(self.severity(each)), default=None)
        if worst is not None:
            rule, values = SchemaRule.READING_CHANGED, (worst.old, worst.new)
            yield SchemaChange(rule, worst.pointer, f"{name}: {worst.text}", *values, severity=self.severity(worst))

    def _below(self, old: Node, new: Node) -> Iterator[SchemaChange]:
        for name, here, there in pairs(old, new, self.unchanged):
            yield from _through(old, new, (MEMBER if name else OTHER, name), self.compare(here, there))
        if ("items" in old.value or "items" in new.value) and not _either(old, new, "prefixItems"):
            here, there = (side.child("items", default=True) for side in (old, new))
            yield from _through(old, new, (ENTRY, ""), self.compare(here, there))
        for keyword in COMBINATIONS:
            before, after = branches(old, keyword), branches(new, keyword)
            if keyword != "allOf" and bool(before) != bool(after):
                rule = SchemaRule.ACCEPTS_LESS if after else SchemaRule.ACCEPTS_MORE
                yield SchemaChange(rule, pointer(old, new, keyword), f"{keyword} {'added' if after else 'removed'}")
            else:
                yield from _through(old, new, (SAME, ""), self._branches(before, after, keyword))

    def _branches(self, old: list[Node], new: list[Node], keyword: str) -> Iterator[SchemaChange]:
        matched = match(old, new, self.containment)
        for here, there in matched.pairs:
            yield from self.compare(here, there)
        yield from unmatched(matched, keyword)

    def _patterns(self, old: Node, new: Node) -> Iterator[SchemaChange]:
        for keyword, tightened, loosened, changed in (
            ("pattern", SchemaRule.PATTERN_TIGHTENED, SchemaRule.PATTERN_LOOSENED, SchemaRule.PATTERN_CHANGED),
            ("format", SchemaRule.FORMAT_TIGHTENED, SchemaRule.FORMAT_LOOSENED, SchemaRule.FORMAT_CHANGED),
        ):
            before, after = old.value.get(keyword), new.value.get(keyword)
            if before == after or {before, after} <= NO_LIMIT | {None}:
                continue
            numbers = keyword == "format" and not {before, after}.isdisjoint(RANGES)
            keep = ("type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") if numbers else ()
            kind = {"type": "number" if numbers else "string"}
            here, there = (_only(side, (keyword, *keep), **kind) for side in (old, new))
            if self.containment.equivalent(here, there):
                continue
            rule = self._rule(here, there, tightened, loosened, changed)
            yield SchemaChange(rule, pointer(old, new, keyword), f"{keyword} {before} -> {after}", before, after)

    def _groups(self, old: Node, new: Node) -> Iterator[SchemaChange]:
        used = old.value.keys() | new.value.keys()
        for keywords in GROUPS:
            if used.isdisjoint(keywords):
                continue
            if keywords[0] == "prefixItems" and not _either(old, new, "prefixItems"):
                continue
            if keywords == ("unevaluatedProperties",) and not _either(old, new, "unevaluatedProperties", dict):
                continue  # objects closed and opened have rules of their own
            here, there = _only(old, keywords), _only(new, keywords)
            if self.containment.same(here, there):
                continue
            restricted = _either(old, new, "additionalProperties") and keywords == ("patternProperties",)
            whole = restricted or keywords[0].startswith("unevaluated")
            less, more, unknown = SchemaRule.ACCEPTS_LESS, SchemaRule.ACCEPTS_MORE, SchemaRule.UNDECIDED
            rule = self._rule(old if whole else here, new if whole else there, less, more, unknown)
            changed = next(
                (key for key in keywords if not self.containment.same(_only(old, (key,)), _only(new, (key,)))),
                keywords[0],
            )
            values = old.value.get(changed), new.value.get(changed)
            yield SchemaChange(rule, pointer(old, new, changed), f"{changed} changed", *values)

    def _rule(self, old: Node, new: Node, less: SchemaRule, more: SchemaRule, unknown: SchemaRule) -> SchemaRule:
        """The rule for a change whose direction only containment knows."""
        request = self.direction is Direction.REQUEST
        match self.containment.compatible(old, new, self.direction):
            case Answer.YES:
                return more if request else less
            case Answer.NO:
                return less if request else more
            case _:
                return unknown

    def _judged(self, old: Node, new: Node, own: list[SchemaChange], below: list[SchemaChange]) -> list[SchemaChange]:
        changes = [*own, *below]
        if not own and old.value.keys() | new.value.keys() <= TRANSPARENT:
            return changes
        moved = [change for change in changes if _stays(change, old, new)]
        changes = [change for change in changes if change not in moved]
        answer = self.containment.compatible(old, new, self.direction, search=False)
        if answer is Answer.YES:
            if self.containment.equivalent(old, new):
                return [change for change in changes if change.rule in BEYOND_CONTAINMENT]
            if not changes and not moved:
                changes = [self._together(new, SchemaRule.ACCEPTS_MORE, SchemaRule.ACCEPTS_LESS)]
            closed = new.value.get("unevaluatedProperties") is False
            return [c if _noticed(c, closed=closed) else replace(c, severity="safe") for c in changes]
        # A member that a condition declares as well has no change of its own, however its schemas differ.
        whole = not changes or own or moved or any(key in WHOLE for key in (*old.value, *new.value))
        return changes if self._explained(changes, {"breaking"}) else [*changes, *self._more(old, new, changes, whole)]

    def _more(self, old: Node, new: Node, changes: list[SchemaChange], whole: object) -> Iterator[SchemaChange]:
        """The change of a schema that none of its changes explains, which are not breaking."""
        if not whole:
            return
        answer = self.containment.compatible(old, new, self.direction)
        if answer is not Answer.NO and self._explained(changes, {"unknown", "risky"}):
            return
        if answer is Answer.NO:
            yield self._together(new, SchemaRule.ACCEPTS_LESS, SchemaRule.ACCEPTS_MORE)
            return
        keywords = [key for key in {**old.value, **new.value} if old.value.get(key) != new.value.get(key)]
        named = ", ".join(keywords) or "a schema below"
        text = f"it could not be decided whether the same is accepted: {named} changed"
        yield SchemaChange(SchemaRule.UNDECIDED, new.pointer, text)

    def _explained(self, changes: list[SchemaChange], grave: set[str]) -> bool:
        """Return whether one of these changes says that the schemas are not compatible."""
        return any(
            change.rule is MILDER[self.direction]
            or (change.rule not in BEYOND_CONTAINMENT and self.severity(change) in grave)
            for change in changes
        )

    def _together(self, new: Node, request: SchemaRule, response: SchemaRule) -> SchemaChange:
        """A change of a schema as a whole, by the rule of this direction."""
        rule = request if self.direction is Direction.REQUEST else response
        return SchemaChange(rule, new.pointer, "the changes of this schema together")


def _component(node: Node) -> str:
    """The place of the component that a schema refers to and says nothing more; empty for any other schema."""
    return str(node.value["$ref"][1:]) if type(node.value) is dict and node.value.keys() == {"$ref"} else ""


def _nearest(changes: Iterable[SchemaChange]) -> list[SchemaChange]:
    """The changes, each with the shortest of the ways that lead to it."""
    nearest: dict[tuple[SchemaRule, str, str, str], SchemaChange] = {}
    for change in changes:
        key = (change.rule, change.pointer, change.text, change.severity)
        known = nearest.get(key)
        if known is None or change.distance < known.distance:
            nearest[key] = change
    return list(nearest.values())


def _through(old: Node, new: Node, step: tuple[str, str], changes: Iterable[SchemaChange]) -> Iterator[SchemaChange]:
    """The changes as those of the schemas around theirs; a branch that came or went is a change of these."""
    for change in changes:
        below = change.trail
        yield change.by(Trail(old, new, step, below, below.length + 1) if below else Trail(old, new))


def _noticed(change: SchemaChange, *, closed: bool) -> bool:
    """Return whether a caller can notice a change although the new schema fits: no member that may come no more."""
    gone = change.rule is SchemaRule.MEMBER_REMOVED_FROM_OPEN and closed and _of_itself(change) is None
    return change.rule in BEYOND_CONTAINMENT and not gone


def _of_itself(change: SchemaChange) -> Trail | None:
    """The way from a change of a value itself, in any of its conditions, to the values inside; None without one."""
    trail = change.trail
    while trail is not None and trail.step[0] == SAME:
        trail = trail.below
    return trail


def _stays(change: SchemaChange, old: Node, new: Node) -> bool:
    """Return whether a member came or went in one condition of ``allOf`` while another one declares it."""
    side = {SchemaRule.MEMBER_REMOVED_FROM_OPEN: new, SchemaRule.MEMBER_ADDED_TO_OPEN: old}.get(change.rule)
    if side is None or _of_itself(change) is not None or "allOf" not in side.value:
        return False
    name = pointers.split(change.pointer)[-1]
    return any(name in part.get("properties", ()) for part in conjuncts(side.document, side.value))


def _either(old: Node, new: Node, keyword: str, kind: type = object) -> bool:
    """Return whether any of the schemas has the keyword, with a value of this type."""
    return any(isinstance(side.value.get(keyword), kind) for side in (old, new) if keyword in side.value)


def _only(node: Node, keywords: tuple[str, ...], **more: Any) -> Node:
    """The schema with these keywords alone, at a place of its own."""
    present = {key: node.value[key] for key in keywords if key in node.value}
    return Node(node.document, f"{node.pointer}#{'+'.join(keywords)}", {**more, **present})
