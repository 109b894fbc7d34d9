"""Rows keep every invariant: no query for offending rows returns one."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus

from gate.contract.document import Contract
from gate.core.documents import load_text
from gate.core.errors import DocumentError, GateError
from gate.core.findings import LAYERS, SEVERITIES, Code, Finding
from gate.core.record import Observations, Record, Row, Rows
from gate.core.texts import clip
from gate.oracles.registry import Need, Oracle

MOST_ROWS = 3
"""Offending rows that a finding shows."""
PART = "invariant"
RESOURCE = "a"
"""Id of the resource whose rows break every invariant, in the contract of the database."""

_FILE = re.compile(r"(?P<number>[0-9]{3})_(?P<name>[a-z0-9_]+)\.sql")
_HEADER = re.compile(r"-- (rule|source|severity|layer|needs|reads): (.*\S)\s*")
_FIELDS = frozenset({"rule", "source", "severity", "reads"})
_TABLE = r"\w+\(\w+\??(?:, \w+\??)*\)"
_READS = re.compile(rf"{_TABLE}(?:, {_TABLE})*")


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule between rows that holds at any moment, and the query for the rows that break it.

    ``sql`` takes the parameter ``resources``: ids of the resources to look at, or null for the whole database. It
    returns the column ``resource`` (null for a row that belongs to none) and others that show the violation.
    ``layer`` says how near to a cause the rule is. ``needs`` is a table without which the rule has no meaning, or
    empty. ``reads`` has every column (``table.column``) of the query; False for one that may be null, where the rule
    then holds of the others.
    """

    code: str
    name: str
    rule: str
    source: str
    severity: str
    sql: str
    reads: Mapping[str, bool]
    needs: str = ""
    layer: str = "rows"
    path: Path | None = None  # of its file

    @property
    def meaning(self) -> Code:
        """Its code, from the header of its file."""
        title = self.name.replace("_", " ").capitalize()
        return Code(self.code, self.severity, title, f"{self.rule} Source: {self.source}.", self.layer)

    @property
    def compares_statuses(self) -> bool:
        """Return whether the rule needs rows of one moment: a status changes while the service works."""
        return any(column.endswith(".status") for column in self.reads)

    def readable(self, columns: Collection[str]) -> bool:
        """Return whether these columns are all that the rule reads."""
        return all(column in columns for column, needed in self.reads.items() if needed)


def read(directory: Path) -> tuple[Invariant, ...]:
    """The invariants of a directory, by code.

    Raises:
        DocumentError: a file is not one, a number is there twice or missing, or there is no file.

    """
    invariants = tuple(_read(path) for path in sorted(directory.glob("*")))
    codes = [invariant.code for invariant in invariants]
    if not codes or codes != [f"BG-INV-{number:03}" for number in range(1, len(codes) + 1)]:
        raise DocumentError(directory, None, "files numbered from 001 without gaps")
    return invariants


def _read(path: Path) -> Invariant:
    name = _FILE.fullmatch(path.name)
    if name is None:
        raise DocumentError(path, None, "a name like 001_what_is_wrong.sql")
    text = load_text(path)
    header: dict[str, str] = {}
    for line in text.splitlines():
        entry = _HEADER.fullmatch(line)
        if entry is None:
            break
        header[entry[1]] = entry[2]
    missing = _FIELDS - header.keys()
    if missing:
        raise DocumentError(path, None, f"header lines like '-- {min(missing)}: ...'")
    if header["severity"] not in SEVERITIES:
        raise DocumentError(path, None, f"a severity of {', '.join(SEVERITIES)}")
    if header.get("layer", "rows") not in LAYERS:
        raise DocumentError(path, None, f"a layer of {', '.join(LAYERS)}")
    if "%(resources)s" not in text:
        raise DocumentError(path, None, "a query restricted to %(resources)s")
    if not _READS.fullmatch(header["reads"]):
        raise DocumentError(path, None, "a header line like '-- reads: table(column, column?), table(column)'")
    reads = {
        f"{table}.{column.rstrip('?')}": not column.endswith("?")
        for table, columns in re.findall(r"(\w+)\((.+?)\)", header.pop("reads"))
        for column in columns.split(", ")
    }
    # Comments are for readers; the server need not parse them with each check.
    query = re.sub(r"^[ \t]*--.*$|[ \t]+-- .*$", "", text, flags=re.MULTILINE).rstrip().removesuffix(";")
    return Invariant(code=f"BG-INV-{name['number']}", name=name["name"], sql=query, reads=reads, path=path, **header)


def on(rule: Invariant, rows: Rows) -> Invariant:
    """The rule on ``rows`` in the place of those that its tables hold, with the types of their columns.

    Nothing is written, so it can be evaluated on a database that may only be read.
    """
    tables = sorted({column.partition(".")[0] for column in rule.reads})
    texts = [json.dumps(list(rows.get(table, ()))).replace("'", "''").replace("%", "%%") for table in tables]
    parts = [
        f"{table} AS (SELECT * FROM jsonb_populate_recordset(NULL::{table}, '{text}'))"
        for table, text in zip(tables, texts, strict=True)
    ]
    return replace(rule, sql=f"WITH {', '.join(parts)} SELECT * FROM ({rule.sql}) AS offending")


def offending(
    connection: psycopg.Connection[Row], rules: Iterable[Invariant], resources: Sequence[str] | None
) -> dict[str, list[Row]]:
    """Offending rows by code, all from one snapshot and in one round trip; empty where every rule holds.

    Args:
        connection: returns rows as mappings. Outside a transaction it gets a REPEATABLE READ one of its own.
        rules: those to evaluate.
        resources: ids, or None for the whole database.

    Raises:
        GateError: a rule cannot be evaluated.

    """
    own = connection.info.transaction_status == TransactionStatus.IDLE
    with connection.transaction() if own else nullcontext():
        if own:
            # Planning takes longer than looking: each session plans a rule once, for whatever resources.
            connection.execute(
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
                "SET LOCAL plan_cache_mode TO force_generic_plan"
            )
        wanted = _applicable(connection, list(rules))
        rows = _query(connection, wanted, None if resources is None else list(resources), prepare=own)
    return {rule.code: broken for rule, broken in zip(wanted, rows, strict=True) if broken}


def _applicable(connection: psycopg.Connection[Row], rules: Sequence[Invariant]) -> list[Invariant]:
    """Rules without those about a table that the database does not have."""
    needed = sorted({rule.needs for rule in rules if rule.needs})
    rows = connection.execute("SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NULL", [needed])
    absent = {row["name"] for row in rows}
    return [rule for rule in rules if rule.needs not in absent]


def _query(
    connection: psycopg.Connection[Row], rules: Sequence[Invariant], resources: list[str] | None, *, prepare: bool
) -> list[list[Row]]:
    # Lines of a statement are those of its file.
    unrestricted = "TRUE" if resources is None else "FALSE"
    statements = [rule.sql.replace("%(resources)s::text[] IS NULL", unrestricted).encode() for rule in rules]
    cursors: list[psycopg.Cursor[Row]] = []
    try:
        with connection.pipeline():
            cursors += (connection.execute(text, {"resources": resources}, prepare=prepare) for text in statements)
        return [cursor.fetchall() for cursor in cursors]
    except psycopg.Error as error:
        number = sum(
            cursor.pgresult is not None and cursor.pgresult.status != ExecStatus.FATAL_ERROR for cursor in cursors
        )
        raise _unusable(rules[min(number, len(rules) - 1)], error) from error


def _unusable(rule: Invariant, error: psycopg.Error) -> GateError:
    """The error of a rule that cannot be evaluated, with the line of its file where the server names a place."""
    position, where = error.diag.statement_position, f"{rule.code[-3:]}_{rule.name}.sql"
    if position:
        where += f":{rule.sql.replace('%(resources)s', '$1')[: int(position)].count(chr(10)) + 1}"
    return GateError(
        f"The invariant {where} cannot be evaluated: {error.diag.message_primary or error}.",
        "Correct its query, or compare the schema: python -m gate.oracles.schema URL.",
    )


def findings(rules: Iterable[Invariant], broken: Mapping[str, Sequence[Row]]) -> Iterator[Finding]:
    """A finding for each rule that is broken, with the first offending rows."""
    for rule in rules:
        if rows := broken.get(rule.code):
            several = any(row["resource"] != rows[0]["resource"] for row in rows)
            described = [
                ", ".join(f"{name}={clip(str(value))}" for name, value in row.items() if several or name != "resource")
                for row in rows[:MOST_ROWS]
            ]
            more = [f"and {len(rows) - MOST_ROWS} more"] if len(rows) > MOST_ROWS else []
            yield Finding(rule.code, rule.name, rule.rule, "; ".join(described + more), str(rows[0]["resource"] or ""))


def check(
    connection: psycopg.Connection[Row], rules: Sequence[Invariant], resources: Sequence[str] | None
) -> list[Finding]:
    """A finding for each broken rule; arguments and errors as of ``offending``."""
    return list(findings(rules, offending(connection, rules, resources)))


def oracle(rules: Sequence[Invariant], columns: Collection[str]) -> Oracle:
    """The oracle of these invariants; ``columns`` are the columns that responses show."""
    unreadable = [rule.name for rule in rules if not rule.readable(columns)]
    judged = f"{len(rules) - len(unreadable)} of {len(rules)} were judged on what the API shows"

    def broken(_: Record, observations: Observations, __: Contract) -> Iterator[Finding]:
        yield from findings(rules, observations.offending)

    def violation(_: Contract) -> tuple[Record, Observations]:
        return Record(""), Observations(offending={rule.code: [{"resource": None}] for rule in rules})

    return Oracle(
        name="invariants",
        promise="Every invariant between rows holds.",
        codes=tuple(rule.meaning for rule in rules),
        check=broken,
        violation=violation,
        wants={Need.ROWS: f"{judged}, but not {', '.join(unreadable)}"},
        part=PART,
    )
