"""Containment of schemas: one accepts every value that the other does, as jsonschema-rs decides."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import jsonschema_rs

from gate.contract.diff.rules import Direction
from gate.contract.nodes import Node, absolute, inlined, registry


class Answer(StrEnum):
    """The answer of a question about containment; UNKNOWN proves neither."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Containment:
    """Containment of schemas in documents; keeps their canonical forms."""

    def __init__(self) -> None:
        # Two versions of a component are two schemas, so each document has a URI of its own.
        self._documents: dict[int, tuple[str, jsonschema_rs.Registry]] = {}
        self._canonical: dict[tuple[int, str], Any] = {}

    def covers(self, wide: Node, narrow: Node) -> Answer:
        """Return whether ``wide`` accepts every value that ``narrow`` does."""
        try:
            answer = self._canonicalized(wide).covers(self._canonicalized(narrow))
        except (jsonschema_rs.ValidationError, jsonschema_rs.canonical.CanonicalizationError):
            return Answer.UNKNOWN  # a pattern or a keyword that the library does not take
        return Answer(answer.value)

    def compatible(self, old: Node, new: Node, direction: Direction) -> Answer:
        """Return whether the change breaks no client: requests may only accept more, responses only return less."""
        return self.covers(new, old) if direction is Direction.REQUEST else self.covers(old, new)

    def equivalent(self, old: Node, new: Node) -> bool:
        """Return whether it is proved that both accept the same values."""
        return self.covers(old, new) is Answer.YES and self.covers(new, old) is Answer.YES

    def _canonicalized(self, node: Node) -> Any:
        key = (id(node.document), node.pointer)
        if key not in self._canonical:
            base, documents = self._registered(node.document)
            self._canonical[key] = jsonschema_rs.canonicalize(
                absolute(inlined(node), base),
                draft=jsonschema_rs.Draft202012,
                validate_formats=True,
                registry=documents,
            )
        return self._canonical[key]

    def _registered(self, document: Mapping[str, Any]) -> tuple[str, jsonschema_rs.Registry]:
        if id(document) not in self._documents:
            base = f"urn:openapi:{len(self._documents)}"
            self._documents[id(document)] = base, registry(document, base)
        return self._documents[id(document)]
