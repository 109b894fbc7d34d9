"""One request with what it did to the rows of a service, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gate.core.exchange import Exchange

Row = dict[str, Any]
IDS, ENVELOPES = ("id", "uuid", "_id"), ("data", "result", "item")
"""Members that tell a resource from others, and members that have one."""
Columns = Mapping[str, Mapping[str, str]]
"""Type of each column, by table and column, as Postgres names it."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row before and after a request; None where it was not there. The values are those of JSON."""

    table: str
    key: str
    before: Row | None
    after: Row | None

    @property
    def inserted(self) -> bool:
        """Return whether the request inserted the row."""
        return self.before is None and self.after is not None

    @property
    def deleted(self) -> bool:
        """Return whether the request deleted the row."""
        return self.after is None and self.before is not None


@dataclass(frozen=True, slots=True)
class Declared:
    """Rules that are declared for rows.

    Args:
        states: by ``table.column``, the states that may follow each state.
        models: by table, the schema of its rows, whose references lead into the document.

    """

    states: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    models: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """An answer that was asked for in several ways, while no row changed.

    Args:
        whole: the answer, of a list that without a filter.
        again: the answers to the same request once more.
        pages: consecutive pages with at most ``size`` entries each.
        size: the number of entries that a page was asked for.
        ended: the last page says that none comes after it.
        filtered: by member, its value in an entry, and the answer to the list of those with this value.
        entries: entries of the list, each with its row.

    """

    whole: Exchange
    again: Sequence[Exchange]
    pages: Sequence[Exchange] = ()
    size: int = 0
    ended: bool = False
    filtered: Mapping[str, tuple[Any, Exchange]] = field(default_factory=dict)
    entries: Sequence[tuple[Mapping[str, Any], RowChange]] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """A request, its answer, and the rows that changed while it was handled.

    Args:
        exchange: the request and its answer.
        operation: method and path template.
        declared: members that the schema of the request's body has, read-only ones left out.
        defaults: values that the document says members of the body have which are left out.
        changes: rows that changed.
        addressed: the row that the path names, changed or not; None where it is not known.
        read: the answer to reading what was created or deleted, afterwards.
        read_row: the created row, after that.
        listing: what was read, in other ways.
        listed: the list in which a created resource has to be, and a deleted one must not.
        parts: rows that refer to the row of a deleted resource, of tables that are filled below its path.
        growing: rows that were written by table in the end, although nothing was sent any more.
        extra: members of the body that the request's schema does not have, or that are read-only.
        repeats: it was sent a second time under the same idempotency key.
        path_values: values of the path's parameters.
        columns: the types of the columns.
        earlier: rows that the service changed by itself since the request before.
        declared_rows: what is declared for the rows.
        broken: rows that broke a declared invariant afterwards, by its name.
        nullable: members of ``declared`` that may be null.
        certain: the evidence that the changes are the request's, where others write to the database, too.
        taken: members of a created resource that have to be its own, and that another row has, too.
        nowhere: members that have to be there and name a resource of the API of which there is no row.

    """

    exchange: Exchange
    operation: str
    declared: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[RowChange] = ()
    addressed: RowChange | None = None
    read: Exchange | None = None
    read_row: Row | None = None
    listing: Listing | None = None
    listed: Exchange | None = None
    parts: Sequence[RowChange] = ()
    growing: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    repeats: bool = False
    path_values: Mapping[str, str] = field(default_factory=dict)
    columns: Columns = field(default_factory=dict)
    earlier: Sequence[RowChange] = ()
    declared_rows: Declared = field(default_factory=Declared)
    broken: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    nullable: frozenset[str] = frozenset()
    nowhere: Sequence[str] = ()
    certain: str = ""
    taken: Sequence[str] = ()

    @property
    def accepted(self) -> bool:
        """Return whether the answer is 2xx."""
        return 200 <= self.exchange.status < 300

    @property
    def answer(self) -> Mapping[str, Any]:
        """The object of the answer, or the only one inside it; empty for any other answer."""
        return members_of(self.exchange.json)

    @property
    def sent(self) -> Mapping[str, Any]:
        """The members of the request's body."""
        body = self.exchange.sent
        return body if isinstance(body, dict) else {}

    def inserted(self) -> Iterator[RowChange]:
        """The rows that were inserted."""
        return (change for change in self.changes if change.inserted)


def members_of(value: Any) -> Mapping[str, Any]:
    """An object's members; those of the object that it is an envelope of."""
    if not isinstance(value, dict):
        return {}
    name = enveloped(value)
    return value[name] if name else value


def enveloped(value: Mapping[str, Any]) -> str:
    """The member of an object that has the resource: its only one, or the one with an id where it has none itself.

    No more members than it has itself stand beside a resource; else it is one that the object refers to.
    """
    inner = {name: each for name, each in value.items() if isinstance(each, dict)}
    if len(value) == 1:
        return next(iter(inner), "")
    if any(name in value for name in IDS):
        return ""
    beside = len(value) - 1
    identified = {name for name, each in inner.items() if any(id_ in each for id_ in IDS) and beside <= len(each)}
    named = [name for name in inner if name in ENVELOPES or name in identified]
    return named[0] if len(named) == 1 else ""


def entries_of(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list, or of the only list of objects inside an object; empty for any other value."""
    if isinstance(value, dict):
        lists = [each for each in value.values() if isinstance(each, list) and each and isinstance(each[0], dict)]
        value = lists[0] if len(lists) == 1 else []
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
