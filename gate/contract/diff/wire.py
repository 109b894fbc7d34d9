"""Comparison of values that are text on the wire: parameters, headers, forms, plain text and XML.

Digits are a string there, so that an integer that becomes a string changes nothing for the one who sends it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import jsonschema_rs

from gate.contract.diff.branches import branches
from gate.contract.diff.containment import Answer, Containment
from gate.contract.diff.keywords import SchemaChange
from gate.contract.diff.kinds import listed_types, listed_values
from gate.contract.diff.languages import contained
from gate.contract.diff.meaning import meant
from gate.contract.diff.media import MediaType
from gate.contract.diff.rules import Direction, SchemaRule
from gate.contract.diff.witness import Search
from gate.contract.nodes import Node, inlined, simplified

SCALARS = frozenset({"string", "number", "integer", "boolean", "null"})
FREE = frozenset({"type", "default", "nullable"})
"""Keywords of a schema that leave a string free."""
LIMITS = frozenset({"minLength", "maxLength", "pattern"})
TEXTS_OF = {"integer": "^-?(0|[1-9][0-9]*)$", "boolean": "^(true|false)$"}
"""Patterns of the texts of a type."""
RESERVED = re.compile(r"[:/?#\[\]@!$&'()*+,;=]")
FORM, MULTIPART = ("application", "x-www-form-urlencoded"), "multipart"


@dataclass
class Texts:
    """Finds the places of two schemas where another type has the same texts; keeps a change for each.

    ``list_of_one`` says that a list of a single entry is written like the entry; ``depth`` says how deep there is text;
    ``parts`` says that members are parts of their own, where objects are JSON; ``json`` are the names of members that
    are written as JSON as well.
    """

    direction: Direction
    containment: Containment
    list_of_one: bool = False
    depth: int = 8
    parts: bool = False
    json: frozenset[str] = frozenset()
    changes: list[SchemaChange] = field(default_factory=list)

    def compared(self, old: Node, new: Node) -> tuple[Node, Node]:
        """Both schemas, those places of the narrower one written as the wider one writes them."""
        request = self.direction is Direction.REQUEST
        wide, narrow = (new, old) if request else (old, new)
        narrow = self._rewritten(wide, narrow, self.depth)
        return (narrow, wide) if request else (wide, narrow)

    def _rewritten(self, wide: Node, narrow: Node, depth: int) -> Node:
        wide, narrow = simplified(wide), simplified(narrow)
        answer = text_covers(wide, narrow, self.containment, list_of_one=self.list_of_one)
        if answer in (Answer.YES, Answer.UNKNOWN):
            place = wide if self.direction is Direction.REQUEST else narrow
            self.changes.append(self._change(answer, place.child("type").pointer))
            return Node(narrow.document, narrow.pointer, inlined(wide))
        if answer is Answer.NO or not depth:
            return narrow
        value = dict(narrow.value)
        inside = self.parts and depth < self.depth
        for steps in self._below(wide.value, narrow.value) if not inside else _entries(wide.value, narrow.value):
            here, there = wide.child(*steps), narrow.child(*steps)
            below = self._rewritten(here, there, depth - 1) if isinstance(there.value, Mapping) else there
            if below.value != simplified(there).value:
                inner = {**value[steps[0]], steps[1]: below.value} if len(steps) > 1 else below.value
                value[steps[0]] = inner
        return Node(narrow.document, narrow.pointer, value)

    def _below(self, wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> list[tuple[str, ...]]:
        names = [name for name in narrow.get("properties", ()) if name in wide.get("properties", ())]
        steps: list[tuple[str, ...]] = [("properties", name) for name in names if name not in self.json]
        named = "additionalProperties" in wide and "additionalProperties" in narrow
        return [*steps, *_entries(wide, narrow), *([("additionalProperties",)] if named else [])]

    def _change(self, answer: Answer, pointer: str) -> SchemaChange:
        if answer is Answer.UNKNOWN:
            text = "another type: it could not be decided whether its texts are the same"
            return SchemaChange(SchemaRule.UNDECIDED, pointer, text, severity="unknown")
        rule = SchemaRule.TYPE_WIDENED if self.direction is Direction.REQUEST else SchemaRule.TYPE_NARROWED
        return SchemaChange(rule, pointer, "another type of the same texts", severity="safe")


def _entries(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [("items",)] if "items" in wide and "items" in narrow else []


def texts_in(name: str, encoding: Mapping[str, Any], direction: Direction, containment: Containment) -> Texts | None:
    """The comparison of what a media type writes as text; None where it writes none, as JSON."""
    media = MediaType.parse(name)
    types = {name: str(entry.get("contentType", "")) for name, entry in encoding.items() if isinstance(entry, dict)}
    written = frozenset(name for name, text in types.items() if "json" in text)
    if (media.main, media.sub) == FORM:
        return Texts(direction, containment, list_of_one=True, json=written)
    if media.main == MULTIPART:
        return Texts(direction, containment, list_of_one=True, depth=2, parts=True, json=written)
    if media.is_xml:
        return Texts(direction, containment)
    return Texts(direction, containment, depth=0) if media.main == "text" else None


def reserved(schema: Node) -> bool:
    """Return whether a value may have characters that are reserved in a URI."""
    value = simplified(schema).value
    listed = listed_values(value)
    if listed is not None:
        return any(isinstance(each, list | dict) or RESERVED.search(str(each)) for each in listed.values())
    return bool(listed_types(value) & {"string", "array", "object"})


def text_covers(wide: Node, narrow: Node, containment: Containment, *, list_of_one: bool = False) -> Answer | None:
    """Return whether ``wide`` accepts the texts of ``narrow``; None where the values say it as well.

    ``list_of_one`` says that an array of a single entry is written like the entry.
    """
    wide, narrow = simplified(wide), simplified(narrow)
    alternatives = [branch for keyword in ("anyOf", "oneOf") for branch in branches(narrow, keyword)]
    if alternatives and len(narrow.value.keys() - {"default"}) == 1:
        return _each(wide, alternatives, containment, list_of_one=list_of_one)
    types, others = (listed_types(side.value) for side in (wide, narrow))
    if types - {"null"} == {"array"} and others <= SCALARS and others - {"null"} and list_of_one:
        if wide.value.get("minItems", 0) > 1:
            return Answer.NO
        entry = wide.child("items", default=True).follow()
        single = narrow
        if "null" in others:
            single = Node(narrow.document, f"{narrow.pointer}#one", _without_null(narrow.value))
        answer = text_covers(entry, single, containment)
        return containment.covers(simplified(entry), single) if answer is None else answer
    known = types | ({"integer"} if "number" in types else set())
    if not types <= SCALARS or not others <= SCALARS or others - {"null"} <= known:
        return None
    return Answer.YES if _scalars_covered(wide.value, narrow.value, types) else _tried(wide, narrow, types)


def _each(wide: Node, alternatives: list[Node], containment: Containment, *, list_of_one: bool) -> Answer | None:
    """YES where the texts of each alternative are accepted, one of them as another type; None where it is left open."""
    answers = [text_covers(wide, branch, containment, list_of_one=list_of_one) for branch in alternatives]
    same = [branch for branch, answer in zip(alternatives, answers, strict=True) if answer is None]
    if Answer.YES in answers and all(containment.covers(wide, simplified(branch)) is Answer.YES for branch in same):
        return Answer.YES if set(answers) <= {Answer.YES, None} else None
    return None


def _scalars_covered(wide: Mapping[str, Any], narrow: Mapping[str, Any], types: frozenset[str]) -> bool:
    """Return whether it is proved that the first schema accepts the texts of every value of another type."""
    if "string" in types and wide.keys() <= FREE:
        return True
    others = listed_types(narrow)
    if types != {"string"} or not wide.keys() <= FREE | LIMITS:
        return False
    listed = TEXTS_OF.get(min(others)) if len(others) == 1 and wide.keys() <= FREE | {"pattern"} else None
    if listed and contained(listed, wide.get("pattern", "")):
        return True
    bounds = meant(narrow)
    return others == {"integer"} and {"minimum", "maximum"} <= bounds.keys() and _digits_covered(wide, bounds)


def _digits_covered(wide: Mapping[str, Any], bounds: Mapping[str, Any]) -> bool:
    """Return whether a text with limits accepts each integer between two others."""
    ends = int(bounds["minimum"]), int(bounds["maximum"])
    longest, digits = max(len(str(end)) for end in ends), max(len(str(abs(end))) for end in ends)
    pattern = f"^{'-?' if bounds['minimum'] < 0 else ''}(0|[1-9][0-9]{{0,{digits - 1}}})$"
    fits = wide.get("minLength", 0) <= 1 and longest <= wide.get("maxLength", longest)
    return fits and ("pattern" not in wide or bool(contained(pattern, wide["pattern"])))


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    named = schema.get("type", ())
    return {**schema, "type": [kind for kind in named if kind != "null"]} if isinstance(named, list) else dict(schema)


def _tried(wide: Node, narrow: Node, types: frozenset[str]) -> Answer:
    """The answer that a search gives; YES where it sees every value."""
    accepting, refusing = meant(inlined(narrow)), meant(inlined(wide))
    narrow_fits, wide_fits = (
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid for schema in (accepting, refusing)
    )
    valid = filter(narrow_fits, islice(Search(accepting, refusing).values(accepting), 200))
    if not all(any(map(wide_fits, _readings(value, types))) for value in valid):
        return Answer.NO
    finite = isinstance(accepting, Mapping) and ("enum" in accepting or "const" in accepting)
    return Answer.YES if finite or listed_types(narrow.value) == {"boolean"} else Answer.UNKNOWN


def _readings(value: Any, types: frozenset[str]) -> list[Any]:
    """The values that the text of a value may stand for."""
    text = value if isinstance(value, str) else json.dumps(value)
    readings: list[Any] = [text] if "string" in types else []
    try:
        parsed = json.loads(text)
    except ValueError:
        return readings
    return readings if isinstance(parsed, str | list | dict) else [*readings, parsed]
