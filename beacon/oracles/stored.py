"""Fields of an accepted request are stored in the columns that ``contracts/database/stored.toml`` names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from beacon.api import CROSS_REGION_JOBS, created
from beacon.checkout import ROOT
from beacon.regions import ALIASES
from beacon.rows import JobRows
from gate.contract.document import Contract
from gate.core.documents import load_toml
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.pointer import join, resolve
from gate.core.record import Observation, Observations, Record
from gate.core.texts import as_json
from gate.core.values import equal
from gate.oracles.registry import Need, Oracle

CODES = register("""
BG-STORED-001 critical stored: Stored value differs from the request
    A field of an accepted request is missing from the column that it determines, or has another value there.
    contracts/database/stored.toml maps fields to columns.
BG-STORED-002 major stored: JobSpec field lost or changed
    The stored JobSpec must be the JobSpec as sent plus the defaults. It may be signed, so no field may be dropped
    or rewritten.
    Example: jobs.jobspec_data/metadata/created_by | "alice" | absent
""")
DIFFERS, LOST = (code.id for code in CODES)

_ABSENT = object()

_Entry = TypedDict(
    "_Entry",
    {
        "request": list[str],
        "columns": list[str],
        "as": NotRequired[Literal["exact", "regions", "count"]],
        "default": NotRequired[Any],
        "counts_as_absent": NotRequired[list[Any]],
    },
)
_Kept = TypedDict("_Kept", {"except": list[str], "empty_is_absent": list[str]})


class _Default(TypedDict):
    member: str
    value: Any
    of: NotRequired[str]


class _Declared(TypedDict):
    stored: list[_Entry]
    defaults: list[_Default]
    kept: _Kept


@cache
def declared() -> _Declared:
    """The map from request members to columns; raises DocumentError."""
    return load_toml(
        ROOT / "contracts" / "database" / "stored.toml", _Declared, "[[stored]] and [[defaults]] tables, and [kept]"
    )


def check(record: Record, observations: Observations, _: Contract) -> Iterator[Finding]:
    """Findings on every submission of a record that was accepted."""
    for exchange in record.exchanges:
        job = created(exchange)
        if job and job in observations.resources:
            rows = JobRows.of(observations.resources[job].rows)
            yield from (replace(finding, resource=job) for finding in differences(exchange, rows))


def differences(exchange: Exchange, rows: JobRows) -> list[Finding]:
    """Findings on the fields of an accepted submission that the rows of its job do not have."""
    spec, wrapper = exchange.sent, {}
    if exchange.path == CROSS_REGION_JOBS:
        wrapper = exchange.sent if isinstance(exchange.sent, dict) else {}
        spec = wrapper.get("job_spec", wrapper.get("jobspec"))
    request = exchange.request_id
    if rows.job is None:
        return [Finding(DIFFERS, "jobs", "a row for the accepted job", "none", request=request)]
    findings = [
        Finding(DIFFERS, column, as_json(expected), _text(got), request=request)
        for entry in declared()["stored"]
        if (expected := _expected(entry, spec, wrapper)) is not _ABSENT
        for column in entry["columns"]
        for got in _column_values(rows, column)
        if not equal(expected, _converted(entry, got), as_doubles=True)
    ]
    findings += [
        Finding(DIFFERS, f"jobs.jobspec_data{member}", as_json(expected), _text(got), request=request)
        for member, expected in defaults(spec)
        if not equal(expected, got := _at(rows.spec, member), as_doubles=True)
    ]
    kept = declared()["kept"]
    skipped = tuple(f"{pointer}/" for pointer in kept["except"])
    return findings + [
        Finding(LOST, f"jobs.jobspec_data{pointer}", as_json(expected), _text(got), request=request)
        for pointer, expected, got in _changed(spec, rows.spec, "")
        if not f"{pointer}/".startswith(skipped) and not (pointer in kept["empty_is_absent"] and expected == [])
    ]


def defaults(spec: Any) -> Iterator[tuple[str, Any]]:
    """The members that a JobSpec lacks and that are stored all the same, each with its value."""
    for default in declared()["defaults"]:
        above = default["member"].rpartition("/")[0]
        if isinstance(_at(spec, above), dict) and _at(spec, default["member"]) is _ABSENT:
            value = default["value"]
            yield default["member"], value.format(_at(spec, default["of"])) if "of" in default else value


def _expected(entry: _Entry, spec: Any, wrapper: Any) -> Any:
    for place in entry["request"]:
        root, path = (wrapper, place.removeprefix("wrapper:")) if place.startswith("wrapper:") else (spec, place)
        value = _at(root, path)
        if value is not _ABSENT and value not in entry.get("counts_as_absent", ()):
            return _converted(entry, value)
    return entry.get("default", _ABSENT)


def _converted(entry: _Entry, value: Any) -> Any:
    match entry.get("as", "exact"):
        case "regions" if isinstance(value, list) and all(isinstance(region, str) for region in value):
            return sorted(ALIASES.get(region, region) for region in value)
        case "count" if isinstance(value, list):
            return len(value)
    return value


def _column_values(rows: JobRows, column: str) -> list[Any]:
    """The value of a column; empty without a row, as a job of workflow A has no run."""
    table, _, place = column.partition(".")
    row = {"jobs": rows.job, "cross_region_executions": rows.run}[table]
    return [] if row is None else [_at(row, f"/{place}")]


def _text(value: Any) -> str:
    return "no such member" if value is _ABSENT else as_json(value)


def _at(root: Any, pointer: str) -> Any:
    try:
        return resolve(root, pointer)
    except LookupError:
        return _ABSENT


def _changed(sent: Any, stored: Any, pointer: str) -> Iterator[tuple[str, Any, Any]]:
    """Places at which ``stored`` differs from ``sent``, apart from members that were added."""
    if isinstance(sent, dict) and isinstance(stored, dict):
        for name, value in sent.items():
            yield from _changed(value, stored.get(name, _ABSENT), pointer + join(name))
    elif isinstance(sent, list) and isinstance(stored, list) and len(sent) == len(stored):
        for number, (entry, other) in enumerate(zip(sent, stored, strict=True)):
            yield from _changed(entry, other, pointer + join(number))
    elif not equal(sent, stored, as_doubles=True):
        yield pointer, sent, stored


def _violation(_: Contract) -> tuple[Record, Observations]:
    accepted = Exchange("POST", "http://service", 202, body=b'{"id": "a"}')
    return Record("", [accepted]), Observations({"a": Observation("a")})


ORACLE = Oracle(
    name="stored",
    promise="Each field of an accepted request is stored in the columns that it determines.",
    codes=CODES,
    check=check,
    violation=_violation,
    reads=("jobs", "cross_region_executions"),
    wants={Need.ROWS: "compared with what the API shows, not with the rows"},
)
