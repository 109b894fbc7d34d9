"""Read-only access to the database under test."""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from gate.core.record import Row

LONGEST_SECONDS = 300
"""Seconds that a statement may take, such as an invariant of a declaration over a large table."""
# With many tables, planning parallel workers for a look at all of them takes twenty times as long as the look.
# The second line is against what a role or a server may set: rows that are hidden, and forms that nobody reads.
_OPTIONS = (
    "-c default_transaction_read_only=on -c timezone=UTC -c max_parallel_workers_per_gather=0"
    " -c row_security=off -c datestyle=ISO -c intervalstyle=postgres"
    f" -c statement_timeout={LONGEST_SECONDS}s"
)
_PUBLIC_FIRST = (
    "SELECT set_config('search_path', concat_ws(', ', 'public', nullif(current_setting('search_path'), '')), false)"
)
LARGE = 20_000
"""Rows from which on a table of a database that others use is not looked through."""


class Database:
    """A read-only view of the database under test, over one connection of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: psycopg.Connection[Row] = psycopg.connect(
            url, autocommit=True, row_factory=dict_row, options=_OPTIONS
        )
        self._connection.execute(_PUBLIC_FIRST)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def trouble(self) -> str:
        """The reason why it no longer answers, as a sentence; empty while it does."""
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error as error:
            return f"The database has ended or refuses to serve: {str(error).strip() or repr(error)}"
        return ""

    @property
    def connection(self) -> psycopg.Connection[Row]:
        """The connection, for queries of an oracle's own; nobody else uses it meanwhile."""
        return self._connection

    def query(self, statement: LiteralString | sql.Composed, *values: object) -> list[Row]:
        """Rows of one statement."""
        return self._connection.execute(statement, values or None).fetchall()

    def all_rows(self, table: str) -> list[Row]:
        """Every row of one table."""
        return self.query(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))

    def tables(self) -> list[str]:
        """Every table of the public schema."""
        return [
            row["relname"]
            for row in self.query(
                "SELECT relname FROM pg_class"
                " WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY 1"
            )
        ]

    def open_tables(self) -> list[str]:
        """Those that the role may read, all of their rows, and that the server's statistics do not call large."""
        statement = sql.SQL(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
            " AND has_table_privilege(oid, 'SELECT') AND NOT row_security_active(oid) AND reltuples <= {} ORDER BY 1"
        ).format(LARGE)
        return [row["relname"] for row in self.query(statement)]
