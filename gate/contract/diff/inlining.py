"""Schemas with their references replaced, as far as they do not become too large for a prover or a search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gate.contract.nodes import DATA, DanglingReferenceError, Node, annotation, inlined, locate

MOST_VALUES = 1_500
"""Values of a schema that a prover is asked about."""
LEVELS = 4
"""References that are followed below each other in a schema that is larger."""


class Inlining:
    """Replaces references; how large a component becomes is counted once."""

    def __init__(self) -> None:
        self._sizes: dict[tuple[int, str, int | None], int] = {}

    def fits(self, *nodes: Node) -> bool:
        """Return whether schemas with all that they refer to are small enough for a prover."""
        return all(self._size(node.document, node.value, None) <= MOST_VALUES for node in nodes)

    def trimmed(self, node: Node) -> Any:
        """The schema with references replaced as deeply as its size allows; what lies deeper accepts everything."""
        levels = range(LEVELS, -1, -1)
        sizes = (level for level in (None, *levels) if self._size(node.document, node.value, level) <= MOST_VALUES)
        return inlined(node, levels=next(sizes, 0))

    def _size(self, document: Mapping[str, Any], value: Any, levels: int | None) -> int:
        if isinstance(value, list):
            return 1 + sum(self._size(document, entry, levels) for entry in value)
        if not isinstance(value, dict):
            return 1
        size = 1
        for key, child in value.items():
            if key == "$ref" and isinstance(child, str):
                size += self._reached(document, child, levels)
            elif isinstance(child, dict | list) and key not in DATA and not annotation(key):
                size += self._size(document, child, levels)
            else:
                size += 1
        return size

    def _reached(self, document: Mapping[str, Any], reference: str, levels: int | None) -> int:
        key = (id(document), reference, levels)
        if key not in self._sizes:
            self._sizes[key] = 1  # inside itself
            if levels != 0:
                try:
                    target = locate(document, reference).value
                except DanglingReferenceError:
                    return 1
                self._sizes[key] = self._size(document, target, None if levels is None else levels - 1)
        return self._sizes[key]
