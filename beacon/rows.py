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
TABLES = ("executions", "cross_region_executions", "region_results", "cross_region_analyses")
"""Tables with rows of a job, besides its own."""


def read(database: Database, job_id: str) -> JobRows:
    """Every row that belongs to a job, from one snapshot; none of a table that the database does not have."""
    try:
        return _read(database, job_id, TABLES)
    except Exception as error:  # by its SQLSTATE, so that no command has to load the driver for the class
        if getattr(error, "sqlstate", None) != _UNDEFINED_TABLE:
            raise
        return _read(database, job_id, set(database.tables()))


def _read(database: Database, job_id: str, tables: Collection[str]) -> JobRows:
    def rows(table: str, statement: LiteralString, value: object) -> list[Row]:
        return database.query(statement, value) if table in tables else []

    with database.connection.transaction():
        database.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        jobs = database.query("SELECT * FROM jobs WHERE jobspec_id = %s", job_id)
        executions = rows(
            "executions",
            "SELECT e.* FROM executions e JOIN jobs j ON j.id = e.job_id WHERE j.jobspec_id = %s ORDER BY e.id",
            job_id,
        )
        of_job = "SELECT * FROM cross_region_executions WHERE jobspec_id = %s ORDER BY created_at"
        runs = rows("cross_region_executions", of_job, job_id)
        run = runs[-1]["id"] if runs else None
        of_run = "SELECT * FROM region_results WHERE cross_region_execution_id = %s ORDER BY region"
        regions = rows("region_results", of_run, run)
        of_run = "SELECT * FROM cross_region_analyses WHERE cross_region_execution_id = %s"
        analyses = rows("cross_region_analyses", of_run, run)
    return JobRows(
        job=jobs[0] if jobs else None,
        executions=executions,
        run=runs[-1] if runs else None,
        regions=regions,
        analysis=analyses[0] if analyses else None,
    )
