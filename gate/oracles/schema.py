"""The database has the promised schema: tables, columns, constraints and indexes.

``python -m gate.oracles.schema URL [PATTERN ...]`` prints the schema of a database in the form that a contract has,
without the tables whose names are LIKE a pattern.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg

from gate.contract.document import Contract
from gate.core.documents import load_text
from gate.core.errors import DocumentError, GateError
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.database_contract import DatabaseContract
from gate.oracles.registry import Need, Oracle

CODES = register("""
BG-SCHEMA-001 critical schema: Part of the schema missing
    The contract promises a table, column, constraint or index that the database does not have.
BG-SCHEMA-002 minor schema: Part of the schema not in the contract
    The database has a table, column, constraint or index that the contract does not name. Either it is left over,
    or the contract was not updated.
    Example: table orders_old | nothing | a table
BG-SCHEMA-003 major schema: Wrong column type
    A column has another type than promised: values may be truncated or rounded, or change their meaning, such as a
    time without a zone.
    Example: column orders.placed_at | type timestamp with time zone | type timestamp without time zone
BG-SCHEMA-004 major schema: Wrong column nullability
    A column accepts NULL although the contract forbids it, or refuses NULL although the contract allows it.
    Example: column orders.customer_id | nullability not null | nullability null
BG-SCHEMA-005 major schema: Wrong column default
    A row that omits the column gets another value than promised.
    Example: column orders.state | default 'placed'::text | default none
BG-SCHEMA-006 major schema: Wrong definition of a table, constraint or index
    A constraint or index has the promised name but another definition, or is not valid, so it does not enforce, or
    speed up, what the contract says. A table that is unlogged is empty after a crash of the database.
    Example: index orders_number_key | UNIQUE btree (number) | btree (number)
""")

KINDS = ("table", "column", "constraint", "index")

UNLOGGED: Final = "unlogged"
"""The definition of a table whose rows a crash of the database removes; that of any other one is empty."""

_TABLES: LiteralString = """
    WITH tables AS (
        SELECT oid, relname, relpersistence FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
            AND relname NOT LIKE ALL (%(foreign)s)
    )
"""
_READ: tuple[tuple[str, LiteralString], ...] = (
    ("table", _TABLES + f"SELECT relname, '', CASE relpersistence WHEN 'p' THEN '' ELSE '{UNLOGGED}' END FROM tables"),
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
                || CASE WHEN x.indisvalid THEN '' ELSE ' invalid' END
        FROM tables t
        JOIN pg_index x ON x.indrelid = t.oid
        JOIN pg_class i ON i.oid = x.indexrelid
        WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.indexrelid AND c.conrelid = t.oid)
        """,
    ),
)

_LINE = re.compile(
    r"(?P<kind>table|column|constraint|index) (?P<table>[^\s.]+)(?:\.(?P<name>\S+))?(?: (?P<definition>.+))?"
)
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
"""The definition of each part, as Postgres words it; empty for a table, or ``UNLOGGED``."""


def read(connection: psycopg.Connection[Any], foreign: Sequence[str] = ()) -> dict[Part, str]:
    """The schema of a database, from its catalogues, without tables whose names are LIKE one of ``foreign``."""
    parts: dict[Part, str] = {}
    with connection.transaction():
        # Names are then written without their schema, whatever the session's search path was.
        connection.execute("SET LOCAL search_path TO public")
        for kind, query in _READ:
            cursor = connection.cursor(row_factory=psycopg.rows.tuple_row)
            rows: list[tuple[str, str, str]] = cursor.execute(query, {"foreign": list(foreign)}).fetchall()
            parts |= {Part(table, kind, name): definition for table, name, definition in rows}
    return parts


def load(path: Path) -> dict[Part, str]:
    """The schema in a file that ``write`` wrote; raises DocumentError."""
    return parse(load_text(path), path)


def parse(text: str, path: Path = Path("schema.txt")) -> dict[Part, str]:
    """The schema that ``write`` wrote; raises DocumentError for a line that it does not write."""
    parts: dict[Part, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        entry = _LINE.fullmatch(line.strip())
        whole = entry is not None and _whole(entry)
        if entry is None or not whole or (entry["kind"] == "column" and not _COLUMN.fullmatch(entry["definition"])):
            raise DocumentError(path, number, f"a table, column, constraint or index, not {line!r}")
        parts[Part(entry["table"], entry["kind"], entry["name"] or "")] = entry["definition"] or ""
    if not parts:
        raise DocumentError(path, None, "a line for each table, column, constraint and index")
    return parts


def _whole(entry: re.Match[str]) -> bool:
    """Return whether a line has what a part of its kind needs, and nothing else."""
    if entry["kind"] == "table":
        return entry["name"] is None and entry["definition"] in {None, UNLOGGED}
    return entry["name"] is not None and entry["definition"] is not None


def column_types(schema: Schema) -> dict[str, dict[str, str]]:
    """The type of each column by table, without a length or a precision."""
    types: dict[str, dict[str, str]] = {}
    for part, definition in schema.items():
        if part.kind == "column" and (column := _COLUMN.fullmatch(definition)):
            types.setdefault(part.table, {})[part.name] = re.sub(r"\([0-9, ]+\)", "", column["type"])
    return types


def write(schema: Schema) -> str:
    """The canonical form: a line for each part, sorted by table, kind and name."""
    lines: list[str] = []
    for part in sorted(schema, key=lambda part: (part.table, KINDS.index(part.kind), part.name)):
        lines += [""] if part.kind == "table" and lines else []
        lines.append(f"{part.kind} {part} {schema[part]}".rstrip())
    return "\n".join(lines) + "\n"


def compare(promised: Schema, live: Schema) -> list[Finding]:
    """A finding for each difference; of a table that is missing or not promised, none for its parts.

    Where several tables are missing, the database is one of another version, which is one difference.
    """
    lacking = {part.table for part in promised if part.kind == "table"} - {part.table for part in live}
    extra = {part.table for part in live if part.kind == "table"} - {part.table for part in promised}
    findings: list[Finding] = []
    for part in sorted(promised.keys() | live.keys()):
        if part.kind != "table" and part.table in lacking | extra:
            continue
        where = f"{part.kind} {part}"
        if part not in live:
            findings.append(Finding("BG-SCHEMA-001", where, promised[part] or "a table", "nothing"))
        elif part not in promised:
            findings.append(Finding("BG-SCHEMA-002", where, "nothing", live[part] or "a table"))
        elif part.kind == "column":
            findings += _column(where, promised[part], live[part])
        elif promised[part] != live[part]:
            findings.append(Finding("BG-SCHEMA-006", where, promised[part] or "a table", live[part] or "a table"))
    if len(lacking) > 1:
        differences = ", ".join(finding.where for finding in findings)
        return [Finding("BG-SCHEMA-001", "the schema", "that of the contract", f"other: {differences}")]
    return findings


def absent(promised: Schema, live: Schema) -> frozenset[str]:
    """The promised columns, as ``table.column``, that a database does not have."""
    return frozenset(str(part) for part in promised if part.kind == "column" and part not in live)


def _column(where: str, promised: str, live: str) -> list[Finding]:
    expected, actual = _COLUMN.fullmatch(promised), _COLUMN.fullmatch(live)
    if expected is None or actual is None:
        raise GateError(f"{where} has a definition that cannot be read: {promised!r} or {live!r}.")
    codes = {"type": "BG-SCHEMA-003", "nullability": "BG-SCHEMA-004", "default": "BG-SCHEMA-005"}
    return [
        Finding(code, where, f"{aspect} {expected[aspect] or 'none'}", f"{aspect} {actual[aspect] or 'none'}")
        for aspect, code in codes.items()
        if expected[aspect] != actual[aspect]
    ]


def check(connection: psycopg.Connection[Any], promised: DatabaseContract) -> list[Finding]:
    """A finding for each difference between a database and its contract."""
    return compare(load(promised.schema), read(connection, promised.foreign)) if promised.schema else []


def oracle(path: Path) -> Oracle:
    """The oracle of the schema in a file."""

    def differences(_: Record, observations: Observations, __: Contract) -> list[Finding]:
        live = observations.schema
        return [] if live is None else compare(load(path), live)

    return Oracle(
        name="schema",
        promise="The database has the promised tables, columns, constraints and indexes, and no others.",
        codes=CODES,
        check=differences,
        violation=lambda _: (Record(""), Observations(schema={})),
        needs={Need.ROWS: "the tables are not seen"},
    )


def main() -> int:
    """Prints the schema of the database whose URL is the first argument."""
    if len(sys.argv) < 2:
        sys.stderr.write("usage: python -m gate.oracles.schema postgresql://... [PATTERN ...]\n")
        return 2
    with psycopg.connect(sys.argv[1]) as connection:
        sys.stdout.write(write(read(connection, sys.argv[2:])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
