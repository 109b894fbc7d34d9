"""The way from a whole value to the schemas that changed, and values that show a change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gate.contract.diff.containment import MISSING, Containment
from gate.contract.diff.rules import Direction
from gate.contract.nodes import Node

MEMBER, ENTRY, OTHER, SAME = "member", "entry", "other", "same"
NEW_NAME = "zz"
"""A name that no schema declares."""


@dataclass(slots=True, eq=False)
class Trail:
    """Two schemas, and the step to those below them that changed; ``below`` is None where they changed themselves."""

    old: Node
    new: Node
    step: tuple[str, str] = (SAME, "")
    below: Trail | None = None
    length: int = 0


def telling(trail: Trail, direction: Direction, containment: Containment) -> Any:
    """A value that was accepted and is refused now, or that may come now and could not before; MISSING without one."""
    request = direction is Direction.REQUEST
    accepting, refusing = (trail.old, trail.new) if request else (trail.new, trail.old)
    if trail.below is not None:
        inner = telling(trail.below, direction, containment)
        for value in _around(trail.step, inner, accepting, containment) if inner is not MISSING else ():
            if containment.tells(accepting, refusing, value):
                return value
    return containment.witness(refusing, accepting)


def _around(step: tuple[str, str], inner: Any, accepting: Node, containment: Containment) -> Iterator[Any]:
    """Values that hold this one where the step leads."""
    kind, name = step
    if kind == SAME:
        yield inner
        return
    sample = containment.sample(accepting)
    if kind in (MEMBER, OTHER):
        member = {name or NEW_NAME: inner}
        yield {**sample, **member} if isinstance(sample, dict) else member
        yield member
        return
    least = accepting.value.get("minItems", 1)
    yield [inner]
    yield [inner] * min(max(least, 1), 100)
    if isinstance(sample, list):
        yield [inner, *sample[1:]]
        yield [*sample, inner]
