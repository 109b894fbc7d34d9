"""A change between two documents; changes with the same cause are merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from gate.contract.diff.containment import Containment
from gate.contract.diff.rules import SEVERITIES, Direction, rules
from gate.contract.diff.trail import Trail


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
        return ", ".join(filter(None, (self.operation, self.location))) or "document"


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """The schemas behind a change, their direction, and what compared them."""

    trail: Trail
    direction: Direction
    containment: Containment


@dataclass(frozen=True, slots=True)
class Example:
    """A request that was accepted and is refused now, or an answer that may come now and could not before.

    ``value`` is the body, parameter or header that shows it; it is valid in one document and not in the other.
    """

    text: str
    value: Any = None


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
    example: Example | None = field(default=None)
    proof: Proof | None = field(default=None, repr=False, compare=False)
    repeats: Sequence[Change] = field(default=(), repr=False, compare=False)
    """The changes of a component that are the same here as at a place before; this one stands for them."""

    @property
    def title(self) -> str:
        """The title of the rule."""
        return rules()[self.rule].title

    @property
    def key(self) -> tuple[str, ...]:
        """Rule, severity, pointer and text, which changes from one edit of a component share."""
        return self.rule, self.severity, self.where.pointer, self.text

    @property
    def distance(self) -> int:
        """Schemas between the place and the one that changed."""
        return self.proof.trail.length if self.proof else 0

    def as_dict(self) -> dict[str, Any]:
        """Plain members, for a file."""
        members = asdict(replace(self, proof=None))
        members |= {"what": members.pop("text"), "title": self.title, "also": list(self.also)}
        del members["proof"], members["repeats"]
        return members


def ranked(changes: Iterable[Change]) -> list[Change]:
    """The changes, worst first; those from one edit of a component are one, at the place that is nearest to it."""
    merged: dict[tuple[str, ...], Change] = {}
    places: dict[tuple[str, ...], dict[str, None]] = {}
    for change in changes:
        if change.repeats:
            place = str(change.where)
            for repeated in change.repeats:
                places.setdefault(repeated.key, {})[place] = None
            continue
        key = change.key
        known = merged.get(key)
        if known is None:
            merged[key] = change
        elif change.where != known.where:
            first, other = (change, known) if change.distance < known.distance else (known, change)
            places.setdefault(key, {})[str(other.where)] = None
            merged[key] = first
    merged = {
        key: replace(change, also=tuple(place for place in places[key] if place != str(change.where)))
        if key in places
        else change
        for key, change in merged.items()
    }
    return sorted(
        merged.values(), key=lambda change: (SEVERITIES.index(change.severity), change.rule, change.where.pointer)
    )
