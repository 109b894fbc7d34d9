"""Repeats a request to see whether rows change because of it, in a database that others use at the same time."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Collection, Sequence

from gate.core.client import Client, Unreachable
from gate.core.errors import NotAvailable
from gate.core.exchange import Exchange
from gate.oracles.unchanged import Tables

CHANCE = 1e-9
"""Probability of laying a change to the wrong request that is accepted, for each table or row."""
MOMENTS, ROUNDS = 36, 2
"""Moments of a round, half of them with the request, and the most rounds."""
FEW = 6
"""Moments without the request after which those with a change tell whether it is worth going on."""
OWN = frozenset({"host", "content-length"})
"""Headers that the client makes itself."""

Names = frozenset[tuple[str, str]]
"""Tables, with an empty key, and rows by table and primary key."""


class Repetition:
    """Repeats requests on a connection of its own.

    ``connect`` makes its client, which calls the function that it is given before each request goes out.
    """

    def __init__(self, tables: Tables, connect: Callable[[Callable[[str], None]], Client]) -> None:
        self._tables = tables
        self._client = connect(self._begin)
        self._since = ""
        self._longest = 0.0  # seconds that the request took

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def repeats(self, exchange: Exchange, suspected: Collection[str]) -> tuple[set[str], str]:
        """Those of the suspected tables that change with each repetition of a request, and the evidence.

        A coin decides for each moment whether it is one with the request or, as long, one without. Had others made the
        changes, these would be in all moments with the request by chance alone: the probability is that of Fisher's
        exact test. In a quiet database one round makes it small enough; another makes up for some changes by others.
        """
        self._longest, times, quiet = 0.0, 0, list[Names]()
        try:
            writes = frozenset(name for name in self._with(exchange) if name[0] in suspected)
            for _ in range(ROUNDS):
                for _ in range(MOMENTS):
                    if secrets.randbelow(2):
                        writes, times = writes & self._with(exchange), times + 1
                    else:
                        quiet.append(self._without())
                    if not writes or _hopeless(writes, quiet):
                        return set(), ""
                others = {name: sum(name in moment for moment in quiet) for name in writes}
                certain = {name: number for name, number in others.items() if _chance(times, number, quiet) < CHANCE}
                if certain:
                    evidence = (
                        f"rows were written again in each of {times} moments with the request, and in"
                        f" {min(certain.values())} of {len(quiet)} moments without"
                    )
                    return {table for table, _ in certain}, evidence
        except (Unreachable, NotAvailable, _AnotherAnswerError):
            pass  # it cannot be repeated, so nothing is certain
        return set(), ""

    def _begin(self, _: str = "") -> None:
        self._since = self._tables.snapshot()

    def _end(self) -> Names:
        rows, self._since = self._tables.written(self._since)
        return frozenset(name for row in rows for name in ((row.table, ""), (row.table, row.key)))

    def _with(self, exchange: Exchange) -> Names:
        headers = {name: value for name, value in exchange.request_headers.items() if name not in OWN}
        again = self._client.request(
            exchange.method,
            exchange.url,
            content=exchange.request_body,
            headers={name: value.encode("latin-1", "replace") for name, value in headers.items()},
        )
        if (again.status, again.error_code) != (exchange.status, exchange.error_code):
            raise _AnotherAnswerError
        self._longest = max(self._longest, again.elapsed)
        return self._end()

    def _without(self) -> Names:
        self._begin()
        time.sleep(self._longest)  # a moment is what is observed, and nothing ends it
        return self._end()


class _AnotherAnswerError(Exception):
    """The service answers the same request in another way now."""


def _chance(times: int, others: int, quiet: Sequence[Names]) -> float:
    """Probability that every moment with the request is among those with a change, of which others are quiet ones."""
    return math.comb(times + others, times) / math.comb(times + len(quiet), times)


def _hopeless(writes: Names, quiet: Sequence[Names]) -> bool:
    """Return whether others change all of it too often."""
    return len(quiet) >= FEW and all(sum(name in moment for moment in quiet) > len(quiet) / 2 for name in writes)
