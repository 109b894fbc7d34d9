"""Reads the rows that belong to one job, and tells whether anything in a database changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

Row = dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """All rows of one job; ``None`` and empty lists where there are none."""

    job: Row | None = None
    executions: list[Row] = field(default_factory=list)
    run: Row | None = None  # the cross-region execution
    regions: list[Row] = field(default_factory=list)
    analysis: Row | None = None

    def counts(self) -> dict[str, int]:
        """Number of rows by table."""
        return {
            "jobs": int(self.job is not None),
            "executions": len(self.executions),
            "cross_region_executions": int(self.run is not None),
            "region_results": len(self.regions),
            "cross_region_analyses": int(self.analysis is not None),
        }

    @property
    def spec(self) -> Row:
        """The stored JobSpec."""
        return self.job["jobspec_data"] if self.job else {}


class Database:
    """A read-only view of the database under test, over one connection of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: psycopg.Connection[Row] = psycopg.connect(
            url, autocommit=True, row_factory=dict_row, options="-c default_transaction_read_only=on -c timezone=UTC"
        )

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    @property
    def connection(self) -> psycopg.Connection[Row]:
        """The connection, for queries of an oracle's own; nobody else uses it meanwhile."""
        return self._connection

    def query(self, statement: LiteralString | sql.Composed, *values: object) -> list[Row]:
        """Rows of one statement."""
        return self._connection.execute(statement, values or None).fetchall()

    def rows(self, job_id: str) -> Rows:
        """Every row that belongs to the job, from one snapshot."""
        with self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            jobs = self.query("SELECT * FROM jobs WHERE jobspec_id = %s", job_id)
            executions = self.query(
                "SELECT e.* FROM executions e JOIN jobs j ON j.id = e.job_id WHERE j.jobspec_id = %s ORDER BY e.id",
                job_id,
            )
            runs = self.query("SELECT * FROM cross_region_executions WHERE jobspec_id = %s ORDER BY created_at", job_id)
            run = runs[-1]["id"] if runs else None
            regions = self.query(
                "SELECT * FROM region_results WHERE cross_region_execution_id = %s ORDER BY region", run
            )
            analyses = self.query("SELECT * FROM cross_region_analyses WHERE cross_region_execution_id = %s", run)
        return Rows(
            job=jobs[0] if jobs else None,
            executions=executions,
            run=runs[-1] if runs else None,
            regions=regions,
            analysis=analyses[0] if analyses else None,
        )

    def all_rows(self, table: str) -> list[Row]:
        """Every row of one table."""
        return self.query(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))

    def tables(self) -> list[str]:
        """Every table of the public schema, the queue's own included."""
        return [
            row["relname"]
            for row in self.query(
                "SELECT relname FROM pg_class"
                " WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY 1"
            )
        ]
