"""Schemas as far as values reach into them, so that a validator needs neither the whole document nor a copy of it.

A schema whose components refer to hundreds of others is large, and a value that shows a change is small: it has a few
members, and only their schemas have a say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gate.contract.nodes import DATA, DanglingReferenceError, Node, annotation, locate

NAMED = frozenset({"additionalProperties", "unevaluatedProperties"})
"""Keywords whose schema is for members of an object."""
LISTED = frozenset({"items", "unevaluatedItems", "contains"})
"""Keywords whose schema is for entries of a list."""
BESIDE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else"})
"""Keywords whose schemas are for the value itself."""
IDLE = frozenset({"$ref", "$defs", "definitions", "contentSchema", "discriminator"})
"""Keywords that refuse no value by themselves."""


def reached(node: Node, values: Sequence[Any]) -> Any:
    """A schema that accepts the same of these values, with references replaced, without what they do not reach."""
    return _Reach(node.document).schema(node.value, values, frozenset())


class _Reach:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def schema(self, schema: Any, values: Sequence[Any], above: frozenset[str]) -> Any:
        """``above`` are the references that led here from the same values."""
        if not isinstance(schema, Mapping):
            return schema
        result = {
            key: child if key in DATA or not isinstance(child, dict | list) else self._below(key, child, values, above)
            for key, child in schema.items()
            if key not in IDLE and not annotation(key)
        }
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference in above:
                raise DanglingReferenceError(reference)
            target = self.schema(locate(self._document, reference).value, values, above | {reference})
            result["allOf"] = [*result.get("allOf", ()), target]
        return result

    def _below(self, key: str, child: Any, values: Sequence[Any], above: frozenset[str]) -> Any:
        if key in BESIDE:
            listed = isinstance(child, list)
            schemas = [self.schema(entry, values, above) for entry in (child if listed else [child])]
            return schemas if listed else schemas[0]
        if key == "dependentSchemas":
            return {name: self.schema(entry, values, above) for name, entry in child.items()}
        objects = [value for value in values if isinstance(value, dict)]
        members = [member for value in objects for member in value.values()]
        entries = [entry for value in values if isinstance(value, list) for entry in value]
        inside = {**dict.fromkeys(NAMED, members), **dict.fromkeys(LISTED, entries)}
        inside["propertyNames"] = [name for value in objects for name in value]
        if key in inside:
            return self._inner(child, inside[key])
        if key == "properties":
            inner = {name: [value[name] for value in objects if name in value] for name in child}
            return {name: self._inner(child[name], listed) for name, listed in inner.items() if listed}
        if key == "patternProperties":
            return {pattern: self._inner(entry, members) for pattern, entry in child.items()}
        return [self._inner(entry, entries) for entry in child] if key == "prefixItems" else child

    def _inner(self, schema: Any, values: Sequence[Any]) -> Any:
        """The schema of values inside; one that none of them reaches accepts everything."""
        return self.schema(schema, values, frozenset()) if values else True
