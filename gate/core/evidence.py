"""Evidence behind a finding: exchanges, rows and log lines, joined by request id and resource id."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from gate.core.exchange import Exchange
from gate.core.record import Record, Rows
from gate.core.texts import clip

_VARYING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4}|\d+")
MOST_EXCHANGES, MOST_LINES, LONGEST, LONGEST_CELL = 6, 40, 6000, 120


@dataclass(frozen=True, slots=True)
class Evidence:
    """Text that a person needs to follow a failure, ready to be printed or written."""

    test: str = ""
    message: str = ""
    exchanges: list[dict[str, str]] = field(default_factory=list)
    rows: dict[str, list[str]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    command: str = ""  # repeats what it shows, where its test would not be the shortest way

    def as_dict(self) -> dict[str, Any]:
        """Plain members, for a file."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [self.message] if self.message else []
        for exchange in self.exchanges:
            parts += [f"$ {exchange['curl']}", f"  -> {exchange['status']} {exchange['body']}"]
        for table, rows in self.rows.items():
            parts.append(f"{table}: {len(rows)}")
            parts += [f"  {row}" for row in rows]
        if self.log:
            parts += ["service log:", *(f"  {line}" for line in self.log)]
        return "\n".join(parts)


def relevant(record: Record, requests: Collection[str] = (), resources: Collection[str] = ()) -> list[Exchange]:
    """At most MOST_EXCHANGES exchanges, in their order.

    Those with one of the ids in ``requests`` come first, then those that created one of ``resources``, then the latest
    ones unless any has one of the ids.
    """
    numbers = range(len(record.exchanges))
    shows = [number for number in numbers if record.exchanges[number].request_id in requests]
    created = [record.resources.get(resource) for resource in resources]
    creating = [number for number in numbers if record.exchanges[number] in created]
    latest = () if shows else reversed(numbers)
    kept = list(dict.fromkeys((*shows, *creating, *latest)))[:MOST_EXCHANGES]
    return [record.exchanges[number] for number in sorted(kept)]


def gather(
    record: Record,
    message: str,
    rows: Mapping[str, Rows],
    log: Iterable[str],
    *,
    requests: Collection[str] = (),
    resources: Collection[str] = (),
) -> Evidence:
    """Evidence of one failure: the relevant exchanges, the rows, and the last log lines that belong to them.

    Args:
        record: of the test that failed.
        message: what a person reads first.
        rows: by the id of their resource; all of them, or those of ``resources`` if there are any.
        log: every line of the service.
        requests: ids of the requests that show the failure.
        resources: ids of the resources that it is about.

    """
    exchanges = relevant(record, requests, resources)
    relevant_rows = {resource: tables for resource, tables in rows.items() if resource in resources or not resources}
    keys = {exchange.request_id for exchange in exchanges if exchange.request_id} | relevant_rows.keys()
    lines = _distinct(line for line in log if any(key in line for key in keys))
    return Evidence(
        test=record.test,
        message=message,
        exchanges=[
            {
                "curl": clip(exchange.as_curl(), LONGEST),
                "status": str(exchange.status),
                "body": clip(exchange.text, LONGEST),
                "id": exchange.request_id,
                "method": exchange.method,
                "path": clip(f"{exchange.path}?{exchange.query}" if exchange.query else exchange.path, LONGEST),
                "sent": clip(exchange.request_body.decode(errors="replace"), LONGEST),
                "seconds": f"{exchange.elapsed:.3f}",
            }
            for exchange in exchanges
        ],
        rows={
            f"{table} of {resource}": [_row(row) for row in some]
            for resource, tables in relevant_rows.items()
            for table, some in tables.items()
        },
        log=[clip(line, LONGEST) for line in lines[-MOST_LINES:]],
    )


def _distinct(lines: Iterable[str]) -> list[str]:
    """Lines without those that differ from an earlier one only by numbers and ids: polling fills a log."""
    kept: dict[str, str] = {}
    for line in lines:
        kept.setdefault(_VARYING.sub("#", line), line)
    return list(kept.values())


def _row(row: Mapping[str, Any]) -> str:
    return json.dumps({name: _cell(value) for name, value in row.items() if value is not None}, default=str)


def _cell(value: Any) -> Any:
    """A value of a row, clipped where it is long, so that the row stays JSON."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return value if len(text) <= LONGEST_CELL else clip(text, LONGEST_CELL)
