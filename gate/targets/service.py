"""What targets have to know of the service that they start or reach; a pack fills it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

if TYPE_CHECKING:
    from gate.core.client import Client  # its library would slow down every command

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Removal:
    """SQL that removes resources from the service's database.

    ``statements`` are tables, children first, each with a condition on the rows that go; a database need not have all
    of them. ``states`` selects id and state of the resources that are there, and ``by_key``, of a table, the ids of
    those that were submitted under ``%(keys)s``. All see ``%(ids)s``, and what ``values`` takes from the ledger.
    """

    statements: Sequence[tuple[LiteralString, LiteralString]]
    states: LiteralString
    by_key: tuple[LiteralString, LiteralString]
    values: Callable[[Sequence[Facts]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RemoteRules:
    """How a run on somebody else's machine knows its own resources, and how it ends and removes them.

    Args:
        noun: the resources in plural, as messages name them.
        creates: whether a method and a path create resources.
        ids: the ids that the body of such a request names.
        facts: what else the service keeps of such a request; the ledger holds it for ``removal``.
        given: the id in an answer to such a request; empty without one.
        key_header: the header that makes a request without an id findable.
        addressed: the id of the resource that the segments of a path address; empty without one.
        state: a resource's state, read through the API; empty where there is no such resource.
        ended: the states in which a resource has ended.
        cancel: ends a resource through the API.
        removal: removes resources from the database.

    """

    noun: str
    creates: Callable[[str, str], bool]
    ids: Callable[[bytes], set[str]]
    facts: Callable[[bytes], Facts]
    given: Callable[[Any], str]
    key_header: str
    addressed: Callable[[Sequence[str]], str]
    state: Callable[[Client, str], str]
    ended: frozenset[str]
    cancel: Callable[[Client, str], object]
    removal: Removal


@dataclass(frozen=True, slots=True)
class Service:
    """A service as targets start and reach it."""

    remote: RemoteRules
