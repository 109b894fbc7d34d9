"""Schemas that are the same in two documents, with all that they refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gate.contract.nodes import DanglingReferenceError, Node, locate, simplified
from gate.core.values import equal


class Unchanged:
    """Tells schemas that are the same in two documents; each component is looked at once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, str], bool] = {}

    def __call__(self, old: Node, new: Node) -> bool:
        """Return whether both say the same, and every schema that they reach by references does."""
        if not equal(old.value, new.value):
            return False
        between = id(old.document), id(new.document)
        parents: dict[str, str] = {}
        waiting = [(reference, "") for reference in _references(old.value)]
        while waiting:
            reference, parent = waiting.pop()
            if reference in parents or self._known.get((*between, reference)) is True:
                continue
            parents[reference] = parent
            same = self._known.get((*between, reference)) is not False
            targets = _targets(reference, old, new) if same else None
            if targets is None or not equal(*targets):
                # So is all on the way to it; of what the walk has not reached nothing is known.
                while reference:
                    self._known[(*between, reference)] = False
                    reference = parents[reference]
                return False
            waiting += [(further, reference) for further in _references(targets[0])]
        self._known.update(dict.fromkeys(((*between, reference) for reference in parents), True))
        return True


def _targets(reference: str, old: Node, new: Node) -> tuple[Any, Any] | None:
    """The values that a reference leads to; None where one leads nowhere or to itself, which others report."""
    try:
        targets = locate(old.document, reference), locate(new.document, reference)
        for target in targets:
            simplified(target)
    except DanglingReferenceError:
        return None
    return targets[0].value, targets[1].value


def _references(value: Any) -> Iterator[str]:
    """The references in a schema; a dynamic one is named too, and leads nowhere, so that it is never the same."""
    if isinstance(value, list):
        for entry in value:
            yield from _references(entry)
    elif isinstance(value, Mapping):
        for key, child in value.items():
            if key in ("$ref", "$dynamicRef") and isinstance(child, str):
                yield child if key == "$ref" else f"dynamic {child}"
            else:
                yield from _references(child)
