"""Containment of schemas: one accepts every value that the other does, as jsonschema-rs decides."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from itertools import compress, islice
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from gate.contract.diff.implied import examples, implied
from gate.contract.diff.inlining import Inlining
from gate.contract.diff.meaning import meant, undeclared, without_common
from gate.contract.diff.proofs import names_covered, uncounted
from gate.contract.diff.reached import reached
from gate.contract.diff.rules import Direction
from gate.contract.diff.structure import Structure
from gate.contract.diff.unchanged import Unchanged, references
from gate.contract.diff.witness import LIMIT, Search
from gate.contract.nodes import DanglingReferenceError, Node, absolute, inlined, locate, registry, simplified
from gate.core import pointer as pointers
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
        self._documents: dict[int, str] = {}
        self._canonical: dict[tuple[int, str], Any] = {}
        self._answers: dict[tuple[int, str, int, str], Answer] = {}
        self._samples: dict[tuple[int, str], Any] = {}
        self._witnesses: dict[tuple[int, str, int, str], Any] = {}
        self._plain: dict[str, bool] = {}
        self.unchanged = Unchanged()
        self._inlining = Inlining()
        self._structure = Structure(self.unchanged, self._plainly_covers)

    def covers(self, wide: Node, narrow: Node, *, search: bool = True) -> Answer:
        """Return whether ``wide`` accepts every value that ``narrow`` does; without ``search``, as far as is proved."""
        key = (id(wide.document), wide.pointer, id(narrow.document), narrow.pointer)
        if key not in self._answers:
            self._answers[key] = self._decided(wide, narrow)
        if self._answers[key] is Answer.UNKNOWN and search and self.witness(wide, narrow) is not MISSING:
            self._answers[key] = Answer.NO
        return self._answers[key]

    def _decided(self, wide: Node, narrow: Node) -> Answer:
        if self.unchanged(wide, narrow) or self._structure.covers(wide, narrow):
            return Answer.YES
        if not self._inlining.fits(wide, narrow):
            return Answer.UNKNOWN
        try:
            answer = Answer(self._canonicalized(wide).covers(self._canonicalized(narrow)).value)
        except UNSUPPORTED:
            answer = Answer.UNKNOWN  # a pattern or a keyword that the library does not take
        if answer is not Answer.UNKNOWN:
            return answer
        first, second = (meant(inlined(node)) for node in (wide, narrow))
        return Answer.YES if self._proved(wide, narrow, first, second) else Answer.UNKNOWN

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
        with suppress(*UNSUPPORTED, ValueError, OverflowError):
            for values in _batches(self._candidates(refusing, accepting)):
                accepted = list(compress(values, self._valid(accepting, values)))
                refused = (valid is False for valid in self._valid(refusing, accepted))
                for value in compress(accepted, refused):
                    return value
        return MISSING

    def _valid(self, node: Node, values: Sequence[Any]) -> list[bool | None]:
        """Verdicts on each of these values: whether the schema accepts it, or None where no validator can tell."""
        valid: list[bool | None] = [None] * len(values)
        with suppress(*UNSUPPORTED, ValueError, OverflowError):
            validator = jsonschema_rs.Draft202012Validator(meant(reached(node, values)), validate_formats=True)
            for index, value in enumerate(values):
                valid[index] = validator.is_valid(value)
        return valid

    def _candidates(self, refusing: Node, accepting: Node) -> Iterator[Any]:
        """Values near the border of both schemas, those of their difference first."""
        if not self._inlining.fits(refusing, accepting):
            for deep in (False, True):
                refused, accepted = (
                    self._near(refusing, accepting, deep=deep),
                    self._near(accepting, refusing, deep=deep),
                )
                yield from islice(self._search(refused, accepted), LIMIT // 4)
            return
        difference: Any = False
        with suppress(*UNSUPPORTED):
            difference = self._canonicalized(accepting).subtract(self._canonicalized(refusing)).to_json_schema()
        yield from islice(self._search(refusing, accepting, difference), LIMIT)
        yield from islice(self._search(refusing, accepting), LIMIT)

    def _search(self, refusing: Node, accepting: Node, of: Any = MISSING) -> Iterator[Any]:
        """Values that may be of the second schema, or of another one, with words of both."""
        refused, accepted = (meant(self._inlining.trimmed(node)) for node in (refusing, accepting))
        search = Search(refused, accepted, *examples(accepted, refused))
        return search.values(accepted if of is MISSING else of)

    def _near(self, node: Node, other: Node, *, deep: bool) -> Node:
        """The schema with samples of members that are the same in the other one, or too large, and without others."""
        node, other = simplified(node), simplified(other)
        needed = {*node.value.get("required", ()), *other.value.get("required", ())}
        kept = {}
        for name in node.value.get("properties", ()):
            here, there = (side.child("properties", name) for side in (node, other))
            if (deep or self._inlining.fits(here)) and not self.unchanged(here, there):
                kept[name] = here.value
            elif name in needed:
                kept[name] = self._sampled(here)
        return Node(node.document, node.pointer, {**node.value, "properties": kept})

    def _sampled(self, member: Node) -> Any:
        """A schema of a single value of a member, so that the search need not look below it."""
        sample = None if self._inlining.fits(member) else self.sample(member.follow())
        return member.value if sample is None else {"const": sample}

    def tells(self, accepting: Node, refusing: Node, value: Any) -> bool:
        """Return whether the first schema accepts a value and the second refuses it."""
        return self._valid(accepting, [value]) == [True] and self._valid(refusing, [value]) == [False]

    def sample(self, node: Node) -> Any:
        """A value that a schema accepts; None where the search meets none."""
        key = (id(node.document), node.pointer)
        if key not in self._samples:
            self._samples[key] = None  # inside itself
            small = simplified(node)
            if not self._inlining.fits(node):
                members = {name: small.child("properties", name) for name in small.value.get("required", ())}
                sampled = {name: self._sampled(member) for name, member in members.items() if member.value is not None}
                small = Node(node.document, node.pointer, {**small.value, "properties": sampled})
            schema = meant(self._inlining.trimmed(small))
            batches = _batches(islice(Search(schema).values(schema), LIMIT))
            accepted = (value for batch in batches for value in compress(batch, self._valid(node, batch)))
            self._samples[key] = next(accepted, None)
        return self._samples[key]

    def compatible(self, old: Node, new: Node, direction: Direction, *, search: bool = True) -> Answer:
        """Return whether the change breaks no client: requests may only accept more, responses only return less."""
        wide, narrow = (new, old) if direction is Direction.REQUEST else (old, new)
        return self.covers(wide, narrow, search=search)

    def equivalent(self, old: Node, new: Node) -> bool:
        """Return whether it is proved that both accept the same values."""
        pairs = (old, new), (new, old)
        return all(self.covers(*pair, search=False) is Answer.YES for pair in pairs)

    def _canonicalized(self, node: Node) -> Any:
        key = (id(node.document), node.pointer)
        if key not in self._canonical:
            self._canonical[key] = self._canonical_form(node, meant(inlined(node)))
        return self._canonical[key]

    def _canonical_form(self, node: Node, schema: Any) -> Any:
        if id(node.document) not in self._documents:
            self._documents[id(node.document)] = f"urn:openapi:{len(self._documents)}"
        base = self._documents[id(node.document)]
        return jsonschema_rs.canonicalize(
            absolute(schema, base),
            draft=jsonschema_rs.Draft202012,
            validate_formats=True,
            registry=registry(_targets(node.document, schema), base),
        )


def _targets(document: Mapping[str, Any], schema: Any) -> dict[str, Any]:
    """The document without what a schema does not refer to."""
    waiting, targets = list(references(schema)), dict[str, Any]()
    while waiting:
        reference = waiting.pop()
        if reference not in targets:
            with suppress(DanglingReferenceError):  # of a value that only looks like a reference, as in an enum
                targets[reference] = locate(document, reference).value
                waiting += references(targets[reference])
    if "#" in targets:
        return dict(meant(document))
    kept: dict[str, Any] = {}
    for reference in sorted(targets, key=len):  # what stands within another target is there already
        *around, last = pointers.split(unquote(reference))
        place: Any = kept
        for token in around:
            place = place.setdefault(token, {}) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place.setdefault(last, meant(targets[reference]))
    return kept


def _batches(values: Iterator[Any]) -> Iterator[list[Any]]:
    """The values in lists that become longer."""
    size = 1
    while batch := list(islice(values, size)):
        yield batch
        size = min(2 * size, LIMIT)
