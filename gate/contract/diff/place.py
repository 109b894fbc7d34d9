"""The operation and the part of it that a change belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gate.contract.diff.change import Change, Where
from gate.contract.diff.rules import Rule, rules
from gate.contract.nodes import Node


@dataclass(frozen=True)
class Place:
    """An operation and a part of it."""

    operation: str
    location: str

    def at(self, location: str) -> Place:
        """Another part of the same operation."""
        return replace(self, location=location)

    def change(self, rule: Rule, node: Node, text: str, old: Any = None, new: Any = None, severity: str = "") -> Change:
        """A change here; ``node`` is its place in the document, ``severity`` empty for that of the rule."""
        where = Where(self.operation, self.location, node.pointer)
        return Change(rule.code, severity or rules()[rule.code].severity, where, text, old, new)
