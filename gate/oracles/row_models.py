"""One row against the contract of its table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.database.formats import BROKEN
from contracts.database.rows import TABLES
from gate.core.database import Rows
from gate.core.findings import Finding
from gate.core.texts import clip

CODES = {table: f"BG-ROW-{number:03}" for number, table in enumerate(TABLES, start=1)}
"""The finding's code by table."""


def check(table: str, row: Mapping[str, Any]) -> list[Finding]:
    """What is wrong with a row, as psycopg returns it from a session in UTC; KeyError for an unknown table.

    A finding's place is ``table.column``, with the path into the column's JSON behind it.
    """
    try:
        TABLES[table].model_validate(dict(row))
    except ValidationError as error:
        return [_finding(table, row, fault) for fault in error.errors(include_url=False)]
    return []


def check_all(rows: Rows) -> list[Finding]:
    """What is wrong with the rows of one job, each taken for itself."""
    present: list[tuple[str, Iterable[Mapping[str, Any] | None]]] = [
        ("jobs", [rows.job]),
        ("executions", rows.executions),
        ("cross_region_executions", [rows.run]),
        ("region_results", rows.regions),
        ("cross_region_analyses", [rows.analysis]),
    ]
    job = str(rows.job["jobspec_id"]) if rows.job else ""
    return [
        Finding(found.code, found.where, found.expected, found.got, job)
        for table, some in present
        for row in some
        if row is not None
        for found in check(table, row)
    ]


def _finding(table: str, row: Mapping[str, Any], fault: ErrorDetails) -> Finding:
    expected, got = fault["msg"], repr(fault["input"])
    path = _path(row, fault["loc"])
    if fault["type"] == BROKEN:
        context = fault["ctx"]
        path, expected, got = [*path, context["column"]], context["expected"], context["got"]
    elif fault["type"] == "missing":
        expected, got = "a value", "no such column or member"
    elif fault["type"] == "extra_forbidden":
        expected = "no such column or member"
    return Finding(
        CODES[table],
        where=".".join([table, "/".join(path)]) if path else table,
        expected=expected,
        got=clip(got),
        job=str(row.get("jobspec_id") or ""),
    )


def _path(row: Mapping[str, Any], location: tuple[int | str, ...]) -> list[str]:
    """The steps of a location that are steps into the row; pydantic adds the status that it chose a model by."""
    steps: list[str] = []
    here: Any = row
    for step in location:
        if isinstance(here, Mapping) and step not in here and here.get("status") == step:
            continue
        steps.append(str(step))
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
    return steps
