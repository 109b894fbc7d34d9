"""Comparison of values that are text on the wire: parameters and headers.

Digits are a string there, so that an integer that becomes a string changes nothing for the one who sends it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

import jsonschema_rs

from gate.contract.diff.containment import Answer, Containment
from gate.contract.diff.keywords import listed_types
from gate.contract.diff.meaning import meant
from gate.contract.diff.witness import Search
from gate.contract.nodes import Node, inlined, simplified

SCALARS = frozenset({"string", "number", "integer", "boolean", "null"})
FREE = frozenset({"type", "default", "nullable"})
"""Keywords of a schema that leave a string free."""


def text_covers(wide: Node, narrow: Node, containment: Containment, *, list_of_one: bool = False) -> Answer | None:
    """Return whether ``wide`` accepts the texts of ``narrow``; None where the values say it as well.

    ``list_of_one`` says that an array of a single entry is written like the entry.
    """
    wide, narrow = simplified(wide), simplified(narrow)
    types, others = (listed_types(side.value) for side in (wide, narrow))
    if types == {"array"} and others <= SCALARS and list_of_one:
        if wide.value.get("minItems", 0) > 1:
            return Answer.NO
        entry = wide.child("items", default=True).follow()
        answer = text_covers(entry, narrow, containment)
        return containment.covers(simplified(entry), narrow) if answer is None else answer
    if not types <= SCALARS or not others <= SCALARS or others - {"null"} <= types:
        return None
    if "string" in types and wide.value.keys() <= FREE:
        return Answer.YES
    return _tried(wide, narrow, types)


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
