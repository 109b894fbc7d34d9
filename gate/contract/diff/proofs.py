"""Proofs of containment that the library leaves open: members by the patterns of their names, and counts of entries.

Each takes schemas without references, and ``inner``, which proves that a schema accepts every value of another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gate.contract.diff.languages import contained

Inner = Callable[[Any, Any], bool]
COUNTS = ("contains", "minContains", "maxContains")
NAMED = frozenset({"type", "properties", "patternProperties", "additionalProperties", "required"})


def uncounted(wide: Any, narrow: Any, inner: Inner) -> tuple[Any, Any]:
    """Both schemas without ``contains`` and its counts, where those of the wide one follow from the narrow one's."""
    if not isinstance(wide, Mapping) or not isinstance(narrow, Mapping) or "contains" not in narrow:
        return wide, narrow
    if "unevaluatedItems" in wide or "unevaluatedItems" in narrow:  # which takes the entries that contains has met
        return wide, narrow
    if "contains" in wide:
        least, most = wide.get("minContains", 1), wide.get("maxContains")
        enough = not least or (least <= narrow.get("minContains", 1) and inner(wide["contains"], narrow["contains"]))
        few = most is None or (
            narrow.get("maxContains", most + 1) <= most and inner(narrow["contains"], wide["contains"])
        )
        if not (enough and few):
            return wide, narrow
    first, second = ({key: value for key, value in side.items() if key not in COUNTS} for side in (wide, narrow))
    return first, second


def names_covered(wide: Any, narrow: Any, inner: Inner) -> bool:
    """Return whether objects that have patterns of names are proved to be within each other, name by name."""
    sides = wide, narrow
    if not all(isinstance(side, Mapping) and side.get("type") == "object" and side.keys() <= NAMED for side in sides):
        return False
    if not set(wide.get("required", ())) <= set(narrow.get("required", ())):
        return False
    try:
        return _Names(wide).cover(_Names(narrow), inner)
    except re.error:
        return False


@dataclass(frozen=True)
class _Names:
    """The schemas of members by name, by pattern, and of all others."""

    schema: Mapping[str, Any]

    @cached_property
    def declared(self) -> Mapping[str, Any]:
        members: Mapping[str, Any] = self.schema.get("properties", {})
        return members

    @cached_property
    def patterns(self) -> Mapping[str, Any]:
        patterns: Mapping[str, Any] = self.schema.get("patternProperties", {})
        return patterns

    @cached_property
    def others(self) -> Any:
        return self.schema.get("additionalProperties", True)

    def of(self, name: str) -> list[Any]:
        """The schemas that a member of this name meets."""
        listed = [schema for pattern, schema in self.patterns.items() if re.search(pattern, name)]
        return [*([self.declared[name]] if name in self.declared else []), *listed] or [self.others]

    def cover(self, narrow: _Names, inner: Inner) -> bool:
        names = {**self.declared, **narrow.declared}
        if not all(
            any(inner(schema, known) for known in narrow.of(name)) for name in names for schema in self.of(name)
        ):
            return False
        return all(self._pattern(pattern, narrow, inner) for pattern in self.patterns) and self._unnamed(narrow, inner)

    def _pattern(self, pattern: str, narrow: _Names, inner: Inner) -> bool:
        schema = self.patterns[pattern]
        meets = [other for other, known in narrow.patterns.items() if inner(schema, known)]
        if any(pattern == other or contained(pattern, other) for other in meets):
            return True
        return len(meets) == len(narrow.patterns) and inner(schema, narrow.others)

    def _unnamed(self, narrow: _Names, inner: Inner) -> bool:
        """Members that no name and no pattern of this side is meant for."""
        listed = (
            schema
            for pattern, schema in narrow.patterns.items()
            if not any(pattern == other or contained(pattern, other) for other in self.patterns)
        )
        return all(inner(self.others, schema) for schema in listed) and inner(self.others, narrow.others)
