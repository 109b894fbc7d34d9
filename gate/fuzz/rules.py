"""Facts about a service that fuzzing needs; its pack provides them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from gate.core.database import Database
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.record import Record
from gate.fuzz.plan import Plan
from gate.fuzz.request import GeneratedRequest
from gate.session.pack import Pack
from gate.session.session import Session

Step = Mapping[str, Any]
UNKNOWN_ONE_IN = 16


@dataclass(frozen=True, slots=True)
class KnownIds:
    """Ids of existing resources, by the path parameter that takes them."""

    by_parameter: Mapping[str, Sequence[str]]

    def pick(self, parameter: str, turn: int) -> str | None:
        """The id for a turn; None if there is none, and on every 16th turn, so that unknown resources are tried too."""
        ids = self.by_parameter.get(parameter)
        return ids[turn % len(ids)] if ids and turn % UNKNOWN_ONE_IN else None


@dataclass(frozen=True, slots=True)
class FuzzRules:
    """Facts about a service that fuzzing needs.

    Args:
        plan: numbers of cases at each depth.
        not_found: error codes for a resource that does not exist; others mean that it exists and is not ready.
        prepare: creates the resources that generated requests address.
        personalise: gives a request ids of its own, from the path template of its operation, the known ids, and a
            source of new ids. A valid request stays valid, and an invalid one invalid.
        check_accepted: findings on the rows of a resource that must be complete from the moment of acceptance.
        wait: waits until a resource has ended; NotReached if it does not.
        sequence: the steps of a sequence, by seed, part and number; the same in every process.
        perform: performs steps; findings where an answer contradicts the state that earlier steps established.
        least: the smallest value of each number in a step.

    """

    plan: Plan
    not_found: frozenset[str]
    prepare: Callable[[Session, Record], KnownIds]
    personalise: Callable[[GeneratedRequest, str, KnownIds, Callable[[], str]], GeneratedRequest]
    check_accepted: Callable[[Database, Exchange, str], list[Finding]]
    wait: Callable[[Session, Record, str], None]
    sequence: Callable[[int, str, int], list[Step]]
    perform: Callable[[Session, Record, Sequence[Step]], list[Finding]]
    least: Mapping[str, int]


@runtime_checkable
class FuzzPack(Pack, Protocol):
    """A pack whose service can be fuzzed."""

    @property
    def fuzzing(self) -> FuzzRules:
        """Facts about the service."""

    def __hash__(self) -> int:
        """By which the cases of its contract are kept."""
