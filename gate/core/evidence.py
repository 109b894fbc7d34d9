"""What stands behind a finding: exchanges, rows and log lines, joined by request id and job id."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from gate.core.texts import clip

if TYPE_CHECKING:
    from gate.core.database import Rows
    from gate.core.exchange import Exchange

_VARYING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4}|\d+")
MOST_EXCHANGES, MOST_LINES, LONGEST = 6, 40, 1500


@dataclass(frozen=True, slots=True)
class Evidence:
    """Text that a person needs to follow a failure, ready to be printed or written."""

    test: str = ""
    message: str = ""
    exchanges: list[dict[str, str]] = field(default_factory=list)
    rows: dict[str, list[str]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

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
            parts += ["runner log:", *(f"  {line}" for line in self.log)]
        return "\n".join(parts)


def telling(
    exchanges: Sequence[Exchange], requests: Collection[str] = (), jobs: Collection[str] = ()
) -> list[Exchange]:
    """The few exchanges that tell of a failure, in their order.

    First those with one of the ids in ``requests``, which it shows in, then those that made one of ``jobs``. The latest
    ones where nobody knows which it shows in.
    """
    everything = range(len(exchanges))
    meant = [number for number in everything if exchanges[number].request_id in requests]
    made = [number for number in everything if exchanges[number].job in jobs]
    latest = () if meant else reversed(everything)
    kept = list(dict.fromkeys((*meant, *made, *latest)))[:MOST_EXCHANGES]
    return [exchanges[number] for number in sorted(kept)]


def gather(
    test: str,
    message: str,
    exchanges: Sequence[Exchange],
    rows: Mapping[str, Rows],
    log: Iterable[str],
) -> Evidence:
    """Evidence of one failure: these exchanges, ``rows`` by job id, and the last log lines that belong to them."""
    keys = {exchange.request_id for exchange in exchanges if exchange.request_id} | set(rows)
    return Evidence(
        test=test,
        message=message,
        exchanges=[
            {
                "curl": clip(exchange.as_curl(), LONGEST),
                "status": str(exchange.status),
                "body": clip(exchange.text, LONGEST),
            }
            for exchange in exchanges
        ],
        rows={name: shown for job in rows.values() for name, shown in _tables(job).items()},
        log=[clip(line, LONGEST) for line in _telling(line for line in log if any(key in line for key in keys))][
            -MOST_LINES:
        ],
    )


def _telling(lines: Iterable[str]) -> list[str]:
    """Lines without those that say the same as an earlier one but for numbers and ids: polling fills a log."""
    kept: dict[str, str] = {}
    for line in lines:
        kept.setdefault(_VARYING.sub("#", line), line)
    return list(kept.values())


def _tables(rows: Rows) -> dict[str, list[str]]:
    job = str(rows.job["jobspec_id"]) if rows.job else "unknown job"
    tables = {
        "jobs": [rows.job] if rows.job else [],
        "executions": rows.executions,
        "cross_region_executions": [rows.run] if rows.run else [],
        "region_results": rows.regions,
        "cross_region_analyses": [rows.analysis] if rows.analysis else [],
    }
    return {f"{table} of {job}": [_row(row) for row in found] for table, found in tables.items()}


def _row(row: Mapping[str, Any]) -> str:
    return clip(json.dumps({name: value for name, value in row.items() if value is not None}, default=str), 400)
