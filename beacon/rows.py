"""Rows of one job: read from the database, and as typed members."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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


def read(database: Database, job_id: str) -> JobRows:
    """Every row that belongs to a job, from one snapshot."""
    with database.connection.transaction():
        database.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        jobs = database.query("SELECT * FROM jobs WHERE jobspec_id = %s", job_id)
        executions = database.query(
            "SELECT e.* FROM executions e JOIN jobs j ON j.id = e.job_id WHERE j.jobspec_id = %s ORDER BY e.id", job_id
        )
        runs = database.query("SELECT * FROM cross_region_executions WHERE jobspec_id = %s ORDER BY created_at", job_id)
        run = runs[-1]["id"] if runs else None
        regions = database.query(
            "SELECT * FROM region_results WHERE cross_region_execution_id = %s ORDER BY region", run
        )
        analyses = database.query("SELECT * FROM cross_region_analyses WHERE cross_region_execution_id = %s", run)
    return JobRows(
        job=jobs[0] if jobs else None,
        executions=executions,
        run=runs[-1] if runs else None,
        regions=regions,
        analysis=analyses[0] if analyses else None,
    )
