"""Each row keeps the model of its table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gate.contract.document import Contract
from gate.core.findings import Finding
from gate.core.record import Observation, Observations, Record, Rows
from gate.core.texts import as_json
from gate.oracles.database_contract import Table
from gate.oracles.registry import Need, Oracle

_RULE = {"column", "expected", "got"}
"""Context of an error that a model raises by itself, for a rule between columns."""


def check(tables: Mapping[str, Table], rows: Rows, resource: str = "") -> Iterator[Finding]:
    """Findings on rows by table, as psycopg returns them from a session in UTC; KeyError for an unknown table.

    The place of a finding is ``table.column``, followed by the path into the column's JSON.
    """
    for name, some in rows.items():
        for row in some:
            try:
                tables[name].model.model_validate(dict(row))
            except ValidationError as error:
                for fault in error.errors(include_url=False):
                    yield _finding(name, tables[name].code.id, row, fault, resource)


def _finding(table: str, code: str, row: Mapping[str, Any], fault: ErrorDetails, resource: str) -> Finding:
    expected, got = fault["msg"], as_json(fault["input"])
    path, context = _path(row, fault["loc"]), fault.get("ctx", {})
    if context.keys() >= _RULE:
        path, expected, got = [*path, context["column"]], context["expected"], context["got"]
    elif fault["type"] == "missing":
        expected, got = "a value", "no such column or member"
    elif fault["type"] == "extra_forbidden":
        expected = "no such column or member"
    return Finding(code, ".".join([table, "/".join(path)]) if path else table, expected, got, resource)


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


def oracle(tables: Mapping[str, Table]) -> Oracle:
    """The oracle of the rows of these tables."""

    def malformed(_: Record, observations: Observations, __: Contract) -> Iterator[Finding]:
        incomplete = {column.partition(".")[0] for column in observations.absent}
        for observation in observations.resources.values():
            rows = {name: some for name, some in observation.rows.items() if name not in incomplete}
            yield from check(tables, rows, observation.id)

    def violation(_: Contract) -> tuple[Record, Observations]:
        return Record(""), Observations({"": Observation("", {name: [{}] for name in tables})})

    return Oracle(
        name="rows",
        promise="Each row has the form of its table, JSON columns included.",
        codes=tuple(table.code for table in tables.values()),
        check=malformed,
        violation=violation,
        needs={Need.ROWS: "the format of rows needs the rows"},
        part="row model",
    )
