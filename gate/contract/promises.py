"""The members that a schema promises to a consumer.

A member is promised if every form of the schema that agrees with the consumer's example has the member, and requires it
or documents that it may be null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

from gate.contract.document import Contract

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
    """A part of a body that a consumer relies on and a schema does not promise."""

    path: str
    expected: str
    got: str
    value: bool = False  # the gap is the value, not the presence of the member


class Reading:
    """The matchers and the query of a consumer, by which an example of a body is held against a schema."""

    def __init__(
        self, contract: Contract, rules: Mapping[str, Sequence[str]], query: Mapping[str, Sequence[str]]
    ) -> None:
        self._contract = contract
        self._rules = rules
        self._query = query

    def gaps(self, schema: Any, value: Any, path: str = "$") -> Iterator[Gap]:
        """The parts of an example that a schema does not promise."""
        candidates = self.forms(schema)
        forms = [form for form in candidates if self._possible(form, value, path)]
        if not forms and isinstance(value, dict):  # a member has a value that no form allows
            forms = [form for form in candidates if _kinds(value) & _types(form)]
        forms = [form for form in forms if self._has_members(form, value)] or forms
        if not forms:
            yield Gap(path, f"a value like {value!r}", "no form of the schema allows it", value=True)
        elif isinstance(value, dict):
            for name, member in value.items():
                yield from self._member(forms, name, member, path)
        elif isinstance(value, list):
            items = [_items(form) for form in forms]
            if value and None in items:
                yield Gap(f"{path}[*]", "entries of a known form", "entries of any form")
            elif value:
                yield from self.gaps({"anyOf": items}, value[0], f"{path}[*]")

    def forms(self, schema: Any) -> list[Form]:
        """Every form that a schema allows."""
        schema = self._contract.resolve(schema)
        if not isinstance(schema, Mapping):
            return [({},)] if schema else []
        own = {name: value for name, value in schema.items() if name not in {*BRANCHES, "allOf"}}
        choices: list[list[Form]] = [[(own,)]]
        choices += [self.forms(part) for part in schema.get("allOf", [])]
        choices += [[form for part in schema[name] for form in self.forms(part)] for name in BRANCHES if name in schema]
        return [tuple(chain.from_iterable(forms)) for forms in product(*choices)]

    def _member(self, forms: Sequence[Form], name: str, member: Any, path: str) -> Iterator[Gap]:
        entry = bool({"eachValue", "eachKey", "values"} & set(self._rules.get(path, ())))
        below = f"{path}.*" if entry else f"{path}.{name}"
        schemas = [_property(form, name) for form in forms]
        if any(schema is None for schema in schemas):
            yield Gap(below, "a member of the schema", "no such member")
            return
        if not all(self._promised(form, name, schema, entry) for form, schema in zip(forms, schemas, strict=True)):
            yield Gap(below, "a member that is required, or may be null", "a member that may be absent")
        yield from self.gaps({"anyOf": schemas}, member, below)

    def _promised(self, form: Form, name: str, schema: Any, entry: bool) -> bool:
        if any(name in part.get("required", ()) for part in form):
            return True
        declared = next((part["properties"][name] for part in form if name in part.get("properties", {})), None)
        if declared is None or entry:
            return entry  # a consumer reads the entries that a map has, whatever their names
        extension = self._contract.conventions.present_with
        wanted = declared.get(extension, {}) if isinstance(declared, Mapping) else {}
        if wanted and all(self._query.get(parameter) == [value] for parameter, value in wanted.items()):
            return True
        return any("null" in _types(form) for form in self.forms(schema))

    def _has_members(self, form: Form, value: Any) -> bool:
        """Return whether a form has every member that the consumer reads."""
        return not isinstance(value, dict) or all(_property(form, name) is not None for name in value)

    def _possible(self, form: Form, value: Any, path: str) -> bool:
        """Return whether a form agrees with an example, by types, and by values where the consumer is exact."""
        if not _kinds(value) & _types(form):
            return False
        if not isinstance(value, dict | list) and self._exact(path):
            return all(
                ("const" not in part or part["const"] == value) and ("enum" not in part or value in part["enum"])
                for part in form
            )
        if not isinstance(value, dict):
            return True
        return all(
            any(self._possible(below, member, f"{path}.{name}") for below in self.forms(part))
            for name, member in value.items()
            if not isinstance(member, dict | list) and (part := _property(form, name)) is not None
        )

    def _exact(self, path: str) -> bool:
        return set(self._rules.get(path, ("equality",))) <= {"equality"}


def _property(form: Form, name: str) -> Any:
    """The schema of a member; None where the form has no such member."""
    declared = [part["properties"][name] for part in form if name in part.get("properties", {})]
    if declared:
        return declared[0] if len(declared) == 1 else {"allOf": declared}
    others = [part["additionalProperties"] for part in form if isinstance(part.get("additionalProperties"), Mapping)]
    return others[0] if others and others[0] else None


def _items(form: Form) -> Any:
    return next((part["items"] for part in form if isinstance(part.get("items"), Mapping)), None)


def _types(form: Form) -> set[str]:
    """The types that a form allows; all of them where it does not say."""
    named = [{part["type"]} if isinstance(part["type"], str) else set(part["type"]) for part in form if "type" in part]
    listed = [part.get("enum", [part.get("const")]) for part in form if {"enum", "const"} & part.keys()]
    named += [{kind for value in values for kind in _kinds(value)} for values in listed]
    return set.intersection(*named) if named else {kind for kind, _ in TYPES}


def _kinds(value: Any) -> set[str]:
    if isinstance(value, bool):
        return {"boolean"}
    return {kind for kind, python in TYPES if isinstance(value, python)}
