"""A change between two documents; changes with the same cause are merged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from gate.contract.diff.rules import SEVERITIES, rules


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a change: the operation, the part of it, and the JSON pointer.

    The pointer goes into the new document, or into the old one where the place is gone; references are followed, so it
    names the component that was edited.
    """

    operation: str
    location: str
    pointer: str

    def __str__(self) -> str:
        return ", ".join(part for part in (self.operation, self.location) if part) or "document"


@dataclass(frozen=True, slots=True)
class Change:
    """A change; ``also`` names further places that share the component that was edited."""

    rule: str
    severity: str
    where: Where
    text: str
    old: Any = None
    new: Any = None
    also: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        """The title of the rule."""
        return rules()[self.rule].title

    def as_dict(self) -> dict[str, Any]:
        """Plain members, for a file."""
        members = asdict(self)
        return members | {"what": members.pop("text"), "title": self.title, "also": list(self.also)}


def ranked(changes: Iterable[Change]) -> list[Change]:
    """The changes, worst first; those that come from one edit of a component are merged."""
    merged: dict[tuple[str, ...], Change] = {}
    for change in changes:
        key = (change.rule, change.severity, change.where.pointer, change.text)
        known = merged.setdefault(key, change)
        place = str(change.where)
        if place != str(known.where) and place not in known.also:
            merged[key] = replace(known, also=(*known.also, place))
    return sorted(
        merged.values(), key=lambda change: (SEVERITIES.index(change.severity), change.rule, change.where.pointer)
    )
