"""Changes of the members of an object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gate.contract.diff.keywords import SchemaChange, pointer
from gate.contract.diff.rules import Direction, SchemaRule
from gate.contract.nodes import Node


@dataclass(frozen=True)
class Members:
    """The members that an object schema declares and requires, and its schema for all others."""

    schema: Node

    @property
    def declared(self) -> dict[str, Any]:
        """The schemas of declared members."""
        properties: dict[str, Any] = self.schema.value.get("properties", {})
        return properties

    @property
    def required(self) -> list[str]:
        """The names of required members."""
        names: list[str] = self.schema.value.get("required", [])
        return names

    @property
    def others(self) -> Any:
        """The schema of all other members."""
        return self.schema.value.get("additionalProperties", True)

    @property
    def closed(self) -> bool:
        """Return whether only declared members are allowed."""
        return self.others is False or self.schema.value.get("unevaluatedProperties") is False


def members(old: Node, new: Node, direction: Direction) -> Iterator[SchemaChange]:
    """Members added or removed, required or optional, and objects closed or opened."""
    before, after = Members(old), Members(new)
    for name in [name for name in after.declared if name not in before.declared]:
        yield from _added(name, before, after, direction)
    for name in [name for name in before.declared if name not in after.declared]:
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
    required = name in before.required and name not in after.required
    if required and (direction is Direction.RESPONSE or after.closed):
        rule = SchemaRule.REQUIRED_MEMBER_REMOVED
    elif after.closed:
        rule = SchemaRule.MEMBER_REMOVED_FROM_CLOSED
    else:
        rule = SchemaRule.MEMBER_REMOVED_FROM_OPEN
    yield SchemaChange(rule, place.pointer, f"{name} removed", place.value, None)


def pairs(old: Node, new: Node) -> Iterator[tuple[Node, Node]]:
    """Pairs of schemas for the same members.

    A name that one side alone declares is compared with the other side's schema for all other members, if it has one.
    """
    before, after = Members(old), Members(new)
    for name in [*after.declared, *(name for name in before.declared if name not in after.declared)]:
        here, there = _of(before, name), _of(after, name)
        if here is not None and there is not None:
            yield here, there
    if isinstance(before.others, dict) or isinstance(after.others, dict):
        here, there = (side.schema.child("additionalProperties", default=True) for side in (before, after))
        if here.value is not False and there.value is not False:
            yield here, there


def _of(members: Members, name: str) -> Node | None:
    if name in members.declared:
        return members.schema.child("properties", name)
    return members.schema.child("additionalProperties") if isinstance(members.others, dict) else None
