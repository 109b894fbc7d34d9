"""Conditions that follow from others: schemas in which each pattern and format stands with what it implies.

The prover compares patterns and formats by their text. A pattern that is within another one is therefore written as
both, which accepts the same values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gate.contract.diff.languages import UnsupportedError, contained, difference, lengths
from gate.contract.nodes import DATA, MAPS

WIDER_FORMATS: dict[str, tuple[str, ...]] = {
    "uri": ("uri-reference", "iri", "iri-reference"),
    "iri": ("iri-reference",),
    "uri-reference": ("iri-reference",),
    "email": ("idn-email",),
    "hostname": ("idn-hostname",),
}
"""Formats that accept every text of a format."""

TEXTS = {
    "date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "uuid": "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$",
    "ipv4": r"^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$",
    "date-time": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
}
"""Patterns that every text of a format matches."""

MOST_PATTERNS = 24
"""Different patterns of a schema that are compared with each other."""


def implied(schema: Any, other: Any) -> Any:
    """The schema with the patterns and lengths of ``other`` that follow from its own, and with wider formats."""
    listed: dict[str, list[str]] = {pattern: [] for pattern, _ in patterns(other)}
    listed |= {f"^({'|'.join(map(re.escape, words))})$": words for words in _words(other)}
    return _implied(schema, dict([*listed.items()][:MOST_PATTERNS]), named=False)


def _words(schema: Any) -> Iterator[list[str]]:
    """The lists of a few texts that a schema is limited to."""
    if isinstance(schema, Mapping):
        listed = schema.get("enum")
        if isinstance(listed, list) and len(listed) <= MOST_PATTERNS and all(isinstance(text, str) for text in listed):
            yield listed
    for child in schema.values() if isinstance(schema, Mapping) else schema if isinstance(schema, list) else ():
        yield from _words(child)


def patterns(schema: Any, named: bool = False) -> Iterator[tuple[str, str]]:
    """The patterns of texts and of names in a schema, each with its keyword."""
    if isinstance(schema, list):
        for entry in schema:
            yield from patterns(entry)
    elif isinstance(schema, Mapping):
        if not named:
            if isinstance(schema.get("pattern"), str):
                yield schema["pattern"], "pattern"
            yield from ((name, "patternProperties") for name in schema.get("patternProperties", ()))
        for key, child in schema.items():
            if named or key not in DATA:
                yield from patterns(child, named=not named and key in MAPS)


def examples(schema: Any, other: Any) -> Iterator[str]:
    """Texts that a pattern of the first schema matches and one of the second does not."""
    first, second = ([*dict.fromkeys(pattern for pattern, _ in patterns(side))][:8] for side in (schema, other))
    for pattern in first:
        for wide in second:
            try:
                text = difference(pattern, wide)
            except UnsupportedError:
                continue
            if text is not None:
                yield text


def _implied(schema: Any, listed: Mapping[str, list[str]], named: bool) -> Any:
    if isinstance(schema, list):
        return [_implied(entry, listed, named=False) for entry in schema]
    if not isinstance(schema, Mapping):
        return schema
    result = {
        key: child if key in DATA and not named else _implied(child, listed, named=not named and key in MAPS)
        for key, child in schema.items()
    }
    if named:
        return result
    more: list[dict[str, Any]] = [{"format": wider} for wider in WIDER_FORMATS.get(str(schema.get("format")), ())]
    own, text = schema.get("pattern"), schema.get("type") == "string"
    written = [own] if isinstance(own, str) else []
    for pattern in [*written, *([TEXTS[schema["format"]]] if text and schema.get("format") in TEXTS else [])]:
        within = [wide for wide in listed if (wide != own or listed[wide]) and contained(pattern, wide)]
        more += [{"enum": listed[wide]} if listed[wide] and text else {"pattern": wide} for wide in within]
        least, most = lengths(pattern)
        result["minLength"] = max(least, result.get("minLength", 0))
        if most is not None:
            result["maxLength"] = min(most, result.get("maxLength", most))
    return {**result, "allOf": [*result.get("allOf", ()), *more]} if more else result
