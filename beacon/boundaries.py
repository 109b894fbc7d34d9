"""Values at, just below and just beyond every limit of the published contract, and in other spellings.

They are generated from the schemas, which also say which of them are valid; nothing is listed by hand.
"""

from __future__ import annotations

import copy
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zlib import crc32

from beacon import jobs
from gate.contract.document import Contract
from gate.contract.parts import fields
from gate.core.pointer import join, resolve

MISSING = object()
WRONG_TYPES: tuple[Any, ...] = (None, True, 1, "x", [], {})
HUGE = (2**53 + 1, 2**63, 10**30, 1e300)
ASTRAL = "\U0001f600"
SIGNED = ("/signature", "/public_key", "/metadata/timestamp", "/metadata/nonce")
"""Members with limits that hold for signed JobSpecs alone."""
Keywords = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """A body in which the member at ``pointer`` has another value, or is missing."""

    pointer: str
    value: Any
    body: Any
    valid: bool

    @property
    def part(self) -> int:
        """A number that spreads cases evenly, the same for a member in either workflow."""
        return crc32(str(self).removeprefix("/job_spec").encode())

    def __str__(self) -> str:
        text = "is missing" if self.value is MISSING else json.dumps(self.value)
        return f"{self.pointer} {text[:40]}" + (f"... of {len(text)}" if len(text) > 40 else "")


def full_spec(job_id: str) -> jobs.Spec:
    """A JobSpec with every member that an unsigned one can have."""
    spec = jobs.spec(job_id, regions=("US", "EU", "ASIA"), timeout=60 * jobs.NANOSECONDS, min_success_rate=0.5)
    spec["benchmark"] |= {"version": "1.1", "scoring": {"method": "none", "parameters": {}}}
    spec["constraints"]["provider_timeout"] = 60 * jobs.NANOSECONDS
    models = ["llama3.2-1b", {"id": "mistral-7b"}, {"name": "qwen2.5-1.5b"}]
    spec["metadata"] |= {"models": models, "model": "llama3.2-1b"}
    return {**spec, "runs": 1, "wallet_auth": {}, "created_at": "yesterday"}


class Boundaries:
    """The cases of the request body of one operation."""

    def __init__(self, contract: Contract, operation: str) -> None:
        self._root = contract.parts.roots[f"{operation} body"]
        self._validator = contract.validator(self._root.value)

    @cached_property
    def _keywords(self) -> dict[str, Keywords]:
        """The values of each keyword at each pointer, over all schemas that hold there."""
        merged: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        for pointer, node in fields(self._root):
            for keyword, value in node.value.items():
                merged[pointer][keyword].append(value)
        return {pointer: dict(keywords) for pointer, keywords in merged.items()}

    def cases(self, body: Any, below: str = "") -> Iterator[Case]:
        """The cases of every member at and below a pointer, valid and invalid, each in a copy of ``body``."""
        for pattern, keywords in self._keywords.items():
            pointer, base = place(body, pattern)
            if not pattern or pattern.removeprefix(below) in SIGNED or not has(body, pointer.rpartition("/")[0]):
                continue
            seen = set()
            for value in (*([] if pattern.endswith("*") else [MISSING]), *values(base, keywords)):
                if (text := repr(value)) not in seen and value is not base:
                    seen.add(text)
                    changed = put(copy.deepcopy(body), pointer, value)
                    yield Case(pointer, value, changed, self.valid(changed))
        yield from self._demanded(body)

    def _demanded(self, body: Any) -> Iterator[Case]:
        """Cases in which a condition of the schema holds in another spelling, and what it demands is missing."""
        for pointer, node in fields(self._root):
            demanded = node.value.get("then", {}).get("required", ())
            conditions = fields(node.child("if"), pointer) if demanded and has(body, pointer) else ()
            for pattern, condition in conditions:
                at, base = place(body, pattern)
                for text in spellings(base) if "pattern" in condition.value and isinstance(base, str) else ():
                    for missing in (f"{pointer}/{name}" for name in demanded):
                        changed = put(put(copy.deepcopy(body), at, text), missing, MISSING)
                        if not self.valid(changed):
                            yield Case(missing, MISSING, changed, valid=False)

    def others(self, body: Any) -> Iterator[Case]:
        """Valid bodies that differ from ``body`` in a single place, one for each place."""
        for pointer, value in everywhere(body):
            for other in near(value):
                changed = put(copy.deepcopy(body), pointer, other)
                if self.valid(changed):
                    yield Case(pointer, other, changed, valid=True)
                    break

    def valid(self, body: Any) -> bool:
        """Return whether the schema allows a body."""
        return bool(self._validator.is_valid(body))

    def together(self, body: Any, cases: Sequence[Case]) -> list[Any]:
        """Valid bodies that hold, all in all, the value of every valid case."""
        waiting = [case for case in cases if case.valid]
        bodies = []
        while waiting:
            merged, used = copy.deepcopy(body), list[Case]()
            for case in waiting:
                if all(apart(case.pointer, other.pointer) for other in used):
                    tried = put(copy.deepcopy(merged), case.pointer, case.value)
                    if self.valid(tried):
                        merged = tried
                        used.append(case)
            if not used:
                raise AssertionError(f"no body holds {waiting[0]}")
            bodies.append(merged)
            waiting = [case for case in waiting if case not in used]
        return bodies


def everywhere(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Each place within a value, with what stands there."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in pairs:
        yield at + join(step), child
        yield from everywhere(child, at + join(step))


def near(value: Any) -> Iterator[Any]:
    """Values that are not equal to a value, but that a careless comparison may take for it."""
    match value:
        case bool():
            yield from (int(value), not value)
        case int():
            yield from (value + 1, value - 1)
        case float():
            yield value / 2
        case str():
            yield from (f"{value} ", f"{value}x", value.swapcase())
        case dict():
            yield {**value, "one more": None}
        case list():
            yield from ([value[::-1]] if value != value[::-1] else [])
            yield from (value[1:], [*value, *value[:1]])
        case None:
            yield from (False, 0, {})


def apart(pointer: str, other: str) -> bool:
    """Return whether neither of two places is in the other."""
    return not f"{pointer}/".startswith(f"{other}/") and not f"{other}/".startswith(f"{pointer}/")


def place(body: Any, pattern: str) -> tuple[str, Any]:
    """The first pointer that a pattern matches in ``body``, with its value; MISSING where no member matches."""
    for index in "012":
        pointer = pattern.replace("*", index)
        try:
            return pointer, resolve(body, pointer)
        except LookupError:
            continue
    return pattern.replace("*", "0"), MISSING


def has(body: Any, pointer: str) -> bool:
    """Return whether there are members below a pointer."""
    try:
        return isinstance(resolve(body, pointer), dict | list)
    except LookupError:
        return False


def values(base: Any, keywords: Keywords) -> Iterator[Any]:
    """Values around the limits that keywords set, and ``base`` in other spellings and types."""
    yield from WRONG_TYPES
    yield from _numbers(keywords)
    names = [name for listed in keywords.get("enum", ()) for name in listed]
    for text in names or ([base] if isinstance(base, str) else []):
        yield text
        if "pattern" in keywords or names:
            yield from spellings(text)
    yield from _texts(base, keywords)
    for number in _around(keywords, "minItems", "maxItems"):
        if isinstance(base, list) and base:
            yield [_numbered(base[index % len(base)], index) for index in range(number)]
    if True in keywords.get("uniqueItems", ()) and isinstance(base, list):
        yield [*base[:1], *base[:1]]


def spellings(text: str) -> Iterator[str]:
    """Texts that a careless reader takes for another one."""
    wide = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)
    yield from (f"{text}\n", f" {text}", f"{text} ", f"{text}\u0660", f"{text}\u200b", wide, text.swapcase())
    yield re.sub("[aA]", "\u0430", text) if re.search("[aA]", text) else f"{text}\u0430"


def _around(keywords: Keywords, least: str, most: str) -> list[int]:
    """Each limit, and the number just beyond it."""
    below = [n for limit in keywords.get(least, ()) for n in (limit - 1, limit)]
    above = [n for limit in keywords.get(most, ()) for n in (limit, limit + 1)]
    return sorted({number for number in below + above if number >= 0})


def _numbers(keywords: Keywords) -> Iterator[Any]:
    lowest, highest = [*keywords.get("minimum", ()), *keywords.get("exclusiveMinimum", ())], keywords.get("maximum", ())
    for limit in lowest:
        yield from (limit - 1, limit, float(limit), str(limit))
    for limit in highest:
        yield from (limit, limit + 1, limit + 0.5, limit + 2**-50, limit - 0.5)
    if lowest:
        yield from (*HUGE, 5e-324, -0.0)


def _texts(base: Any, keywords: Keywords) -> Iterator[str]:
    """Texts at the limits of a length, in the letters of the pattern or in characters beyond the basic plane."""
    for number in _around(keywords, "minLength", "maxLength"):
        start = base[:number] if isinstance(base, str) and len(base) < number else ""
        yield start + "x" * (number - len(start))
        yield ASTRAL * number


def _numbered(value: Any, index: int) -> Any:
    """A value like another of its list."""
    return {**value, "id": f"model-{index}"} if isinstance(value, dict) else value


def put(body: Any, pointer: str, value: Any) -> Any:
    """``body`` with a value at a pointer, or without the member there."""
    parent, _, name = pointer.rpartition("/")
    holder = resolve(body, parent)
    if isinstance(holder, list):
        holder[int(name)] = value
    elif value is MISSING:
        holder.pop(name, None)
    else:
        holder[name] = value
    return body
