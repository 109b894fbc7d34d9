"""Whether one schema accepts all that another one does, decided by jsonschema-rs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import jsonschema_rs

from gate.diff.nodes import Node
from gate.diff.rules import Direction


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
                {**node.value, **_targets(node.document)}, draft=jsonschema_rs.Draft202012, validate_formats=True
            )
        return self._canonical[key]


def _targets(document: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a document that references in its schemas lead to, to stand beside the schema that is compared."""
    return {"components": document["components"]} if "components" in document else {}
