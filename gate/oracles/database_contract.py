"""Everything that a pack promises of its service's database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import LiteralString

from pydantic import BaseModel

from gate.core.findings import Code
from gate.core.record import Rows
from gate.oracles.invariants import Invariant
from gate.oracles.registry import database_has_no


@dataclass(frozen=True, slots=True)
class Table:
    """Contract of one table's rows, and the code of a finding on them.

    ``shared`` says that a row belongs to no single resource. ``submitted`` says that only an accepted request inserts
    rows, so that their number stays while the service is at work.
    """

    model: type[BaseModel]
    code: Code
    shared: bool = False
    submitted: bool = False


@dataclass(frozen=True)
class DatabaseContract:
    """The contract of a database.

    ``queue`` names tables that are empty while the service is idle, and ``foreign`` patterns (SQL LIKE) of tables that
    are somebody else's, such as those of a queue. ``unfinished`` counts the resources that the service still works on,
    and ``status`` is the column (``table.column``) that shows it. ``response_columns`` has the columns that
    responses show. ``offending`` has, by the name of each invariant, the fewest rows that break
    it, all of the resource ``a``. ``gauges`` has, by metric, the query whose rows it shows.
    """

    schema: Path | None
    tables: Mapping[str, Table]
    invariants: Sequence[Invariant]
    unfinished: LiteralString
    status: str
    queue: Sequence[str] = ()
    response_columns: frozenset[str] = frozenset()
    foreign: Sequence[str] = field(default_factory=tuple)
    offending: Mapping[str, Rows] = field(default_factory=dict)
    gauges: Mapping[str, str] = field(default_factory=dict)

    def without(self, absent: Collection[str]) -> DatabaseContract:
        """The part by which a database without these columns (``table.column``) can be judged."""
        if not absent:
            return self
        incomplete = {column.partition(".")[0] for column in absent}
        return replace(
            self,
            tables={name: table for name, table in self.tables.items() if name not in incomplete},
            invariants=[rule for rule in self.invariants if rule.reads.keys().isdisjoint(absent)],
        )

    def unavailable(self, absent: Collection[str]) -> dict[str, str]:
        """Reason by check, for each that cannot be made on a database without these columns."""
        reasons: dict[str, str] = {}
        for rule in self.invariants:
            if columns := [name for name in rule.reads if name in absent]:
                reasons[f"invariant {rule.code}"] = f"{rule.name}: {database_has_no(columns)}"
        for table in self.tables:
            if columns := [name for name in absent if name.startswith(f"{table}.")]:
                reasons[f"rows of {table}"] = database_has_no(columns)
        return reasons

    @cached_property
    def submitted(self) -> frozenset[str]:
        """Tables whose number of rows only an accepted request changes."""
        return frozenset(name for name, table in self.tables.items() if table.submitted)

    @cached_property
    def shared(self) -> tuple[str, ...]:
        """Tables whose rows belong to no single resource."""
        return tuple(name for name, table in self.tables.items() if table.shared)
