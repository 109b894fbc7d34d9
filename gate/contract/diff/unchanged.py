"""Schemas that are the same in two documents, with all that they refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gate.contract.nodes import DanglingReferenceError, Node, locate, simplified
from gate.core.documents import COLLECTIONS
from gate.core.values import equal

FAMILY = "x-beacon-family"
"""Holds the schemas that a discriminator without alternatives chooses from, by their words."""


class Unchanged:
    """Tells schemas that are the same in two documents; each component is looked at once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], dict[str, bool]] = {}
        """For each reference, whether its targets are the same, by the documents."""
        self._named: dict[int, tuple[Any, frozenset[str]]] = {}
        """The references in each value that both documents share, by its place in memory, which is kept."""

    def __call__(self, old: Node, new: Node) -> bool:
        """Return whether both say the same, and every schema that they reach by references does."""
        return self.values(old, new, old.value, new.value)

    def values(self, old: Node, new: Node, before: Any, after: Any) -> bool:
        """The same for values in the documents of two nodes."""
        if not equal(before, after):
            return False
        named = self._references(before, after)
        if not named:
            return True
        known = self._known.setdefault((id(old.document), id(new.document)), {})
        if not named <= known.keys():
            self._look(named - known.keys(), known, old, new)
        return all(known[reference] for reference in named)

    def _references(self, before: Any, after: Any) -> frozenset[str]:
        if before is not after:
            return frozenset(references(before))
        if id(before) not in self._named:
            self._named[id(before)] = before, frozenset(references(before))
        return self._named[id(before)][1]

    def _look(self, named: frozenset[str], known: dict[str, bool], old: Node, new: Node) -> None:
        """Decides for all that these references reach, at once."""
        waiting, reached = list(named), set(named)
        users: dict[str, list[str]] = {}
        changed: list[str] = []
        while waiting:
            reference = waiting.pop()
            targets = _targets(reference, old, new)
            if targets is None or not equal(*targets):
                changed.append(reference)
                continue
            for further in references(targets[0]):
                users.setdefault(further, []).append(reference)
                if further in known:
                    changed += [] if known[further] else [further]
                elif further not in reached:
                    reached.add(further)
                    waiting.append(further)
        different = set(changed)
        while changed:
            for user in users.get(changed.pop(), ()):
                if user not in different:
                    different.add(user)
                    changed.append(user)
        known.update({reference: reference not in different for reference in reached})


def _targets(reference: str, old: Node, new: Node) -> tuple[Any, Any] | None:
    """The values that a reference leads to; None where one leads nowhere or to itself, which others report."""
    try:
        targets = locate(old.document, reference), locate(new.document, reference)
        for target in targets:
            simplified(target)
    except DanglingReferenceError:
        return None
    return targets[0].value, targets[1].value


def references(value: Any) -> Iterator[str]:
    """The references in a schema; a dynamic one is named too, and leads nowhere, so that it is never the same."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        for key, child in here.items() if isinstance(here, dict) else ():
            if key == FAMILY:
                yield from child.values()
            elif type(child) in COLLECTIONS:
                waiting.append(child)
            elif key == "$ref" and isinstance(child, str):
                yield child
            elif key == "$dynamicRef" and isinstance(child, str):
                yield f"dynamic {child}"
        if isinstance(here, list):
            waiting += [child for child in here if type(child) in COLLECTIONS]
