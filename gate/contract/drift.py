"""Drift: parts of a contract that not all sides have, and the accepted reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from gate.contract.consumer_use import Uses
from gate.contract.parts import Parts
from gate.core.documents import load_toml

PUBLISHED, SERVED = "published", "served"


@dataclass(frozen=True, slots=True)
class Reason:
    """The accepted reason for parts that only ``side`` has; in ``names``, ``*`` stands for anything."""

    side: str
    names: str
    reason: str

    def covers(self, row: Row) -> bool:
        """Return whether a row drifts for this reason."""
        return row.side == self.side and fnmatchcase(row.name, self.names)


@dataclass(frozen=True, slots=True)
class Row:
    """A part of a contract, and the sides that have it; ``uses`` says it by user, None for not known."""

    kind: str
    name: str
    published: bool
    served: bool
    uses: Mapping[str, bool | None] = field(default_factory=dict)
    reason: str = ""

    @property
    def side(self) -> str:
        """The only side that has a part that drifts, or the last user of what nobody offers; empty without drift."""
        if self.published:
            return "" if self.served else PUBLISHED
        return SERVED if self.served else next(name for name, used in reversed([*self.uses.items()]) if used)

    @property
    def unexplained(self) -> bool:
        """Return whether the row drifts without a reason."""
        return bool(self.side) and not self.reason

    def as_dict(self) -> dict[str, Any]:
        """Plain members, one for each user."""
        members = asdict(self)
        return {**members.pop("uses"), **members}


@cache
def accepted(path: Path) -> tuple[Reason, ...]:
    """The accepted reasons in a TOML file; raises DocumentError."""
    return load_toml(path, tuple[Reason, ...], "[[accepted]] tables of side, names and reason", "accepted")


def rows(published: Parts, served: Parts, users: Mapping[str, Uses | None], reasons: Sequence[Reason]) -> list[Row]:
    """Every part that any side has, by kind and name; ``users`` are parts by the name of who uses them."""
    table: list[Row] = []
    offered = served.names()
    for kind, names in published.names().items():
        used = {user: (uses or {}).get(kind) for user, uses in users.items()}
        for name in sorted(names.union(offered[kind], *(parts or () for parts in used.values()))):
            by_user = {user: None if parts is None else name in parts for user, parts in used.items()}
            table.append(Row(kind, name, name in names, name in offered[kind], by_user))
    table += [replace(row, uses=dict.fromkeys(users, False)) for row in _bounds(published, served)]
    return [replace(row, reason=next((entry.reason for entry in reasons if entry.covers(row)), "")) for row in table]


def _bounds(published: Parts, served: Parts) -> Iterator[Row]:
    """A row for each value of a bound that both documents state, but with no value in common."""
    ours, theirs = published.bounds(), served.bounds()
    for place in sorted(ours.keys() & theirs.keys()):
        if not ours[place] & theirs[place]:
            for value in sorted(ours[place] | theirs[place]):
                yield Row("bounds", f"{' '.join(place)} {value}", value in ours[place], value in theirs[place])


def stale(table: Sequence[Row], reasons: Sequence[Reason]) -> list[Reason]:
    """Reasons for differences that are gone."""
    return [reason for reason in reasons if not any(reason.covers(row) for row in table)]
