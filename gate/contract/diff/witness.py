"""A bounded search for a value that one schema accepts and another refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from itertools import chain, islice
from typing import Any

import jsonschema_rs

_constants, _parser = (import_module(f"re.{name}") for name in ("_constants", "_parser"))  # which have no types

LIMIT = 400
DEPTH = 4
WIDTH = 12
"""Values tried for a member or an entry."""

WORDS = ("a", "A", "x-a", "1", "a b", "", "ä-Z", "aaaaaaaaaaaa")
NUMBERS = (0, 1, -1, 0.5, 7, 2**31, -(2**31) - 1, 2**63, 1e39)
FORMATS = {
    "date": "2024-02-29",
    "date-time": "2024-02-29T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "a@example.org",
    "idn-email": "ä@example.org",
    "idn-hostname": "exämple.org",
    "iri": "https://example.org/ä",
    "iri-reference": "/ä",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "uri": "https://example.org/a",
    "uri-reference": "/a",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "hostname": "example.org",
    "json-pointer": "/a",
    "regex": "^a$",
}
KEYWORDS = frozenset(
    {"type", "properties", "required", "items", "enum", "const", "format", "pattern", "default", "not"}
)
"""Keywords of schemas that are no names of members, most likely."""
NAMES = frozenset({"type", "format", "$ref"})
"""Keywords whose values are no texts of a document."""
TYPES = ("string", "integer", "object", "array", "boolean", "null", "number")


class Search:
    """Values that a schema may accept; ``others`` are schemas whose words and names are tried, too."""

    def __init__(self, *others: Any) -> None:
        self.words: list[str] = []
        self.numbers: list[Any] = []
        self.counted: list[Any] = []
        for schema in others:
            self._collect(schema)
        self._validators: dict[int, tuple[Any, Callable[[Any], bool]]] = {}
        self.words = list(dict.fromkeys([*self.words, *WORDS]))[:40]
        self.numbers = list(dict.fromkeys([*self.numbers, *NUMBERS]))[:40]

    def values(self, schema: Any, depth: int = 0) -> Iterator[Any]:
        """Candidates; none of them is promised to be valid."""
        if schema is True or schema == {}:
            yield from chain(self.words[:3], (1, 0.5, True, None, [], {}))
            return
        if not isinstance(schema, Mapping) or depth > DEPTH:
            return
        if "const" in schema or "enum" in schema:
            yield from [schema["const"]] if "const" in schema else schema["enum"]
            return
        plain = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf", "allOf")}
        if "allOf" in schema:
            for branch in schema["allOf"]:
                plain = _merged(plain, branch)
            yield from self.values({key: value for key, value in plain.items() if key != "allOf"}, depth)
            return
        branches = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        for branch in branches:
            yield from islice(self.values(_merged(plain, branch), depth), LIMIT // len(branches))
        if branches:
            return
        named = schema.get("type", TYPES)
        for kind in [named] if isinstance(named, str) else named:
            yield from getattr(self, f"_{kind}")(schema, depth)

    def first(self, schema: Any, depth: int = 0) -> Any:
        """The first candidate that is valid, or the first of all; None without any."""
        return next(self._best(schema, depth), None)

    def _best(self, schema: Any, depth: int) -> Iterator[Any]:
        """A few candidates, those that are valid first."""
        candidates = list(islice(self.values(schema, depth), LIMIT // 8))
        valid = self._validator(schema)
        yield from islice(chain(filter(valid, candidates), candidates), WIDTH)

    def _validator(self, schema: Any) -> Callable[[Any], bool]:
        if id(schema) not in self._validators:
            valid: Callable[[Any], bool] = bool  # of a part that refers to others
            with suppress(jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
                valid = jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid
            self._validators[id(schema)] = schema, valid
        return self._validators[id(schema)][1]

    def _string(self, schema: Mapping[str, Any], _: int) -> Iterator[str]:
        if schema.get("format") in FORMATS:
            yield FORMATS[schema["format"]]
        if "pattern" in schema:
            yield from matching(schema["pattern"])
        for word in self.words:
            least = schema.get("minLength", 0)
            yield (word or "a") * (least // max(len(word), 1) + 1) if len(word) < least else word
        for length in {schema.get("minLength", 0), schema.get("maxLength", 0), schema.get("maxLength", 64) + 1}:
            if length < 10_000:
                yield "a" * length

    def _integer(self, schema: Mapping[str, Any], _: int) -> Iterator[Any]:
        yield from self._number(schema, _)

    def _number(self, schema: Mapping[str, Any], _: int) -> Iterator[Any]:
        step = schema.get("multipleOf", 1)
        for number in self.numbers:
            yield from (number, number + 1, number - 1)
        yield from (step, -step, 2 * step, 3 * step)

    def _boolean(self, *_: Any) -> Iterator[bool]:
        yield from (True, False)

    def _null(self, *_: Any) -> Iterator[None]:
        yield None

    def _array(self, schema: Mapping[str, Any], depth: int) -> Iterator[list[Any]]:
        first = [self.first(entry, depth + 1) for entry in schema.get("prefixItems", ())]
        entries = list(self._best(schema.get("items", True), depth + 1))
        if "contains" in schema:
            for counted in [schema["contains"], *self.counted[:2]]:
                entries += list(self._best(counted, depth + 1))
            entries = [*entries[WIDTH:], *entries[:WIDTH]]
        yield first
        least, most = schema.get("minItems", 0), schema.get("maxItems", 3)
        for size in sorted({least, most, most + 1, 1, 2, 3, max(least, len(first))}):
            missing = size - len(first)
            if entries and 0 < missing <= 50:
                for entry in entries:
                    yield [*first, *[entry] * missing]
                yield [*first, *(entries * missing)[:missing]]
        for index, entry in enumerate(schema.get("prefixItems", ())):
            for value in islice(self.values(entry, depth + 1), WIDTH):
                yield [*first[:index], value, *first[index + 1 :]]

    def _object(self, schema: Mapping[str, Any], depth: int) -> Iterator[dict[str, Any]]:
        declared = schema.get("properties", {})
        others = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
        patterns = schema.get("patternProperties", {})

        def of(name: str) -> Any:
            if name in declared:
                return declared[name]
            matched = [value for pattern, value in patterns.items() if searched(pattern, name)]
            return matched[0] if matched else others

        required = schema.get("required", ())
        least = {name: self.first(of(name), depth + 1) for name in required}
        yield least
        yield {**{name: self.first(declared[name], depth + 1) for name in declared}, **least}
        names = dict.fromkeys([*declared, *chain.from_iterable(matching(key) for key in patterns), *self.words])
        for name in islice(names, 60):
            for value in self._best(of(name), depth + 1):
                yield {**least, name: value}
        for count in (
            schema.get("minProperties", 0),
            schema.get("maxProperties", 2),
            schema.get("maxProperties", 2) + 1,
        ):
            if count <= 50:
                filler = {f"a{n}": self.first(others, depth + 1) for n in range(count)}
                yield dict(list({**least, **filler}.items())[: max(count, len(least))])

    def _collect(self, schema: Any) -> None:
        """Keeps the words, names and numbers that stand in a schema."""
        if isinstance(schema, Mapping):
            for key, value in schema.items():
                self._collect_member(key, value)
        elif isinstance(schema, list):
            for entry in schema:
                self._collect(entry)
        elif isinstance(schema, str):
            self.words += [schema] if len(self.words) < LIMIT else []
        elif isinstance(schema, int | float) and not isinstance(schema, bool):
            self.numbers += [schema] if abs(schema) < 1e300 else []

    def _collect_member(self, key: str, value: Any) -> None:
        if key == "contains" and isinstance(value, Mapping):
            self.counted.append(value)
        if key in ("pattern", "patternProperties"):
            for pattern in [value] if isinstance(value, str) else value:
                self.words += islice(matching(pattern), 3)
        elif not key.startswith("x-") and key not in KEYWORDS:
            self.words += [key] if key.islower() and len(self.words) < LIMIT else []
        if key not in NAMES:
            self._collect(value)


def _merged(schema: Mapping[str, Any], branch: Any) -> dict[str, Any]:
    """Both conditions in a single schema, near enough for a search."""
    if not isinstance(branch, Mapping):
        return dict(schema)
    result = {**schema, **branch}
    if "properties" in schema and "properties" in branch:
        result["properties"] = {**schema["properties"], **branch["properties"]}
    if "required" in schema and "required" in branch:
        result["required"] = [*schema["required"], *branch["required"]]
    return result


def searched(pattern: str, text: str) -> bool:
    """Return whether a pattern is in a text, as far as Python reads it."""
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


def matching(pattern: str) -> Iterator[str]:
    """Texts that match a pattern, as far as Python reads it."""
    try:
        parsed = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return
    for choice in range(3):
        text = "".join(_parts(parsed, choice))
        if searched(pattern, text):
            yield text


def _parts(parsed: Iterable[Any], choice: int) -> Iterator[str]:
    for operator, argument in parsed:
        if operator in (_constants.LITERAL, _constants.NOT_LITERAL):
            yield chr(argument) if operator is _constants.LITERAL else ("a" if argument != ord("a") else "b")
        elif operator is _constants.ANY:
            yield "aZ1"[choice]
        elif operator is _constants.IN:
            yield _member(argument, choice)
        elif operator is _constants.BRANCH:
            yield from _parts(argument[1][choice % len(argument[1])], choice)
        elif operator is _constants.SUBPATTERN:
            yield from _parts(argument[-1], choice)
        elif operator in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            least, most, inner = argument
            for _ in range(min(int(most), least + choice, 200)):
                yield from _parts(inner, choice)


def _member(entries: list[Any], choice: int) -> str:
    ranges = {_constants.CATEGORY_DIGIT: "123", _constants.CATEGORY_SPACE: "   ", _constants.CATEGORY_WORD: "aZ1"}
    texts = []
    for operator, argument in entries:
        if operator is _constants.NEGATE:
            return next((char for char in "aZ1-é" if re.match(_class(entries), char)), "~")
        if operator is _constants.LITERAL:
            texts.append(chr(argument))
        elif operator is _constants.RANGE:
            texts += [chr(argument[0]), chr(argument[1])]
        elif operator is _constants.CATEGORY:
            texts.append(ranges.get(argument, "-~%")[choice])
    return texts[choice % len(texts)] if texts else ""


def _class(entries: list[Any]) -> str:
    """A negated class of characters, written again."""
    known = {_constants.CATEGORY_DIGIT: r"\d", _constants.CATEGORY_SPACE: r"\s", _constants.CATEGORY_WORD: r"\w"}
    text = ""
    for operator, argument in entries:
        if operator is _constants.LITERAL:
            text += re.escape(chr(argument))
        elif operator is _constants.RANGE:
            text += f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
        elif operator is _constants.CATEGORY:
            text += known.get(argument, "")
    return f"[^{text}]"
