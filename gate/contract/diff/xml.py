"""Changes of the elements and attributes in which XML holds the members of a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gate.contract.diff.keywords import SchemaChange
from gate.contract.diff.rules import SchemaRule
from gate.contract.diff.views import conjuncts
from gate.contract.nodes import Node


def elements(old: Node, new: Node) -> list[SchemaChange]:
    """Members that both schemas have and that stand in another element, attribute or namespace."""
    comparison = _Elements()
    root = [str(_written(node.document, side).get("name", "")) for node, side in ((old, old.value), (new, new.value))]
    if all(root) and root[0] != root[1]:
        comparison.change(new.pointer, f"xml: element {root[0]} -> {root[1]}")
    comparison.below(old, new, "")
    return comparison.changes


@dataclass
class _Elements:
    changes: list[SchemaChange] = field(default_factory=list)
    _seen: set[tuple[str, str, str]] = field(default_factory=set)

    def change(self, pointer: str, text: str) -> None:
        self.changes.append(SchemaChange(SchemaRule.READING_CHANGED, pointer, text, severity="breaking"))

    def below(self, old: Node, new: Node, name: str) -> None:
        """Compares what stands in the element ``name``."""
        old, new = old.follow(), new.follow()
        if (old.pointer, new.pointer, name) in self._seen:
            return
        self._seen.add((old.pointer, new.pointer, name))
        before, after = _members(old), _members(new)
        for member in [member for member in before if member in after]:
            here, there = before[member], after[member]
            forms = [_form(side.document, side.value, member) for side in (here, there)]
            if forms[0] != forms[1]:
                self.change(there.child("xml").pointer, f"xml: {member} {_text(forms[0])} -> {_text(forms[1])}")
            self.below(here, there, member)
        here, there = old.child("items"), new.child("items")
        if isinstance(here.value, Mapping) and isinstance(there.value, Mapping):
            self.below(here, there, name)


def _members(schema: Node) -> dict[str, Node]:
    """The declared members of a schema and of those that it names by ``$ref`` and ``allOf``."""
    return {
        name: Node(schema.document, f"{schema.pointer}/properties/{name}", member)
        for part in conjuncts(schema.document, schema.value)
        for name, member in (part.get("properties") or {}).items()
    }


def _written(document: Mapping[str, Any], schema: Any) -> dict[str, Any]:
    """The members of ``xml`` of a schema, and of those that it names by ``$ref`` and ``allOf``."""
    listed = [part.get("xml") for part in conjuncts(document, schema)]
    return {key: value for xml in reversed(listed) if isinstance(xml, Mapping) for key, value in xml.items()}


def _form(document: Mapping[str, Any], schema: Any, name: str) -> tuple[tuple[str, str, str], ...]:
    """The elements around a value, the outer first: kind, namespace, name. A prefix means nothing of its own."""
    xml = _written(document, schema)
    kind = "attribute" if xml.get("attribute") is True else "element"
    own = (kind, str(xml.get("namespace", "")), str(xml.get("name", name)))
    entries = next((part["items"] for part in conjuncts(document, schema) if "items" in part), None)
    if entries is None:
        return (own,)
    wrapped = xml.get("wrapped") is True
    inner = _form(document, entries, own[2] if wrapped else name)
    return (own, *inner) if wrapped else inner


def _text(form: tuple[tuple[str, str, str], ...]) -> str:
    return "/".join(
        f"{'@' if kind == 'attribute' else ''}{space and f'{{{space}}}'}{name}" for kind, space, name in form
    )
