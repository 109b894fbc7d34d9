"""Plain data between the steps of judging: what a test did, and what was observed afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gate.core import effect
from gate.core.effect import Effect
from gate.core.exchange import Exchange
from gate.core.log import LogLine

Row = effect.Row
Rows = Mapping[str, Sequence[Row]]
"""Rows of one resource, by table."""


@dataclass(frozen=True, slots=True)
class Change:
    """Tables that changed although nothing that was sent may change them: numbers of rows before and after, by table.

    ``where`` is the operation with its status, ``request`` the id of the request, if it was one. ``reason`` says why it
    is certain that nobody else did it, in a database that others use.
    """

    where: str
    tables: Mapping[str, tuple[int, int]]
    request: str = ""
    reason: str = ""


@dataclass(slots=True, eq=False)
class Taken:
    """Exchanges and changes that were recorded while a block ran."""

    exchanges: list[Exchange] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


@dataclass(slots=True)
class Record:
    """The actions of one test on a system under test.

    ``resources`` has the id of every resource of the test, with the exchange that created it, or None for a resource
    that existed before. ``changes`` are those of refused requests. ``before`` has every resource that the run created
    on the system, with that exchange; ``alone`` says that nobody else uses it.
    """

    test: str
    exchanges: list[Exchange] = field(default_factory=list)
    resources: dict[str, Exchange | None] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    interrupted: bool = False  # the service was killed or its paths cut, and calls with it
    before: Mapping[str, Exchange] = field(default_factory=dict)
    alone: bool = False
    logged: int = 0  # lines that the service had printed before
    effects: Sequence[Effect] = ()  # single requests with what they did to the rows, where that is judged
    others: bool = False  # further processes of the service, whose log is not read, were there
    _open: list[Taken] = field(default_factory=list, repr=False)

    def note(self, exchange: Exchange, change: Change | None = None, created: str = "") -> None:
        """Add an exchange, what it changed although it was refused, and the id of the resource that it created."""
        parts: list[Record | Taken] = [self, *self._open]
        for part in parts:
            part.exchanges.append(exchange)
            if change is not None:
                part.changes.append(change)
        if created:
            self.resources.setdefault(created, exchange)

    @contextmanager
    def recorded(self) -> Iterator[Taken]:
        """Collect what is recorded while the block runs."""
        taken = Taken()
        self._open.append(taken)
        try:
            yield taken
        finally:
            self._open.remove(taken)


@dataclass(frozen=True, slots=True)
class Observation:
    """The state of one resource at the end of its test.

    ``rows`` are those of the database, or, on a target without one, what the API shows of them; ``calls`` are those
    that a stand-in logged for the resource, None where they are not known.
    """

    id: str
    rows: Rows = field(default_factory=dict)
    answers: Mapping[str, Sequence[Exchange]] = field(default_factory=dict)  # by the pack's name of the view
    calls: Any = None
    displayed: Any = None  # what a client of the service displays of the resource, where that is judged


@dataclass(frozen=True, slots=True)
class Observations:
    """Everything that judging a record needs to know of the system under test.

    ``stored`` says that rows are those of the database. ``offending`` has rows by the code of the invariant that they
    break; ``checked`` are the codes of those that were evaluated.
    """

    resources: Mapping[str, Observation] = field(default_factory=dict)
    answers: Mapping[str, Sequence[Exchange]] = field(default_factory=dict)  # on the service itself, by view
    stored: bool = True
    offending: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    checked: Sequence[str] = ()
    unfinished: Sequence[str] = ()  # resources that should have reached their end
    log: Sequence[LogLine] = ()  # every line of the service so far; none where its log cannot be read
    logged_url: str = ""  # of the process whose log that is
    inside: Mapping[str, str] = field(default_factory=dict)  # facts of the inside that no answer may hold, by name
    gauges: Mapping[str, Sequence[Row]] = field(default_factory=dict)  # rows by metric that did not change meanwhile
    schema: Any = None  # live schema of the database, where it was read
    absent: frozenset[str] = frozenset()  # promised columns (table.column) that the database does not have
    consumer: Any = None  # contract of a consumer of the service, where it is judged
    changes: Sequence[Change] = ()  # while nothing but reading requests were sent
    unattributed: Sequence[str] = ()  # that may be the fault of others who use the service
    unreachable: str = ""  # why observing ended early
