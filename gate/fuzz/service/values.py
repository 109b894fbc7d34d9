"""Valid values of members, as far as a schema makes them easy to see."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from gate.contract.nodes import Node
from gate.fuzz.service.schemas import choices, chosen, type_of
from gate.fuzz.survey.samples import matches

HUGE = 1e308
LONGER, LONGEST = 300, 2000
"""Lengths of a long text: where none is documented, and the longest."""
SPECIAL = "\N{LATIN SMALL LETTER E WITH ACUTE}&<\"'\N{LATIN SMALL LIGATURE FI}"
"""Characters that a service may escape, fold or lose."""


@dataclass(frozen=True, slots=True)
class Values:
    """Valid values of members; ``fresh`` makes one where that is not easy."""

    rng: random.Random
    fresh: Callable[[str, Node], Any]

    def valid(self, name: str, node: Node, old: Any) -> list[Any]:
        """Values that a schema allows, as far as that is easy to see, and that are unlike an old one.

        Of a choice they are those of each branch in turn.
        """
        branches = [self._of_branch(name, branch, old) for branch in choices(node)]
        return [value for values in zip_longest(*branches) for value in values if value is not None]

    def _of_branch(self, name: str, schema: Node, old: Any) -> list[Any]:
        rules = schema.value
        if "enum" in rules:
            return [value for value in rules["enum"] if value is not None and value != old]
        match type_ := type_of(rules):
            case "boolean":
                return [not old]
            case "integer" | "number":
                low, high = rules.get("minimum", 0), rules.get("maximum", rules.get("minimum", 0) + 1000)
                middle = low + (high - low) // 3 + 1
                part = middle - 0.75 if type_ == "number" and "multipleOf" not in rules else middle
                return [value for value in (part, low, high) if low <= value <= high and value != old]
            case "array":
                return self._lists(name, schema)
            case "string":
                texts = _texts(rules, self.rng) or ([self.fresh(name, schema)] if "pattern" in rules else [])
                return [text for text in texts if text != old]
        return []

    def _lists(self, name: str, schema: Node) -> list[Any]:
        """A list of several entries that are in no order, as far as a schema allows them."""
        entries: list[Any] = []
        items = schema.child("items", default={})
        for _ in range(2):
            entries += [each for each in self.valid(name, items, None)[:2] if each not in entries]
        entries = entries[: min(3, schema.value.get("maxItems", 3))]
        entries.sort(key=str)
        entries = [*entries[1:], *entries[:1]]
        return [entries] if len(entries) >= max(1, schema.value.get("minItems", 1)) else []


def _texts(rules: Mapping[str, Any], rng: random.Random) -> list[str]:
    token = f"{rng.getrandbits(32):08x}"
    moments = [f"2031-0{rng.randint(1, 9)}-04T05:06:07{zone}" for zone in ("Z", "+05:30")]
    if rules.get("format") == "date-time":
        return moments
    formats = {
        "date": f"2031-0{rng.randint(1, 9)}-04",
        "email": f"gate-{token}@example.org",
        "uri": f"https://example.org/{token}",
        "": f"Gate {token} {SPECIAL}",
    }
    text = formats.get(rules.get("format", ""), "")
    least, most = rules.get("minLength", 0), min(rules.get("maxLength", LONGER), LONGEST)
    if "pattern" in rules:
        decimals = (f"{rng.randint(100, 999)}.{digits}" for digits in ("5678", "56"))
        texts = (text, f"g{token}", token, f"g-{token}@example.org", f"G{token}", *decimals)
        fitting = [each for each in texts if matches(rules["pattern"], each) and least <= len(each) <= most]
        longest = (text + "x" * most)[:most]
        return [*fitting[:1], *([longest] if most > len(text) and matches(rules["pattern"], longest) else ())]
    if not text:
        return []
    longest = [(text + "x" * most)[:most]] if not rules.get("format") and most > len(text) else []
    return [each for each in (text[:most], *longest) if least <= len(each)]


def any_number(node: Node) -> bool:
    """Return whether a schema allows a number of any size."""
    schema = node.follow()
    rules, bounds = schema.value, {"maximum", "exclusiveMaximum", "enum", "const", "multipleOf"}
    own = "number" in ([rules.get("type")] if isinstance(rules.get("type"), str) else rules.get("type") or ())
    if own and not rules.keys() & bounds:
        return True
    keywords = ("anyOf", "oneOf")
    parts = [schema.child(keyword, index) for keyword in keywords for index in range(len(rules.get(keyword, [])))]
    return any(map(any_number, parts))


def may_be_empty(node: Node) -> bool:
    """Return whether a schema allows any text, and an empty one."""
    rules = chosen(node).value
    return (
        type_of(rules) == "string" and not rules.get("minLength") and not rules.keys() & {"pattern", "format", "enum"}
    )
