"""The schema of a database against the contract: tables, columns, constraints and indexes, difference by difference.

``python -m gate.oracles.schema URL`` prints the schema of a database in the form of ``contracts/database/schema.txt``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from contracts.database import SCHEMA
from gate.core.errors import GateError
from gate.core.findings import Finding

KINDS = ("table", "column", "constraint", "index")

# The tables of the job queue and of the migrations belong to whoever brings them.
_TABLES: LiteralString = """
    WITH tables AS (
        SELECT oid, relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
            AND relname NOT LIKE 'pgqueuer%' AND relname <> 'schema_migrations'
    )
"""
_READ: tuple[tuple[str, LiteralString], ...] = (
    ("table", _TABLES + "SELECT relname, '', '' FROM tables"),
    (
        "column",
        _TABLES
        + """
        SELECT t.relname, a.attname,
            concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END,
                'default ' || pg_get_expr(d.adbin, d.adrelid))
        FROM tables t
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
        """,
    ),
    (
        "constraint",
        # Postgres 18 lists what is not null among the constraints, too.
        _TABLES
        + """
        SELECT t.relname, c.conname, pg_get_constraintdef(c.oid)
        FROM tables t
        JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype <> 'n'
        """,
    ),
    (
        "index",
        _TABLES
        + """
        SELECT t.relname, i.relname,
            CASE WHEN x.indisunique THEN 'unique ' ELSE '' END || substring(pg_get_indexdef(i.oid) FROM ' USING (.*)$')
        FROM tables t
        JOIN pg_index x ON x.indrelid = t.oid
        JOIN pg_class i ON i.oid = x.indexrelid
        WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.indexrelid AND c.conrelid = t.oid)
        """,
    ),
)

_LINE = re.compile(r"(?P<kind>table|column|constraint|index) (?P<table>[^\s.]+)(?:\.(?P<name>\S+) (?P<definition>.+))?")
_COLUMN = re.compile(r"(?P<type>.+?) (?P<nullability>not null|null)(?: default (?P<default>.+))?")


@dataclass(frozen=True, order=True, slots=True)
class Part:
    """A table (without a name of its own), or a column, constraint or index of one."""

    table: str
    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.table}.{self.name}" if self.name else self.table


Schema = Mapping[Part, str]
"""The definition of each part, as Postgres words it; empty for a table."""


def read(connection: psycopg.Connection[Any]) -> dict[Part, str]:
    """The schema of a database, from its catalogues; the tables of the queue and of the migrations are left out."""
    found: dict[Part, str] = {}
    with connection.transaction():
        # Names are then written without their schema, whatever the session's search path was.
        connection.execute("SET LOCAL search_path TO public")
        for kind, query in _READ:
            cursor = connection.cursor(row_factory=psycopg.rows.tuple_row)
            rows: list[tuple[str, str, str]] = cursor.execute(query).fetchall()
            found |= {Part(table, kind, name): definition for table, name, definition in rows}
    return found


def expected() -> dict[Part, str]:
    """The schema that is promised."""
    return parse(SCHEMA.read_text(encoding="utf-8"))


def parse(text: str) -> dict[Part, str]:
    """The schema that ``write`` wrote; GateError for a line that it does not write."""
    found: dict[Part, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        entry = _LINE.fullmatch(line.strip())
        if entry is None or (entry["kind"] == "table") != (entry["name"] is None):
            raise GateError(f"Line {number} of the schema is not one: {line!r}.")
        found[Part(entry["table"], entry["kind"], entry["name"] or "")] = entry["definition"] or ""
    if not found:
        raise GateError("The schema has no tables.")
    return found


def write(schema: Schema) -> str:
    """The canonical form: a line for each part, sorted by table, kind and name."""
    lines: list[str] = []
    for part in sorted(schema, key=lambda part: (part.table, KINDS.index(part.kind), part.name)):
        lines += [""] if part.kind == "table" and lines else []
        lines.append(f"{part.kind} {part} {schema[part]}".rstrip())
    return "\n".join(lines) + "\n"


def compare(promised: Schema, live: Schema) -> list[Finding]:
    """Every difference: what is missing, what is there besides, and what is other than promised.

    The parts of a table that is missing or not promised are not told one by one.
    """
    lacking = {part.table for part in promised if part.kind == "table"} - {part.table for part in live}
    foreign = {part.table for part in live if part.kind == "table"} - {part.table for part in promised}
    found: list[Finding] = []
    for part in sorted(promised.keys() | live.keys()):
        if part.kind != "table" and part.table in lacking | foreign:
            continue
        where = f"{part.kind} {part}"
        if part not in live:
            found.append(Finding("BG-SCHEMA-001", where, promised[part] or "a table", "nothing"))
        elif part not in promised:
            found.append(Finding("BG-SCHEMA-002", where, "nothing", live[part] or "a table"))
        elif part.kind == "column":
            found += _column(where, promised[part], live[part])
        elif promised[part] != live[part]:
            found.append(Finding("BG-SCHEMA-006", where, promised[part], live[part]))
    return found


def _column(where: str, promised: str, live: str) -> list[Finding]:
    one, other = _COLUMN.fullmatch(promised), _COLUMN.fullmatch(live)
    if one is None or other is None:
        raise GateError(f"A definition of {where} is not one: {promised!r}, {live!r}.")
    codes = {"type": "BG-SCHEMA-003", "nullability": "BG-SCHEMA-004", "default": "BG-SCHEMA-005"}
    return [
        Finding(code, where, f"{aspect} {one[aspect] or 'none'}", f"{aspect} {other[aspect] or 'none'}")
        for aspect, code in codes.items()
        if one[aspect] != other[aspect]
    ]


def main() -> int:
    """Prints the schema of the database whose URL is the only argument."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m gate.oracles.schema postgresql://...\n")
        return 2
    with psycopg.connect(sys.argv[1]) as connection:
        sys.stdout.write(write(read(connection)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
