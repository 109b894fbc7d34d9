"""Discriminators: the schemas that a word stands for, and how a change of these words reaches a caller."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gate.contract.diff.branches import branches, match
from gate.contract.diff.containment import Answer, Containment
from gate.contract.diff.keywords import SchemaChange, pointer
from gate.contract.diff.kinds import listed_values
from gate.contract.diff.rules import Direction, SchemaRule
from gate.contract.diff.unchanged import FAMILY
from gate.contract.diff.views import conjuncts
from gate.contract.nodes import DanglingReferenceError, Node, locate, simplified

SECTION = "#/components/schemas/"


def with_families(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document in which each discriminator of a base schema names the schemas that extend it.

    Nothing refers from a base schema to these but the words of its discriminator, or their names.
    """
    schemas = (document.get("components") or {}).get("schemas") or {}
    bases = {name: schema for name, schema in schemas.items() if _is_base(schema)}
    if not bases:
        return document
    children: dict[str, dict[str, str]] = {}
    for name, schema in schemas.items():
        for part in schema.get("allOf", ()) if isinstance(schema, Mapping) else ():
            if isinstance(part, Mapping) and isinstance(part.get("$ref"), str):
                children.setdefault(part["$ref"], {})[name] = SECTION + name
    changed = {}
    for name, schema in bases.items():
        listed = {**children.get(SECTION + name, {}), **mapping(schema["discriminator"])}
        family = {word: target for word, target in listed.items() if _exists(document, target)}
        changed[name] = {**schema, "discriminator": {**schema["discriminator"], FAMILY: family}}
    return {**document, "components": {**document["components"], "schemas": {**schemas, **changed}}}


def mapping(discriminator: Any) -> dict[str, str]:
    """The references that the mapping of a discriminator has, by word."""
    listed = discriminator.get("mapping") if isinstance(discriminator, Mapping) else None
    words = listed if isinstance(listed, Mapping) else {}
    return {
        word: str(target) if str(target).startswith("#") else SECTION + str(target) for word, target in words.items()
    }


def family(old: Node, new: Node) -> Iterator[tuple[str, Node, Node]]:
    """The schemas that the same word stands for in two base schemas."""
    before, after = (side.child("discriminator", FAMILY, default={}).value for side in (old, new))
    for word in [word for word in before if word in after]:
        yield word, locate(old.document, before[word]), locate(new.document, after[word])


def discriminated(old: Node, new: Node, direction: Direction, containment: Containment) -> Iterator[SchemaChange]:
    """The change of a discriminator: another member, or words that are no longer known or stand for something else."""
    before, after = (_Words.of(side) for side in (old, new))
    if before is None and after is None:
        return
    texts = ("none" if side is None else side.text for side in (before, after))
    severity, text = "risky", " -> ".join(texts)
    if before and after:
        known = _Known(direction, containment)
        sides = (before, after) if direction is Direction.REQUEST else (after, before)
        lost = [*known.lost(*sides), *known.renamed(*sides)]
        if before.member == after.member and not lost and before.spelt == after.spelt:
            return
        severity = "breaking" if lost or before.member != after.member else "safe"
        text += f", {', '.join(lost)} no longer known as before" if lost and before.spelt == after.spelt else ""
    values = old.value.get("discriminator"), new.value.get("discriminator")
    place = pointer(old, new, "discriminator")
    yield SchemaChange(SchemaRule.READING_CHANGED, place, f"discriminator {text}", *values, severity=severity)


@dataclass(frozen=True)
class _Words:
    """The words of a discriminator: those of its mapping, and the names of the alternatives of its schema."""

    schema: Node
    member: str
    listed: Mapping[str, str]

    @classmethod
    def of(cls, schema: Node) -> _Words | None:
        value = schema.value.get("discriminator")
        return cls(schema, str(value.get("propertyName")), mapping(value)) if isinstance(value, Mapping) else None

    @property
    def spelt(self) -> dict[str, str]:
        """The words that are not the name of their schema."""
        return {word: target for word, target in self.listed.items() if _name(target) != word}

    @property
    def text(self) -> str:
        return json.dumps({"propertyName": self.member, "mapping": self.spelt}, sort_keys=True)

    @property
    def alternatives(self) -> list[Node]:
        return [branch for keyword in ("oneOf", "anyOf") for branch in branches(self.schema, keyword)]

    def target(self, word: str) -> str | None:
        """The reference to the schema that a word stands for."""
        named = (branch.value.get("$ref") for branch in self.alternatives if isinstance(branch.value, Mapping))
        return self.listed.get(word) or next((str(target) for target in named if _name(str(target)) == word), None)

    def possible(self, word: str, target: str) -> bool:
        """Return whether a value of this schema may have the word."""
        document = self.schema.document
        if not _exists(document, target):
            return True
        members = (part.get("properties", {}).get(self.member) for part in conjuncts(document, {"$ref": target}))
        listed = (listed_values(simplified(Node(document, "", member)).value) for member in members)
        return all(values is None or json.dumps(word) in values for values in listed)


@dataclass(frozen=True)
class _Known:
    """Compares the words that one side may use with those that the other side knows."""

    direction: Direction
    containment: Containment

    def lost(self, used: _Words, known: _Words) -> Iterator[str]:
        """The words of a mapping that the other side does not know, or knows for a schema that does not fit."""
        for word, target in used.spelt.items():
            there = known.target(word)
            if (
                there != target
                and used.possible(word, target)
                and not (there and self._fits(used, target, known, there))
            ):
                yield word

    def renamed(self, used: _Words, known: _Words) -> Iterator[str]:
        """The names of alternatives without a word of their own that have another name on the other side."""
        for here, there in match(used.alternatives, known.alternatives, self.containment).pairs:
            names = [side.value.get("$ref") if isinstance(side.value, Mapping) else None for side in (here, there)]
            if all(names) and names[0] != names[1] and names[0] not in used.listed.values():
                word = _name(str(names[0]))
                if known.target(word) is None and used.possible(word, str(names[0])):
                    yield word

    def _fits(self, used: _Words, target: str, known: _Words, there: str) -> bool:
        try:
            narrow, wide = locate(used.schema.document, target), locate(known.schema.document, there)
        except DanglingReferenceError:
            return False
        return self.containment.covers(simplified(wide), simplified(narrow), search=False) is Answer.YES


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def _is_base(schema: Any) -> bool:
    if not isinstance(schema, Mapping) or not isinstance(schema.get("discriminator"), Mapping):
        return False
    return not schema.keys() & {"oneOf", "anyOf"}


def _exists(document: Mapping[str, Any], reference: str) -> bool:
    try:
        locate(document, reference)
    except DanglingReferenceError:
        return False
    return True
