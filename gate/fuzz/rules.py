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
        if not ids or turn % UNKNOWN_ONE_IN == 0:
            return None
        return ids[turn % len(ids)]


class FuzzRules(Protocol):
    """Facts about a service that fuzzing needs."""

    @property
    def plan(self) -> Plan:
        """Number of cases at each depth."""

    @property
    def not_found(self) -> frozenset[str]:
        """Error codes for a resource that does not exist; others mean that it exists and is not ready."""

    def prepare(self, session: Session, record: Record) -> KnownIds:
        """Create the resources that generated requests address."""

    def personalise(
        self, request: GeneratedRequest, path: str, known: KnownIds, new_id: Callable[[], str]
    ) -> GeneratedRequest:
        """Give a request ids of its own; ``path`` is the path template of its operation.

        A valid request stays valid, and an invalid one invalid.
        """

    def check_accepted(self, database: Database, exchange: Exchange, resource: str) -> list[Finding]:
        """Findings on the rows of a resource that must be complete from the moment of acceptance."""

    def wait(self, session: Session, record: Record, resource: str) -> None:
        """Wait until a resource of a record has ended; NotReached if it does not."""

    @property
    def least(self) -> Mapping[str, int]:
        """The smallest value of each number in a step."""

    def sequence(self, seed: int, part: str, number: int) -> list[Step]:
        """The steps of the ``number``-th sequence of a part; the same in every process."""

    def perform(self, session: Session, record: Record, steps: Sequence[Step]) -> list[Finding]:
        """Perform steps in order; findings where an answer contradicts what the steps before it established."""


@runtime_checkable
class FuzzPack(Protocol):
    """A pack whose service can be fuzzed."""

    @property
    def fuzzing(self) -> FuzzRules:
        """Facts about the service."""
