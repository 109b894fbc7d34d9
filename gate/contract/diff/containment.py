"""Containment of schemas: one accepts every value that the other does, as jsonschema-rs decides."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from itertools import islice
from typing import Any

import jsonschema_rs

from gate.contract.diff.implied import examples, implied
from gate.contract.diff.inlining import Inlining
from gate.contract.diff.meaning import meant, undeclared, without_common
from gate.contract.diff.proofs import names_covered, uncounted
from gate.contract.diff.rules import Direction
from gate.contract.diff.structure import Structure
from gate.contract.diff.unchanged import Unchanged
from gate.contract.diff.witness import LIMIT, Search
from gate.contract.nodes import Node, absolute, inlined, registry, simplified
from gate.core.values import equal

UNSUPPORTED = (jsonschema_rs.ValidationError, jsonschema_rs.canonical.CanonicalizationError)
MISSING = object()
"""In the place of a value that was not found; None is a value."""
NO_DOCUMENT: Mapping[str, Any] = {}
"""The document of schemas without references: a single one, as what is kept of documents goes by their identity."""


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
        self._answers: dict[tuple[int, str, int, str], Answer] = {}
        self._samples: dict[tuple[int, str], Any] = {}
        self._witnesses: dict[tuple[int, str, int, str], Any] = {}
        self._validators: dict[tuple[int, str], jsonschema_rs.Validator] = {}
        self._plain: dict[str, bool] = {}
        self.unchanged = Unchanged()
        self._inlining = Inlining()
        self._structure = Structure(self.unchanged, self._plainly_covers)

    def covers(self, wide: Node, narrow: Node) -> Answer:
        """Return whether ``wide`` accepts every value that ``narrow`` does."""
        key = (id(wide.document), wide.pointer, id(narrow.document), narrow.pointer)
        if key not in self._answers:
            self._answers[key] = self._decided(wide, narrow)
        return self._answers[key]

    def _decided(self, wide: Node, narrow: Node) -> Answer:
        if self.unchanged(wide, narrow) or self._structure.covers(wide, narrow):
            return Answer.YES
        if not self._inlining.fits(wide, narrow):
            return Answer.UNKNOWN if self.witness(wide, narrow) is MISSING else Answer.NO
        try:
            answer = Answer(self._canonicalized(wide).covers(self._canonicalized(narrow)).value)
        except UNSUPPORTED:
            answer = Answer.UNKNOWN  # a pattern or a keyword that the library does not take
        if answer is not Answer.UNKNOWN:
            return answer
        first, second = (meant(inlined(node)) for node in (wide, narrow))
        if self._proved(wide, narrow, first, second):
            return Answer.YES
        return Answer.UNKNOWN if self.witness(wide, narrow) is MISSING else Answer.NO

    def _plainly_covers(self, wide: Any, narrow: Any) -> bool:
        """Return whether it is proved of schemas without references."""
        key = json.dumps((wide, narrow), sort_keys=True)
        if key not in self._plain:
            nodes = (Node(NO_DOCUMENT, "", wide), Node(NO_DOCUMENT, "", narrow))
            written = meant(wide), meant(narrow)
            self._plain[key] = self._covers(*nodes, written) or self._proved(*nodes, *written)
        return self._plain[key]

    def same(self, old: Node, new: Node) -> bool:
        """Return whether both say the same, with references replaced."""
        if self.unchanged(old, new):
            return True
        return self._inlining.fits(old, new) and bool(inlined(old) == inlined(new))

    def _proved(self, wide: Node, narrow: Node, *written: Any) -> bool:
        """Return whether it is proved of the schemas in other words."""

        def inner(large: Any, small: Any) -> bool:
            return large is True or small is False or equal(large, small) or self._covers(wide, narrow, (large, small))

        first, second = (undeclared(schema) for schema in written)
        remainders = without_common(*uncounted(first, second, inner))
        pairs = (
            (first, second),
            remainders,
            (first, implied(second, first)),
            (remainders[0], implied(*remainders[::-1])),
        )
        return any(
            pair != written and (self._covers(wide, narrow, pair) or names_covered(*pair, inner)) for pair in pairs
        ) or names_covered(first, second, inner)

    def _covers(self, wide: Node, narrow: Node, pair: tuple[Any, Any]) -> bool:
        """Return whether it is proved of schemas in the place of these two."""
        both = zip((wide, narrow), pair, strict=True)
        try:
            first, second = (self._canonical_form(node, schema) for node, schema in both)
            return bool(first.covers(second).value == Answer.YES)
        except UNSUPPORTED:
            return False

    def witness(self, refusing: Node, accepting: Node) -> Any:
        """A value that the second schema accepts and the first refuses; MISSING where a bounded search meets none."""
        key = (id(refusing.document), refusing.pointer, id(accepting.document), accepting.pointer)
        if key not in self._witnesses:
            self._witnesses[key] = self._searched(refusing, accepting)
        return self._witnesses[key]

    def _searched(self, refusing: Node, accepting: Node) -> Any:
        try:
            refuses, accepts = self.validator(refusing), self.validator(accepting)
            for value in self._candidates(refusing, accepting):
                if accepts.is_valid(value) and not refuses.is_valid(value):
                    return value
        except (*UNSUPPORTED, jsonschema_rs.ReferencingError, ValueError, OverflowError):
            pass
        return MISSING

    def _candidates(self, refusing: Node, accepting: Node) -> Iterator[Any]:
        """Values near the border of both schemas, those of their difference first."""
        sides = refusing, accepting
        if not self._inlining.fits(*sides):
            sides = self._near(refusing, accepting), self._near(accepting, refusing)
        refused, accepted = (meant(self._inlining.trimmed(node)) for node in sides)
        search = Search(refused, accepted, *examples(accepted, refused))
        if not self._inlining.fits(refusing, accepting):
            yield from islice(search.values(accepted), LIMIT // 4)
            return
        difference: Any = False
        with suppress(*UNSUPPORTED):
            difference = self._canonicalized(accepting).subtract(self._canonicalized(refusing)).to_json_schema()
        yield from islice(search.values(difference), LIMIT)
        yield from islice(search.values(accepted), LIMIT)

    def _near(self, node: Node, other: Node) -> Node:
        """The schema without members that may be missing and are the same in the other one."""
        node, other = simplified(node), simplified(other)
        declared = node.value.get("properties", {})
        needed = {*node.value.get("required", ()), *other.value.get("required", ())}
        kept = {
            name: member
            for name, member in declared.items()
            if name in needed or not self.unchanged(*(side.child("properties", name) for side in (node, other)))
        }
        return Node(node.document, node.pointer, {**node.value, "properties": kept})

    def tells(self, accepting: Node, refusing: Node, value: Any) -> bool:
        """Return whether the first schema accepts a value and the second refuses it."""
        return self.validator(accepting).is_valid(value) and not self.validator(refusing).is_valid(value)

    def sample(self, node: Node) -> Any:
        """A value that a schema accepts; None where the search meets none."""
        key = (id(node.document), node.pointer)
        if key not in self._samples:
            valid = self.validator(node).is_valid
            schema = meant(self._inlining.trimmed(node))
            values = islice(Search(schema).values(schema), LIMIT)
            self._samples[key] = next(filter(valid, values), None)
        return self._samples[key]

    def validator(self, node: Node) -> jsonschema_rs.Validator:
        """A validator of a schema; it is kept."""
        key = (id(node.document), node.pointer)
        if key not in self._validators:
            base, documents = self._registered(node.document)
            self._validators[key] = jsonschema_rs.Draft202012Validator(
                absolute(meant(node.value), base), validate_formats=True, registry=documents
            )
        return self._validators[key]

    def compatible(self, old: Node, new: Node, direction: Direction) -> Answer:
        """Return whether the change breaks no client: requests may only accept more, responses only return less."""
        return self.covers(new, old) if direction is Direction.REQUEST else self.covers(old, new)

    def equivalent(self, old: Node, new: Node) -> bool:
        """Return whether it is proved that both accept the same values."""
        return self.covers(old, new) is Answer.YES and self.covers(new, old) is Answer.YES

    def _canonicalized(self, node: Node) -> Any:
        key = (id(node.document), node.pointer)
        if key not in self._canonical:
            self._canonical[key] = self._canonical_form(node, meant(inlined(node)))
        return self._canonical[key]

    def _canonical_form(self, node: Node, schema: Any) -> Any:
        base, documents = self._registered(node.document)
        return jsonschema_rs.canonicalize(
            absolute(schema, base), draft=jsonschema_rs.Draft202012, validate_formats=True, registry=documents
        )

    def _registered(self, document: Mapping[str, Any]) -> tuple[str, jsonschema_rs.Registry]:
        if id(document) not in self._documents:
            base = f"urn:openapi:{len(self._documents)}"
            self._documents[id(document)] = base, registry(meant(document), base)
        return self._documents[id(document)]
