"""The table of drift: each thing that somebody offers or uses, who does, and the reason where that is not everybody."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from gate.contract.surface import Surface
from gate.core.settings import ROOT

PUBLISHED, SERVED, SUITE, PORTAL = "published", "served", "suite", "portal"
Uses = Mapping[str, set[str]]
"""Names by kind; a kind that is absent was not looked at."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why things that only ``side`` has may be so; ``names`` is a pattern in which ``*`` stands for anything."""

    side: str
    names: str
    reason: str

    def covers(self, row: Row) -> bool:
        """Whether this is why a row drifts."""
        return row.side == self.side and fnmatchcase(row.name, self.names)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that a client can use or see; None stands for not known."""

    kind: str
    name: str
    published: bool
    served: bool
    suite: bool | None
    portal: bool | None
    reason: str = ""

    @property
    def side(self) -> str:
        """Who alone has it, where it drifts; empty where nobody has what is not published, and all is served."""
        if self.published:
            return "" if self.served else PUBLISHED
        if self.served:
            return SERVED
        return PORTAL if self.portal else SUITE

    @property
    def unexplained(self) -> bool:
        """Whether it drifts without a reason."""
        return bool(self.side) and not self.reason

    def as_dict(self) -> dict[str, Any]:
        """Plain members."""
        return asdict(self)


@cache
def accepted() -> tuple[Reason, ...]:
    """The reasons of this repository, ``contracts/drift.toml``."""
    table = tomllib.loads((ROOT / "contracts" / "drift.toml").read_text(encoding="utf-8"))
    return tuple(Reason(**one) for one in table["accepted"])


def rows(
    published: Surface, served: Surface, suite: Uses | None, portal: Uses | None, reasons: Sequence[Reason]
) -> list[Row]:
    """Every thing that any of them has, in an order that does not depend on who."""
    return list(_rows(published, served, suite, portal, reasons))


def _rows(
    published: Surface, served: Surface, suite: Uses | None, portal: Uses | None, reasons: Sequence[Reason]
) -> Iterator[Row]:
    offered = served.names()
    for kind, names in published.names().items():
        by_suite, by_portal = ((uses or {}).get(kind) for uses in (suite, portal))
        for name in sorted(names.union(offered[kind], by_suite or (), by_portal or ())):
            row = Row(kind, name, name in names, name in offered[kind], _in(name, by_suite), _in(name, by_portal))
            yield replace(row, reason=next((one.reason for one in reasons if one.covers(row)), ""))


def _in(name: str, names: set[str] | None) -> bool | None:
    return None if names is None else name in names


def stale(table: Sequence[Row], reasons: Sequence[Reason]) -> list[Reason]:
    """Reasons for what does not drift (any more)."""
    return [one for one in reasons if not any(one.covers(row) for row in table)]
