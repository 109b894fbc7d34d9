"""Journal events: the closed set of facts that a run writes down; ``kind`` names the type in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from gate.core.evidence import Evidence
from gate.core.findings import Finding

TARGET, LIMIT, MACHINE = "target", "limit", "machine"


@dataclass(frozen=True, slots=True)
class ExchangeRecorded:
    """A request was answered; ``operation`` is None where the contract has none for it."""

    operation: str | None
    status: int
    error_code: str = ""
    kind: Literal["exchange"] = "exchange"


@dataclass(frozen=True, slots=True)
class CoverageGained:
    """An exchange reached parts of the contract, by kind of part, for the first time in its process."""

    parts: Mapping[str, Sequence[str]]
    kind: Literal["coverage"] = "coverage"


@dataclass(frozen=True, slots=True)
class ResourceEnded:
    """A test is done with a resource whose rows are in these states, by table."""

    id: str
    states: Mapping[str, Sequence[str]]
    kind: Literal["resource"] = "resource"


@dataclass(frozen=True, slots=True)
class InvariantsChecked:
    """The invariants with these codes were evaluated."""

    codes: Sequence[str]
    kind: Literal["invariants"] = "invariants"


@dataclass(frozen=True, slots=True)
class FindingReported:
    """A test, or the end of the run, reported a finding with its evidence; a ``late`` one after its test had ended."""

    finding: Finding
    evidence: Evidence
    late: bool = False
    kind: Literal["finding"] = "finding"


@dataclass(frozen=True, slots=True)
class CandidateReported:
    """A finding that no fresh database confirmed, or that may be meant so: it does not decide the verdict."""

    finding: Finding
    evidence: Evidence
    reason: str
    kind: Literal["candidate"] = "candidate"


@dataclass(frozen=True, slots=True)
class OperationUnreached:
    """No valid request of an operation was accepted, with the refusals and the declaration that leads further."""

    operation: str
    refusals: Sequence[str]
    advice: str
    kind: Literal["unreached"] = "unreached"


@dataclass(frozen=True, slots=True)
class FuzzResult:
    """The generated requests of one operation, or of one part of the sequences."""

    operation: str
    cases: int
    positive: int
    accepted: int  # positive cases that were answered with 2xx
    seconds: float
    oracle_seconds: float
    digest: str  # of the depth's cases in their order; the same for the same seed
    further: int = 0  # cases that the budget added to those of the depth

    @property
    def share(self) -> float | None:
        """Accepted share of the positive cases; None without any."""
        return self.accepted / self.positive if self.positive else None

    def __str__(self) -> str:
        accepted = "" if self.share is None else f", {self.share:.0%} of {self.positive} positive cases accepted"
        rate = self.cases / self.seconds if self.seconds else 0.0
        further = f" ({self.further} of them by the budget)" if self.further else ""
        return f"fuzz {self.operation}: {self.cases} cases{further}, {rate:.0f}/s{accepted}"


@dataclass(frozen=True, slots=True)
class OperationFuzzed:
    """The fuzzing of an operation ended."""

    result: FuzzResult
    kind: Literal["fuzz"] = "fuzz"


@dataclass(frozen=True, slots=True)
class ProgressMade:
    """A worker is in the middle of something that takes long."""

    text: str
    kind: Literal["progress"] = "progress"


@dataclass(frozen=True, slots=True)
class TestsCollected:
    """The tests that the run is going to run."""

    __test__ = False  # not a class of tests

    tests: Sequence[str]
    kind: Literal["collected"] = "collected"


@dataclass(frozen=True, slots=True)
class TestBegan:
    """A test began."""

    __test__ = False

    test: str
    kind: Literal["began"] = "began"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A phase of a test ended."""

    test: str
    outcome: Literal["passed", "failed", "skipped", "error"]
    criteria: Sequence[str] = ()
    reason: str = ""
    unavailable: str = ""  # TARGET or MACHINE: skipped because that lacks what it needs; LIMIT: by a limit of the user
    seconds: float = 0.0
    kind: Literal["outcome"] = "outcome"


@dataclass(frozen=True, slots=True)
class RecordConcluded:
    """A record of a test is to be judged, which reached these parts of the contract."""

    test: str
    reached: Sequence[str]
    requests: int = 0  # that were answered
    kind: Literal["record"] = "record"


@dataclass(frozen=True, slots=True)
class ChecksUnavailable:
    """The database lacks what these checks read; the reason by check."""

    reasons: Mapping[str, str]
    kind: Literal["unavailable"] = "unavailable"


@dataclass(frozen=True, slots=True)
class Unattributed:
    """Rows changed, and it is not certain that a request of the run did it."""

    text: str
    kind: Literal["unattributed"] = "unattributed"


@dataclass(frozen=True, slots=True)
class GateFailed:
    """The gate itself failed, so what it was about to judge is not known."""

    reason: str
    evidence: str = ""
    kind: Literal["gate-failed"] = "gate-failed"


@dataclass(frozen=True, slots=True)
class JournalClosed:
    """The end of a journal, with the numbers of events before it and of records that were judged."""

    events: Mapping[str, int]  # by kind
    judged: Mapping[str, int]  # records by oracle
    records: Mapping[str, int] = field(default_factory=dict)  # by folder of their tests
    kind: Literal["closed"] = "closed"


Event = (
    ExchangeRecorded
    | CoverageGained
    | ResourceEnded
    | InvariantsChecked
    | FindingReported
    | CandidateReported
    | OperationUnreached
    | OperationFuzzed
    | ProgressMade
    | TestsCollected
    | TestBegan
    | Outcome
    | RecordConcluded
    | ChecksUnavailable
    | Unattributed
    | GateFailed
    | JournalClosed
)
EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
"""Reads an event from JSON."""
