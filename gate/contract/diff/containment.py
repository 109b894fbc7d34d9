"""Whether one schema accepts all that another one does, decided by jsonschema-rs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import jsonschema_rs

from gate.contract.diff.rules import Direction
from gate.contract.nodes import Node, locate


class Answer(StrEnum):
    """What containment says; UNKNOWN is no proof of either."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Containment:
    """Containment of schemas in documents; keeps the normal forms that it made."""

    def __init__(self) -> None:
        self._canonical: dict[tuple[int, str], Any] = {}

    def covers(self, wide: Node, narrow: Node) -> Answer:
        """Whether ``wide`` accepts every value that ``narrow`` does."""
        try:
            answer = self._of(wide).covers(self._of(narrow))
        except (jsonschema_rs.ValidationError, jsonschema_rs.canonical.CanonicalizationError):
            return Answer.UNKNOWN  # a pattern or a keyword that the library does not take
        return Answer(answer.value)

    def compatible(self, old: Node, new: Node, direction: Direction) -> Answer:
        """Whether nobody who relied on ``old`` can notice: new requests accept more, new responses say less."""
        return self.covers(new, old) if direction is Direction.REQUEST else self.covers(old, new)

    def equivalent(self, old: Node, new: Node) -> bool:
        """Whether it is proved that both accept the same values."""
        return self.covers(old, new) is Answer.YES and self.covers(new, old) is Answer.YES

    def _of(self, node: Node) -> Any:
        key = (id(node.document), node.pointer)
        if key not in self._canonical:
            self._canonical[key] = jsonschema_rs.canonicalize(
                {**node.value, **_targets(node)}, draft=jsonschema_rs.Draft202012, validate_formats=True
            )
        return self._canonical[key]


def _targets(node: Node) -> dict[str, Any]:
    """What the references in a schema lead to, to stand beside it: whole components, and nothing that it does not need.

    The library would take the whole document as well, and most of the time of a comparison to read it.
    """
    found: dict[str, Any] = {}
    todo, seen = [node.value], set[str]()
    while todo:
        value = todo.pop()
        if isinstance(value, list):
            todo.extend(value)
        elif isinstance(value, Mapping):
            todo.extend(value.values())
            reference = value.get("$ref")
            if isinstance(reference, str) and reference not in seen:
                seen.add(reference)
                todo.append(_placed(found, node.document, reference))
    return found


def _placed(found: dict[str, Any], document: Mapping[str, Any], reference: str) -> Any:
    """Puts the component that a reference leads into in its place in ``found``, and returns it."""
    first, *rest = [part.replace("~1", "/").replace("~0", "~") for part in reference.split("/")[1:]] or [""]
    if first == "components" and len(rest) > 1:
        component = locate(document, "/".join(reference.split("/")[:4])).value
        found.setdefault(first, {}).setdefault(rest[0], {})[rest[1]] = component
        return component
    return found.setdefault(first, document.get(first))
