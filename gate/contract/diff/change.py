"""One change between two documents, and how changes with the same cause become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from gate.contract.diff.rules import SEVERITIES, rules


@dataclass(frozen=True, slots=True)
class Where:
    """Where a change shows: the operation, the part of it, and the JSON pointer.

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
    """One change; ``also`` are the other places that it shows at, when the document says it once for several."""

    rule: str
    severity: str
    where: Where
    what: str
    old: Any = None
    new: Any = None
    also: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        """What the rule is about."""
        return rules()[self.rule].title

    def as_dict(self) -> dict[str, Any]:
        """Plain members, for a file."""
        return asdict(self) | {"title": self.title, "also": list(self.also)}


def ranked(changes: Iterable[Change]) -> list[Change]:
    """The changes, worst first; those that one edit of a component made at several places are one."""
    merged: dict[tuple[str, ...], Change] = {}
    for change in changes:
        key = (change.rule, change.severity, change.where.pointer, change.what)
        known = merged.setdefault(key, change)
        place = str(change.where)
        if place != str(known.where) and place not in known.also:
            merged[key] = replace(known, also=(*known.also, place))
    return sorted(merged.values(), key=lambda one: (SEVERITIES.index(one.severity), one.rule, one.where.pointer))
