"""Whether a schema promises the members that a consumer reads.

A member is promised if every form that the schema allows for the answer, and that does not contradict what the consumer
says of it, has the member and requires it, or documents that it may be null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from gate.contract.document import Contract

PRESENT_WITH = "x-beacon-present-with"
"""Extension of a property that is there if, and only if, the request has this query parameter with this value."""

BRANCHES = ("oneOf", "anyOf")
TYPES: tuple[tuple[str, type | tuple[type, ...]], ...] = (
    ("boolean", bool),
    ("integer", int),
    ("number", (int, float)),
    ("string", str),
    ("array", list),
    ("object", dict),
    ("null", type(None)),
)

Form = tuple[Mapping[str, Any], ...]
"""Schemas that all hold at once, without alternatives in them."""


@dataclass(frozen=True)
class Gap:
    """Something that a consumer relies on and a schema does not give: where, what was relied on, what is promised."""

    path: str
    expected: str
    got: str
    value: bool = False  # whether it is about the value, not about the member being there


class Reading:
    """What a consumer reads of one body: an example that has those members alone, and the matchers for its values."""

    def __init__(
        self, contract: Contract, rules: Mapping[str, Sequence[str]], query: Mapping[str, Sequence[str]]
    ) -> None:
        self._contract = contract
        self._rules = rules
        self._query = query

    def gaps(self, schema: Any, value: Any, path: str = "$") -> Iterator[Gap]:
        """What is read and not promised."""
        every = self.forms(schema)
        forms = [form for form in every if self._possible(form, value, path)]
        if not forms and isinstance(value, dict):  # it is a member that none of them allows
            forms = [form for form in every if _of_type(value, _types(form))]
        knowing = [form for form in forms if self._knows(form, value)]
        forms = knowing or forms
        if not forms:
            yield Gap(path, f"a value like {value!r}"[:200], "no form of the schema allows it", value=True)
        elif isinstance(value, dict):
            for name, member in value.items():
                yield from self._member(forms, name, member, path)
        elif isinstance(value, list):
            below = [part for form in forms for part in [_items(form)]]
            for entry in value[:1]:
                if any(part is None for part in below):
                    yield Gap(f"{path}[*]", "entries of a known form", "entries of any form")
                else:
                    yield from self.gaps({"anyOf": below}, entry, f"{path}[*]")

    def forms(self, schema: Any) -> list[Form]:
        """Every form that a schema allows, null apart."""
        schema = self._contract.resolve(schema)
        if not isinstance(schema, Mapping):
            return [({},)] if schema else []
        own = {name: value for name, value in schema.items() if name not in {*BRANCHES, "allOf"}}
        choices: list[list[Form]] = [[(own,)]]
        choices += [self.forms(part) for part in schema.get("allOf", [])]
        choices += [[form for part in schema[name] for form in self.forms(part)] for name in BRANCHES if name in schema]
        return [tuple(one for form in parts for one in form) for parts in product(*choices)]

    def _member(self, forms: Sequence[Form], name: str, member: Any, path: str) -> Iterator[Gap]:
        entry = bool({"eachValue", "eachKey", "values"} & set(self._rules.get(path, ())))
        below = f"{path}.*" if entry else f"{path}.{name}"
        found = [_property(form, name) for form in forms]
        if any(part is None for part in found):
            yield Gap(below, "a member of the schema", "no such member")
            return
        promised = all(self._promised(form, name, part, entry) for form, part in zip(forms, found, strict=True))
        if not promised:
            yield Gap(below, "a member that is required, or may be null", "a member that may be absent")
        yield from self.gaps({"anyOf": found}, member, below)

    def _promised(self, form: Form, name: str, schema: Any, entry: bool) -> bool:
        if any(name in part.get("required", ()) for part in form):
            return True
        declared = next((part["properties"][name] for part in form if name in part.get("properties", {})), None)
        if declared is None or entry:
            # Of a map the consumer takes what entries there are; that there is one of this name nobody said.
            return entry
        wanted = declared.get(PRESENT_WITH, {}) if isinstance(declared, Mapping) else {}
        if wanted and all(self._query.get(parameter) == [value] for parameter, value in wanted.items()):
            return True
        return self._nullable(schema)

    def _nullable(self, schema: Any) -> bool:
        return any("null" in _types(form) for form in self.forms(schema))

    def _knows(self, form: Form, value: Any) -> bool:
        """Whether a form has every member that is read; of several forms the consumer means those."""
        return not isinstance(value, dict) or all(_property(form, name) is not None for name in value)

    def _possible(self, form: Form, value: Any, path: str) -> bool:
        """Whether a form can be what the consumer reads, by types, and by values where the consumer is exact."""
        if not _of_type(value, _types(form)):
            return False
        if not isinstance(value, dict | list) and self._exact(path):
            return all(
                ("const" not in part or part["const"] == value) and ("enum" not in part or value in part["enum"])
                for part in form
            )
        if not isinstance(value, dict):
            return True
        return all(
            any(self._possible(one, member, f"{path}.{name}") for one in self.forms(part))
            for name, member in value.items()
            if not isinstance(member, dict | list) and (part := _property(form, name)) is not None
        )

    def _exact(self, path: str) -> bool:
        return set(self._rules.get(path, ("equality",))) <= {"equality"}


def _property(form: Form, name: str) -> Any:
    """The schema of a member, or None where the form has none of this name."""
    found = [part["properties"][name] for part in form if name in part.get("properties", {})]
    if found:
        return found[0] if len(found) == 1 else {"allOf": found}
    others = [part["additionalProperties"] for part in form if isinstance(part.get("additionalProperties"), Mapping)]
    return others[0] if others and others[0] else None


def _items(form: Form) -> Any:
    return next((part["items"] for part in form if isinstance(part.get("items"), Mapping)), None)


def _types(form: Form) -> set[str]:
    """The types that a form allows; all where it names none."""
    named = [{part["type"]} if isinstance(part["type"], str) else set(part["type"]) for part in form if "type" in part]
    listed = [part.get("enum", [part.get("const")]) for part in form if {"enum", "const"} & part.keys()]
    named += [{kind for value in values for kind in _kinds(value)} for values in listed]
    return set.intersection(*named) if named else {kind for kind, _ in TYPES}


def _of_type(value: Any, types: set[str]) -> bool:
    return bool(_kinds(value) & types)


def _kinds(value: Any) -> set[str]:
    if isinstance(value, bool):
        return {"boolean"}
    return {kind for kind, python in TYPES if isinstance(value, python)}
