"""Random schemas, schemas near them, and random values near both."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

from benchmarks.changes.schemas import Schema

NAMES = ("a", "b", "c", "x-a", "dd")
TEXTS = ("", "a", "b", "c", "aab", "x-1", "A", "é", "aaaaa", "12", "true")
NUMBERS = (0, 1, -1, 2, 3, 4, 5, 6, 9, 10, 0.5, 1.5, -2.5, 1.0, 2**31 - 1, 2**31, -(2**31) - 1, 2**63, 1e40)
PLAIN: tuple[Any, ...] = (None, True, False, *TEXTS[:6], *NUMBERS[:8], [], {})
DEEPEST = 2


class Schemas:
    """Random schemas of the keywords that a comparison looks at."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def schema(self, depth: int = 0) -> Any:
        """A schema; below ``DEEPEST`` it is one of a scalar."""
        kinds: tuple[Callable[[int], Any], ...] = (self._text, self._number, self._listed)
        if depth < DEEPEST:
            kinds += (self._object, self._object, self._array, self._combined, self._conditional, self._anything)
        return self._random.choice(kinds)(depth)

    def near(self, schema: Any) -> Any:
        """A schema that differs from another in a few keywords, at any depth; sometimes a new one."""
        random = self._random
        if random.random() < 0.2 or not isinstance(schema, dict):
            return self.schema()
        result: Schema = copy.deepcopy(schema)
        here, depth = result, 0
        while isinstance(here.get("properties"), dict) and here["properties"] and random.random() < 0.5:
            name, depth = random.choice(sorted(here["properties"])), depth + 1
            if random.random() < 0.3 or not isinstance(here["properties"][name], dict):
                here["properties"][name] = self.schema(DEEPEST)
                return result
            here = here["properties"][name]
        if random.random() < 0.4:
            here.pop(random.choice(sorted(here)), None) if here else None
            return result
        more = self.schema(max(depth, 1))
        here.update({key: value for key, value in more.items() if key != "type"} if isinstance(more, dict) else {})
        return result

    def _text(self, _: int) -> Schema:
        random = self._random
        limits: tuple[Schema, ...] = (
            {},
            {"minLength": random.randint(0, 3)},
            {"maxLength": random.randint(1, 4)},
            {"pattern": random.choice(("^a", "a+b", "^x-", "^[a-c]*$", "^[a-z]{1,3}$"))},
            {"format": random.choice(("date", "uuid", "email", "byte", "own"))},
        )
        return {"type": random.choice(("string", "string", ["string", "null"])), **random.choice(limits)}

    def _number(self, _: int) -> Schema:
        random = self._random
        limits: tuple[Schema, ...] = (
            {},
            {"minimum": random.randint(-2, 3)},
            {"exclusiveMaximum": random.randint(1, 9)},
            {"minimum": 0, "maximum": random.randint(1, 9)},
            {"format": random.choice(("int32", "int64", "float"))},
            {"multipleOf": random.choice((2, 3, 0.5))},
        )
        return {"type": random.choice(("integer", "number", ["integer", "null"])), **random.choice(limits)}

    def _listed(self, _: int) -> Schema:
        random = self._random
        words: list[Any] = random.sample([*TEXTS[1:4], 1, None, True], random.randint(1, 3))
        return random.choice(({"enum": words}, {"const": words[0]}, {"type": "boolean"}))

    def _anything(self, depth: int) -> Any:
        return self._random.choice((True, {}, {"not": self.schema(depth + 1)}))

    def _array(self, depth: int) -> Schema:
        random, entry = self._random, self.schema(depth + 1)
        limits: tuple[Schema, ...] = (
            {},
            {"items": entry},
            {"items": entry, "minItems": random.randint(0, 2)},
            {"items": entry, "maxItems": random.randint(0, 2)},
            {"contains": entry, **random.choice(({}, {"minContains": 2}, {"maxContains": 1}))},
            {"prefixItems": [entry], "items": random.choice((True, False, self.schema(depth + 1)))},
            {"uniqueItems": True},
            {"prefixItems": [entry], "unevaluatedItems": random.choice((False, self.schema(depth + 1)))},
        )
        return {"type": "array", **random.choice(limits)}

    def _object(self, depth: int) -> Schema:
        random = self._random
        names = random.sample(NAMES[:3], random.randint(0, 3))
        limits: tuple[Schema, ...] = (
            {},
            {},
            {"additionalProperties": False},
            {"additionalProperties": self.schema(depth + 1)},
            {"propertyNames": {"maxLength": 1}},
            {"patternProperties": {"^x-": self.schema(depth + 1)}},
            {"dependentRequired": {"a": ["b"]}},
            {"dependentSchemas": {"a": {"required": ["c"]}}},
            {"unevaluatedProperties": False},
            {"minProperties": random.randint(0, 2)},
            {"maxProperties": random.randint(0, 3)},
        )
        return {
            "type": "object",
            "properties": {name: self.schema(depth + 1) for name in names},
            "required": [name for name in NAMES[:3] if random.random() < 0.3],
            **random.choice(limits),
        }

    def _combined(self, depth: int) -> Schema:
        branches = [self.schema(depth + 1) for _ in range(self._random.randint(1, 3))]
        return {self._random.choice(("anyOf", "oneOf", "allOf")): branches}

    def _conditional(self, depth: int) -> Schema:
        parts = {key: self.schema(depth + 1) for key in ("if", "then", "else")}
        parts.pop(self._random.choice(("then", "else", "")), None)
        return parts


class Values:
    """Random values that are near to what some schemas accept; none of them is promised to be valid."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def value(self, schema: Any, depth: int = 0) -> Any:
        """A value that keeps most of the conditions of a schema."""
        random = self._random
        if not isinstance(schema, dict) or random.random() < 0.1 or depth > 2 * DEEPEST:
            return copy.deepcopy(random.choice(PLAIN))
        if "enum" in schema or "const" in schema:
            return random.choice(schema.get("enum") or [schema["const"]])
        below = [key for key in ("anyOf", "oneOf", "allOf", "then", "else", "if", "not") if key in schema]
        if below and ("type" not in schema or random.random() < 0.3):
            branch = schema[random.choice(below)]
            return self.value(random.choice(branch) if isinstance(branch, list) else branch, depth)
        named = schema.get("type", random.choice(("string", "integer", "object", "array")))
        kind = random.choice(named) if isinstance(named, list) else named
        return getattr(self, f"_{kind}")(schema, depth)

    def _string(self, _: Schema, __: int) -> str:
        return self._random.choice((*TEXTS, "2024-01-31", "a@example.org", "123e4567-e89b-12d3-a456-426614174000"))

    def _number(self, schema: Schema, _: int) -> Any:
        near = [schema[key] for key in ("minimum", "maximum", "exclusiveMaximum", "multipleOf") if key in schema]
        number = self._random.choice((*near, *NUMBERS))
        return number + self._random.choice((0, 0, 1, -1, 0.5)) if abs(number) < 1e9 else number

    def _integer(self, schema: Schema, depth: int) -> Any:
        number = self._number(schema, depth)
        return int(number) if self._random.random() < 0.8 else number

    def _boolean(self, *_: Any) -> bool:
        return self._random.random() < 0.5

    def _null(self, *_: Any) -> None:
        return None

    def _array(self, schema: Schema, depth: int) -> list[Any]:
        kinds = [schema.get("items"), schema.get("contains"), *schema.get("prefixItems", ()), True]
        value = [self.value(entry, depth + 1) for entry in schema.get("prefixItems", ())]
        return value + [self.value(self._random.choice(kinds), depth + 1) for _ in range(self._random.randint(0, 3))]

    def _object(self, schema: Schema, depth: int) -> Schema:
        random, declared = self._random, schema.get("properties", {})
        others = random.choice((schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()))
        chance = random.choice((0.1, 0.5, 0.9))
        names = [name for name in NAMES if name in schema.get("required", ()) or random.random() < chance]
        return {name: self.value(declared.get(name, others), depth + 1) for name in names if random.random() < 0.95}
