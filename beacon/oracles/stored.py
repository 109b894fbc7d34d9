"""Stored means stored: what an accepted request said is found in the rows, by the map ``stored.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from beacon.api import CROSS_REGION_JOBS
from beacon.checkout import ROOT
from gate.core.database import Rows
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.pointer import join, resolve
from gate.core.values import equal

ALIASES = {"APAC": "ASIA"}
_ABSENT = object()


@cache
def declared() -> dict[str, Any]:
    """The map from members to columns."""
    return tomllib.loads((ROOT / "contracts" / "database" / "stored.toml").read_text(encoding="utf-8"))


def check(exchange: Exchange, rows: Rows) -> list[Finding]:
    """What an accepted submission said that its job's rows do not."""
    spec, wrapper = exchange.sent, {}
    if exchange.path == CROSS_REGION_JOBS:
        wrapper = exchange.sent if isinstance(exchange.sent, dict) else {}
        spec = wrapper.get("job_spec", wrapper.get("jobspec"))
    job = str(rows.job["jobspec_id"]) if rows.job else ""
    if rows.job is None:
        return [Finding("BG-STORED-001", where="jobs", expected="a row for the accepted job", got="none", job=job)]
    found = [
        Finding("BG-STORED-001", where=column, expected=repr(wanted), got=_shown(got), job=job)
        for entry in declared()["stored"]
        if (wanted := _wanted(entry, spec, wrapper)) is not _ABSENT
        for column in entry["columns"]
        for got in _stored(rows, column)
        if not equal(wanted, _as(entry, got), as_doubles=True)
    ]
    kept = declared()["kept"]
    skipped = tuple(f"{one}/" for one in kept["except"])
    return found + [
        Finding("BG-STORED-002", where=f"jobs.jobspec_data{pointer}", expected=repr(wanted), got=_shown(got), job=job)
        for pointer, wanted, got in _lost(spec, rows.spec, "")
        if not f"{pointer}/".startswith(skipped) and not (pointer in kept["empty_is_absent"] and wanted == [])
    ]


def _wanted(entry: Mapping[str, Any], spec: Any, wrapper: Any) -> Any:
    for place in entry["request"]:
        root, path = (wrapper, place.removeprefix("wrapper:")) if place.startswith("wrapper:") else (spec, place)
        value = _at(root, path)
        if value is not _ABSENT and value not in entry.get("counts_as_absent", ()):
            return _as(entry, value)
    return entry.get("default", _ABSENT)


def _as(entry: Mapping[str, Any], value: Any) -> Any:
    match entry.get("as", "exact"):
        case "regions" if isinstance(value, list) and all(isinstance(region, str) for region in value):
            return sorted(ALIASES.get(region, region) for region in value)
        case "count" if isinstance(value, list):
            return len(value)
    return value


def _stored(rows: Rows, column: str) -> list[Any]:
    """What the column holds; empty where there is no row, as a job of workflow A has no run."""
    table, _, place = column.partition(".")
    row = {"jobs": rows.job, "cross_region_executions": rows.run}[table]
    return [] if row is None else [_at(row, f"/{place}")]


def _shown(value: Any) -> str:
    return "no such member" if value is _ABSENT else repr(value)


def _at(root: Any, pointer: str) -> Any:
    try:
        return resolve(root, pointer)
    except LookupError:
        return _ABSENT


def _lost(sent: Any, stored: Any, pointer: str) -> Iterator[tuple[str, Any, Any]]:
    """Places at which ``stored`` differs from ``sent``, apart from members that were added."""
    if isinstance(sent, dict) and isinstance(stored, dict):
        for name, value in sent.items():
            yield from _lost(value, stored.get(name, _ABSENT), pointer + join(name))
    elif isinstance(sent, list) and isinstance(stored, list) and len(sent) == len(stored):
        for number, (one, other) in enumerate(zip(sent, stored, strict=True)):
            yield from _lost(one, other, pointer + join(number))
    elif not equal(sent, stored, as_doubles=True):
        yield pointer, sent, stored
