"""Stored means stored: what an accepted request said is found in the rows, by the map ``stored.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from gate.database import Rows
from gate.exchange import Exchange
from gate.findings import Finding
from gate.options import ROOT

ALIASES = {"APAC": "ASIA"}
_ABSENT = object()


@cache
def declared() -> dict[str, Any]:
    """The map from members to columns."""
    return tomllib.loads((ROOT / "contracts" / "database" / "stored.toml").read_text(encoding="utf-8"))


def check(exchange: Exchange, rows: Rows) -> list[Finding]:
    """What an accepted submission said that its job's rows do not."""
    sent = exchange.sent
    wrapper = sent if "target_regions" in sent else {}
    spec = (sent.get("job_spec") or sent.get("jobspec")) if wrapper else sent
    job = str(rows.job["jobspec_id"]) if rows.job else ""
    if rows.job is None:
        return [Finding("BG-STORED-001", where="jobs", expected="a row for the accepted job", got="none", job=job)]
    found = [
        Finding("BG-STORED-001", where=column, expected=repr(wanted), got=repr(got), job=job)
        for entry in declared()["stored"]
        if (wanted := _wanted(entry, spec, wrapper)) is not _ABSENT
        for column in entry["columns"]
        if (got := _stored(rows, column)) is not _ABSENT and not _same(_as(entry, got), wanted)
    ]
    skipped = tuple(declared()["kept"]["except"])
    return found + [
        Finding("BG-STORED-002", where=f"jobs.jobspec_data{pointer}", expected=repr(wanted), got=repr(got), job=job)
        for pointer, wanted, got in _lost(spec, rows.spec, "")
        if not f"{pointer}/".startswith(tuple(f"{one}/" for one in skipped))
    ]


def _wanted(entry: Mapping[str, Any], spec: Mapping[str, Any], wrapper: Mapping[str, Any]) -> Any:
    for pointer in entry["request"]:
        root, path = (wrapper, pointer.removeprefix("wrapper:")) if pointer.startswith("wrapper:") else (spec, pointer)
        value = _at(root, path)
        if value is not _ABSENT and not (value == 0 and entry.get("zero_is_default")):
            return _as(entry, value)
    return entry.get("default", _ABSENT)


def _as(entry: Mapping[str, Any], value: Any) -> Any:
    match entry.get("as", "exact"):
        case "regions":
            return sorted(ALIASES.get(region, region) for region in value)
        case "count":
            return len(value) if isinstance(value, list) else value
    return value


def _stored(rows: Rows, column: str) -> Any:
    place, _, path = column.partition("/")
    table, _, name = place.partition(".")
    row = {"jobs": rows.job, "cross_region_executions": rows.run}[table]
    if row is None:
        return _ABSENT
    return _at(row[name], f"/{path}") if path else row[name]


def _at(root: Any, pointer: str) -> Any:
    for part in pointer.removeprefix("/").split("/"):
        if not isinstance(root, Mapping) or part not in root:
            return _ABSENT
        root = root[part]
    return root


def _same(stored: Any, sent: Any) -> bool:
    """Numbers are equal as the doubles that JSON carries; text and structure exactly."""
    if isinstance(stored, bool) or isinstance(sent, bool):
        return stored is sent
    if isinstance(stored, (int, float, Decimal)) and isinstance(sent, (int, float)):
        return float(stored) == float(sent)
    return bool(stored == sent)


def _lost(sent: Any, stored: Any, pointer: str) -> Iterator[tuple[str, Any, Any]]:
    """Places at which ``stored`` differs from ``sent``, apart from members that were added."""
    if isinstance(sent, dict) and isinstance(stored, dict):
        for name, value in sent.items():
            yield from _lost(value, stored.get(name, "no such member"), f"{pointer}/{name}")
    elif isinstance(sent, list) and isinstance(stored, list) and len(sent) == len(stored):
        for number, (one, other) in enumerate(zip(sent, stored, strict=True)):
            yield from _lost(one, other, f"{pointer}/{number}")
    elif not _same(stored, sent):
        yield pointer, sent, stored
