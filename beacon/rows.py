"""Rows of one job: read from the database, and as typed members."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, LiteralString

from gate.core.record import Row, Rows

if TYPE_CHECKING:  # their libraries would slow down every command
    from gate.core.database import Database


@dataclass(frozen=True)
class JobRows:
    """All rows of one job; ``None`` and empty lists where there are none."""

    job: Row | None = None
    executions: list[Row] = field(default_factory=list)
    run: Row | None = None  # the cross-region execution
    regions: list[Row] = field(default_factory=list)
    analysis: Row | None = None

    @classmethod
    def of(cls, rows: Rows) -> JobRows:
        """The rows of a job from those by table."""

        def first(table: str) -> Row | None:
            return next(iter(rows.get(table, ())), None)

        return cls(
            job=first("jobs"),
            executions=list(rows.get("executions", ())),
            run=first("cross_region_executions"),
            regions=list(rows.get("region_results", ())),
            analysis=first("cross_region_analyses"),
        )

    def by_table(self) -> dict[str, list[Row]]:
        """The rows by table."""
        return {
            "jobs": [self.job] if self.job else [],
            "executions": self.executions,
            "cross_region_executions": [self.run] if self.run else [],
            "region_results": self.regions,
            "cross_region_analyses": [self.analysis] if self.analysis else [],
        }

    def counts(self) -> dict[str, int]:
        """Number of rows by table."""
        return {table: len(rows) for table, rows in self.by_table().items()}

    @property
    def id(self) -> str:
        """Id of the job, empty without a row."""
        return str(self.job["jobspec_id"]) if self.job else ""

    @property
    def spec(self) -> Row:
        """The stored JobSpec."""
        return self.job["jobspec_data"] if self.job else {}


_UNDEFINED_TABLE = "42P01"
"""SQLSTATE."""
_RUN: LiteralString = "SELECT id FROM cross_region_executions WHERE jobspec_id = %s ORDER BY created_at DESC LIMIT 1"
_STATEMENTS: dict[str, LiteralString] = {
    "jobs": "SELECT * FROM jobs WHERE jobspec_id = %s",
    "executions": "SELECT e.* FROM executions e JOIN jobs j ON j.id = e.job_id WHERE j.jobspec_id = %s ORDER BY e.id",
    "cross_region_executions": "SELECT * FROM cross_region_executions WHERE jobspec_id = %s ORDER BY created_at",
    "region_results": f"SELECT * FROM region_results WHERE cross_region_execution_id = ({_RUN}) ORDER BY region",
    "cross_region_analyses": f"SELECT * FROM cross_region_analyses WHERE cross_region_execution_id = ({_RUN})",
}
"""The statement that reads a job's rows, by table."""
TABLES = (*(table for table in _STATEMENTS if table != "jobs"),)
"""Tables with rows of a job, besides its own."""


def read(database: Database, job_id: str) -> JobRows:
    """Every row that belongs to a job, from one snapshot; none of a table that the database does not have."""
    try:
        return _read(database, job_id, _STATEMENTS)
    except Exception as error:  # by its SQLSTATE, so that no command has to load the driver for the class
        if getattr(error, "sqlstate", None) != _UNDEFINED_TABLE:
            raise
        return _read(database, job_id, set(database.tables()))


def _read(database: Database, job_id: str, tables: Collection[str]) -> JobRows:
    connection = database.connection
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with connection.pipeline():  # one round trip for all
            cursors = {
                table: connection.execute(statement, (job_id,))
                for table, statement in _STATEMENTS.items()
                if table in tables
            }
        read_rows = {table: cursor.fetchall() for table, cursor in cursors.items()}
    jobs, executions, runs, regions, analyses = (read_rows.get(table, []) for table in _STATEMENTS)
    return JobRows(
        job=jobs[0] if jobs else None,
        executions=executions,
        run=runs[-1] if runs else None,
        regions=regions,
        analysis=analyses[0] if analyses else None,
    )
