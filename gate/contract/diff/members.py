"""Changes of the members of an object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gate.contract.diff.keywords import SchemaChange, pointer
from gate.contract.diff.rules import Direction, SchemaRule
from gate.contract.diff.unchanged import Unchanged
from gate.contract.diff.views import FLAGS, HIDDEN, conjuncts, hidden
from gate.contract.diff.witness import searched
from gate.contract.nodes import Node, inlined


@dataclass(frozen=True)
class Members:
    """The members that an object schema declares and requires, and its schema for all others."""

    schema: Node
    ignored: frozenset[str] = frozenset()

    @cached_property
    def declared(self) -> dict[str, Any]:
        """The schemas of declared members."""
        properties = self.schema.value.get("properties", {})
        ignored = self.ignored
        return {name: schema for name, schema in properties.items() if name not in ignored} if ignored else properties

    @property
    def required(self) -> list[str]:
        """The names of required members."""
        return [name for name in self.schema.value.get("required", []) if name not in self.ignored]

    @cached_property
    def hidden(self) -> frozenset[str]:
        """The names of members that are not sent in this direction."""
        named = self.declared.items()
        return frozenset([name for name, schema in named if type(schema) is dict and HIDDEN in schema])

    @property
    def others(self) -> Any:
        """The schema of all other members."""
        return self.schema.value.get("additionalProperties", True)

    @cached_property
    def elsewhere(self) -> frozenset[str]:
        """The names that conditions of the same schema declare."""
        return frozenset(
            name
            for part in conjuncts(self.schema.document, self.schema.value)
            if part is not self.schema.value
            for name in part.get("properties", ())
        )

    def has(self, name: str) -> bool:
        """Return whether a member may come, of which a condition or a pattern of the same schema says what it is."""
        patterns = self.schema.value.get("patternProperties", ())
        return (name in self.elsewhere and self.others is not False) or any(searched(key, name) for key in patterns)

    @property
    def closed(self) -> bool:
        """Return whether only declared members are allowed."""
        return self.others is False or self.schema.value.get("unevaluatedProperties") is False


def members(old: Node, new: Node, direction: Direction) -> Iterator[SchemaChange]:
    """Members added or removed, required or optional, and objects closed or opened."""
    before, after = Members(old), Members(new)
    for name in before.hidden | after.hidden:
        yield from _hidden(name, before, after, direction)
    before, after = (Members(side.schema, before.hidden | after.hidden) for side in (before, after))
    for name in [name for name in after.declared if name not in before.declared and not before.has(name)]:
        yield from _added(name, before, after, direction)
    for name in [name for name in before.declared if name not in after.declared and not after.has(name)]:
        yield from _removed(name, before, after, direction)
    added, removed = after.declared.keys() - before.declared.keys(), before.declared.keys() - after.declared.keys()
    place = pointer(old, new, "required")
    for name in [name for name in after.required if name not in before.required and name not in added]:
        yield SchemaChange(SchemaRule.MEMBER_REQUIRED, place, f"{name} became required", False, True)
    for name in [name for name in before.required if name not in after.required and name not in removed]:
        yield SchemaChange(SchemaRule.MEMBER_OPTIONAL, place, f"{name} no longer required", True, False)
    if before.closed != after.closed:
        keyword = "additionalProperties"
        if (before.others is False) == (after.others is False):
            keyword = "unevaluatedProperties"
        rule = SchemaRule.OBJECT_CLOSED if after.closed else SchemaRule.OBJECT_OPENED
        text = "unknown members no longer allowed" if after.closed else "unknown members allowed"
        yield SchemaChange(rule, pointer(old, new, keyword), text, old.value.get(keyword), new.value.get(keyword))


def _hidden(name: str, before: Members, after: Members, direction: Direction) -> Iterator[SchemaChange]:
    """The change of a member that one side or both do not send: readOnly in a request, writeOnly in an answer."""
    here, there = before.declared.get(name), after.declared.get(name)
    was, now = hidden(here), hidden(there)
    side = after if there is not None else before
    place = side.schema.child("properties", name).pointer
    flag = FLAGS[direction]
    if (was or here is None) and (now or there is None):
        if _written(before, was) != _written(after, now):
            yield SchemaChange(SchemaRule.HIDDEN_MEMBER_CHANGED, place, f"{name} changed, which is {flag}")
    elif now:
        if direction is Direction.RESPONSE and name in before.required:
            yield SchemaChange(SchemaRule.REQUIRED_MEMBER_REMOVED, place, f"{name} became {flag}")
        else:
            yield SchemaChange(SchemaRule.READING_CHANGED, place, f"{flag} none -> true", None, True)
    elif direction is Direction.REQUEST and name in after.required:
        yield SchemaChange(SchemaRule.MEMBER_REQUIRED, place, f"{name} became required, no longer {flag}", False, True)
    else:
        yield SchemaChange(SchemaRule.HIDDEN_MEMBER_CHANGED, place, f"{name} is no longer {flag}")


def _written(members: Members, kept: Any) -> Any:
    """A hidden member as its document writes it, without texts."""
    document = members.schema.document
    return kept and (kept["required"], _alike(inlined(Node(document, members.schema.pointer, kept["schema"]))))


def _alike(schema: Any) -> Any:
    """A schema whose hidden members are the same for the side that sends and the side that receives."""
    if isinstance(schema, list):
        return [_alike(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    marked = schema.get("not") == {} and any(schema.get(flag) is True for flag in FLAGS.values())
    return {key: _alike(child) for key, child in schema.items() if not (marked and key == "not")}


def _added(name: str, before: Members, after: Members, direction: Direction) -> Iterator[SchemaChange]:
    place = after.schema.child("properties", name)
    rule, text = SchemaRule.MEMBER_ADDED_TO_OPEN, f"{name} added"
    if direction is Direction.REQUEST and name in after.required and name not in before.required:
        rule, text = SchemaRule.REQUIRED_MEMBER_ADDED, f"{name} added and required"
    elif before.closed:
        rule = SchemaRule.MEMBER_ADDED_TO_CLOSED
    yield SchemaChange(rule, place.pointer, text, None, place.value)


def _removed(name: str, before: Members, after: Members, direction: Direction) -> Iterator[SchemaChange]:
    place = before.schema.child("properties", name)
    if place.value is False:  # it was never there
        return
    response = direction is Direction.RESPONSE
    required = name in before.required and (name not in after.required or response)
    if required and (response or after.closed):
        rule = SchemaRule.REQUIRED_MEMBER_REMOVED
    elif after.closed:
        rule = SchemaRule.MEMBER_REMOVED_FROM_CLOSED
    else:
        rule = SchemaRule.MEMBER_REMOVED_FROM_OPEN
    yield SchemaChange(rule, place.pointer, f"{name} removed", place.value, None)


def pairs(old: Node, new: Node, unchanged: Unchanged) -> Iterator[tuple[str, Node, Node]]:
    """Pairs of schemas for the same members, with the name; it is empty for all that are not declared.

    A name that one side alone declares is compared with the other side's schema for all other members, if it has one.
    """
    ignored = Members(old).hidden | Members(new).hidden
    before, after = Members(old, ignored), Members(new, ignored)
    both = before.declared.keys() & after.declared.keys()
    for name in [*after.declared, *(name for name in before.declared if name not in after.declared)]:
        if name in both and unchanged.values(old, new, before.declared[name], after.declared[name]):
            continue
        here, there = _of(before, name), _of(after, name)
        if here is not None and there is not None:
            yield name, here, there
    if isinstance(before.others, dict) or isinstance(after.others, dict):
        here, there = (side.schema.child("additionalProperties", default=True) for side in (before, after))
        if here.value is not False and there.value is not False:
            yield "", here, there


def _of(members: Members, name: str) -> Node | None:
    if name in members.declared:
        return members.schema.child("properties", name)
    return members.schema.child("additionalProperties") if isinstance(members.others, dict) else None
