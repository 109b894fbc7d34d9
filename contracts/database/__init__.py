"""What is promised of the database: its schema, its rows one by one, and the rules that hold between rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SCHEMA = Path(__file__).parent / "schema.txt"
INVARIANTS = Path(__file__).parent / "invariants"

_FILE = re.compile(r"(?P<number>[0-9]{3})_(?P<name>[a-z0-9_]+)\.sql")
_HEADER = re.compile(r"-- (rule|source|severity|needs): (.*\S)\s*")
_MEMBERS = frozenset({"rule", "source", "severity"})
_SEVERITIES = frozenset({"critical", "major", "minor"})


class InvariantError(ValueError):
    """A file of ``invariants/`` is not one rule; the message names the file and what was expected."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule between rows that holds at any moment, and the query for the rows that break it.

    ``name`` says what is wrong where it is broken. ``sql`` takes the parameter ``jobs``: the ids (jobspec_id) of the
    jobs to look at, or null for the whole database; it returns the column ``job`` (jobspec_id, null for a row without
    a job) and others that show what is wrong. ``needs`` is a table without which the rule has no meaning, or empty.
    """

    code: str
    name: str
    rule: str
    source: str
    severity: str
    sql: str
    needs: str = ""


@cache
def invariants(directory: Path = INVARIANTS) -> tuple[Invariant, ...]:
    """Every rule, by code; InvariantError for a file that is not one, a number twice, a gap, or no file at all."""
    found = tuple(_read(path) for path in sorted(directory.iterdir()))
    codes = [invariant.code for invariant in found]
    if not codes or codes != [f"BG-INV-{number:03}" for number in range(1, len(codes) + 1)]:
        raise InvariantError(f"{directory}: expected files numbered from 001 without gaps")
    return found


def _read(path: Path) -> Invariant:
    name = _FILE.fullmatch(path.name)
    if name is None:
        raise InvariantError(f"{path}: expected a name like 001_what_is_wrong.sql")
    text = path.read_text(encoding="utf-8")
    header: dict[str, str] = {}
    for line in text.splitlines():
        entry = _HEADER.fullmatch(line)
        if entry is None:
            break
        header[entry[1]] = entry[2]
    missing = _MEMBERS - header.keys()
    if missing:
        raise InvariantError(f"{path}: expected header lines like '-- {min(missing)}: ...'")
    if header["severity"] not in _SEVERITIES:
        raise InvariantError(f"{path}: expected a severity of {', '.join(sorted(_SEVERITIES))}")
    if "%(jobs)s" not in text:
        raise InvariantError(f"{path}: expected a query restricted to %(jobs)s")
    return Invariant(
        code=f"BG-INV-{name['number']}",
        name=name["name"],
        rule=header["rule"],
        source=header["source"],
        severity=header["severity"],
        # Comments are for readers; the server need not parse them with each check.
        sql=re.sub(r"^\s*--.*\n|\s+-- .*$", "", text, flags=re.MULTILINE).strip().removesuffix(";"),
        needs=header.get("needs", ""),
    )
