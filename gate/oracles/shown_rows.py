"""The same invariants where the rows are not seen: on what responses show, in tables of the gate's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from psycopg.types.string import TextLoader

from gate.core.database import Database
from gate.core.record import Row, Rows
from gate.oracles import invariants, schema
from gate.oracles.database_contract import DatabaseContract


class ShownRows(Database):
    """Temporary copies of the promised tables without their constraints; they go with the connection.

    A column that is not shown is null, and so is a value that has not the type of its column: types of what responses
    show are judged by the published contract.
    """

    def __init__(self, url: str, promised: DatabaseContract) -> None:
        super().__init__(url)
        # A time that Python cannot hold is shown as it is.
        self.connection.adapters.register_loader("timestamptz", TextLoader)
        self.rules = [rule for rule in promised.invariants if rule.readable(promised.response_columns)]
        self._columns: dict[str, list[str]] = {}
        promised_types = schema.column_types(schema.load(promised.schema)) if promised.schema else {}
        with self.connection.transaction():
            self.connection.execute("SET TRANSACTION READ WRITE")
            for table, types in promised_types.items():
                self._columns[table] = [column for column in types if f"{table}.{column}" in promised.response_columns]
                columns = ", ".join(f'"{column}" {type_}' for column, type_ in types.items())
                self.connection.execute(f'CREATE TEMPORARY TABLE "{table}" ({columns})'.encode())

    def hold(self, resources: Iterable[Rows]) -> None:
        """Replace the rows that are held by those of ``resources``."""
        held = list(resources)
        with self.connection.transaction():
            for table, columns in self._columns.items():
                self.connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                rows = [{name: row.get(name) for name in columns} for part in held for row in part.get(table, ())]
                if rows and not self._insert(table, rows):
                    fitting = [
                        {name: row[name] for name in row if self._fits(table, {name: row[name]})} for row in rows
                    ]
                    self._insert(table, fitting)

    def offending(self, resources: Sequence[str], unfinished: Collection[str]) -> dict[str, list[Row]]:
        """Offending rows by code.

        Rows of an unfinished resource were not shown at one moment: rules on statuses say nothing of them.
        """
        ended = [resource for resource in resources if resource not in unfinished]
        steady = [rule for rule in self.rules if not rule.compares_statuses]
        broken: defaultdict[str, list[Row]] = defaultdict(list)
        for rules, names in ((self.rules, ended), (steady, [name for name in resources if name in unfinished])):
            for code, rows in (invariants.offending(self.connection, rules, names) if names else {}).items():
                broken[code] += rows
        return broken

    def _insert(self, table: str, rows: Sequence[Row]) -> bool:
        return self._accepted("INSERT INTO {0} SELECT * FROM jsonb_populate_recordset(NULL::{0}, %s)", table, rows)

    def _fits(self, table: str, value: Row) -> bool:
        return self._accepted("SELECT jsonb_populate_record(NULL::{0}, %s)", table, value)

    def _accepted(self, statement: Any, table: str, value: Any) -> bool:
        try:
            with self.connection.transaction():
                self.connection.execute(sql.SQL(statement).format(sql.Identifier(table)), [Jsonb(value)])
        except psycopg.DataError:
            return False
        return True
