"""Each page has the size and place that its request asked for, or the published default, and the order it promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

from beacon.api import JOBS
from beacon.filters import excludes
from gate.contract.document import Contract
from gate.contract.nodes import Operation
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Oracle

CODES = register("""
BG-PAGE-001 major answer: Page is not the one that was asked for
    A page must begin at the offset and have the number of entries that its request asks for, or the default of the
    contract; only the last one is shorter, and one beyond the end is empty. limit and offset in it are those.
BG-PAGE-002 major answer: Page with entries that its filter excludes
    A page must hold those rows alone that its filter names.
BG-PAGE-003 minor answer: Entries of a page in another order
    Listings are newest first; the executions of one job are in the order of their ids.
""")
OTHER_PAGE, NOT_FILTERED, ORDER = (code.id for code in CODES)


@dataclass(frozen=True, slots=True)
class Paging:
    """Names of what makes a page: parameters, members, filters with the members that they name, and what sorts it.

    ``excludes`` says whether the other filters of a query exclude an entry.
    """

    entries: str
    total: str = "total"
    limit: str = "limit"
    offset: str = "offset"
    echoed: bool = True
    newest: str = "id"
    filters: Mapping[str, str] | None = None
    excludes: Callable[[Mapping[str, Any], Mapping[str, str]], bool] | None = None


PAGED = {
    "listJobs": Paging(
        "jobs", newest="created_at", filters={"status": "status", "workflow": "workflow"}, excludes=excludes
    ),
    "listExecutions": Paging("executions", filters={"jobspec_id": "job_id"}),
    "listCrossRegionExecutions": Paging("cross_region_executions", newest="created_at", filters={"status": "status"}),
    "getJob": Paging("executions", "executions_total", "exec_limit", "exec_offset", echoed=False, newest=""),
}


def check(record: Record, _: Observations, contract: Contract) -> Iterator[Finding]:
    """Findings on every page of a record."""
    for exchange in record.exchanges:
        operation = contract.operation(exchange.method, exchange.path) if exchange.status == 200 else None
        if operation is None or operation.id not in PAGED or not isinstance(exchange.json, dict):
            continue
        paging, entries = PAGED[operation.id], exchange.json.get(PAGED[operation.id].entries)
        if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
            for finding in page(operation, paging, exchange, entries):
                yield replace(finding, request=exchange.request_id)


def page(operation: Operation, paging: Paging, exchange: Exchange, entries: list[dict[str, Any]]) -> Iterator[Finding]:
    """Findings on one page."""
    where, body, query = str(operation), exchange.json, parse_qs(exchange.query)
    asked = {}
    for name in (paging.limit, paging.offset):
        default = operation.parameters()["query", name].child("schema").value["default"]
        text = query.get(name, [str(default)])[0]
        if not text.isdecimal():
            return  # that it was accepted is a finding of others
        asked[name] = int(text)
        if paging.echoed and body.get(name) != asked[name]:
            yield Finding(OTHER_PAGE, f"{where}: {name}", str(asked[name]), str(body.get(name)))
    total = body.get(paging.total)
    if isinstance(total, int):
        number = max(0, min(asked[paging.limit], total - asked[paging.offset]))
        if len(entries) != number:
            got = f"{len(entries)} of {total}"
            yield Finding(OTHER_PAGE, f"{where}: {paging.entries}", f"{number} entries after {asked}", got)
    ids = [str(entry.get("id")) for entry in entries]
    if len(set(ids)) < len(ids):
        yield Finding(OTHER_PAGE, f"{where}: {paging.entries}", "different entries", f"{len(set(ids))} of {len(ids)}")
    yield from _filtered(where, paging, query, entries)
    keys: list[Any] = [entry.get(paging.newest or "id") for entry in entries]
    comparable = any(all(isinstance(key, kind) for key in keys) for kind in (str, int))
    ordered = sorted(keys, reverse=bool(paging.newest)) if comparable else keys
    if keys != ordered:
        yield Finding(ORDER, f"{where}: {paging.entries}", str(ordered), str(keys))


def _filtered(
    where: str, paging: Paging, query: Mapping[str, list[str]], entries: list[dict[str, Any]]
) -> Iterator[Finding]:
    """Findings on entries that a filter of the query excludes."""
    for parameter, member in (paging.filters or {}).items():
        others = sorted({str(entry.get(member)) for entry in entries} - set(query.get(parameter, ())))
        if parameter in query and others:
            yield Finding(NOT_FILTERED, f"{where}: {member}", query[parameter][0], ", ".join(others))
    asked = {name: values[0] for name, values in query.items()}
    if paging.excludes and (wrong := [str(e.get("id")) for e in entries if paging.excludes(e, asked)]):
        yield Finding(NOT_FILTERED, f"{where}: {paging.entries}", f"jobs of {asked}", ", ".join(wrong))


def _violation(_: Contract) -> tuple[Record, Observations]:
    url, body = f"http://service{JOBS}?limit=2", b'{"jobs": [{"created_at": "1"}, {"created_at": "2"}], "total": 9}'
    filtered = "http://service/api/v1/executions?jobspec_id=a&limit=1"
    other = b'{"executions": [{"id": 1, "job_id": "b"}], "total": 1, "limit": 1, "offset": 0}'
    return Record(
        "", [Exchange("GET", url, 200, body=body), Exchange("GET", filtered, 200, body=other)]
    ), Observations()


ORACLE = Oracle(
    name="pages",
    promise="Each page is the one that its request asks for, in the published order.",
    codes=CODES,
    check=check,
    violation=_violation,
)
