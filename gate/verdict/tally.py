"""The sum of a run's events, from which its verdict is decided."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from gate.verdict import events
from gate.verdict.events import Event, FindingReported, FuzzResult, Outcome

UNDOCUMENTED = "undocumented"
"""The operation of exchanges that the contract has none for."""


@dataclass(slots=True)
class Tally:
    """Counts and collections over the events of a run."""

    operations: Counter[str] = field(default_factory=Counter)  # exchanges
    statuses: Counter[str] = field(default_factory=Counter)  # exchanges by operation and status code
    error_codes: Counter[str] = field(default_factory=Counter)
    invariants: Counter[str] = field(default_factory=Counter)  # evaluations
    states: Counter[str] = field(default_factory=Counter)  # resources by table and state
    resources: int = 0
    parts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # of the contract, by kind
    fuzz: list[FuzzResult] = field(default_factory=list)
    findings: list[FindingReported] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)  # by test
    passes: Counter[str] = field(default_factory=Counter)  # by test; once each
    judged: Counter[str] = field(default_factory=Counter)  # records by oracle
    records: Counter[str] = field(default_factory=Counter)  # judged records by folder of their tests
    requests: Counter[str] = field(default_factory=Counter)  # answered ones by test
    gate_failures: dict[str, str] = field(default_factory=dict)  # evidence by reason
    unavailable: dict[str, str] = field(default_factory=dict)  # reasons by check
    candidates: list[events.CandidateReported] = field(default_factory=list)
    unreached: dict[str, events.OperationUnreached] = field(default_factory=dict)  # by operation
    unattributed: dict[str, None] = field(default_factory=dict)  # changes of rows, in their order

    def add(self, event: Event) -> None:  # noqa: C901, PLR0912 (a case for each event)
        """Adds one event."""
        match event:
            case events.ExchangeRecorded(operation, status, error_code):
                self.operations[operation or UNDOCUMENTED] += 1
                self.statuses[f"{operation or UNDOCUMENTED} {status}"] += 1
                if error_code:
                    self.error_codes[error_code] += 1
            case events.CoverageGained(parts):
                for kind, names in parts.items():
                    self.parts[kind].update(names)
            case events.ResourceEnded(_, states):
                self.resources += 1
                self.states.update(f"{table} {state}" for table, ended in states.items() for state in ended)
            case events.InvariantsChecked(codes):
                self.invariants.update(codes)
            case events.OperationFuzzed(result):
                self.fuzz.append(result)
            case FindingReported():
                self.findings.append(event)
            case events.CandidateReported():
                self.candidates.append(event)
            case events.OperationUnreached(operation):
                self.unreached[operation] = event
            case Outcome():  # of several phases of a test the first that did not pass
                self.passes[event.test] += event.outcome == "passed"
                if self.outcomes.setdefault(event.test, event).outcome == "passed":
                    self.outcomes[event.test] = event
            case events.GateFailed(reason, evidence):
                self.gate_failures.setdefault(reason, evidence)
            case events.ChecksUnavailable(reasons):
                self.unavailable.update(reasons)
            case events.Unattributed(text):
                self.unattributed[text] = None
            case events.JournalClosed(_, judged, records):
                self.judged.update(judged)
                self.records.update(records)
            case events.RecordConcluded(test, _, requests):
                self.requests[test] += requests
            case events.ProgressMade() | events.TestsCollected() | events.TestBegan():
                pass

    def tests(self, *outcomes: str) -> list[str]:
        """Ids of the tests with any of these outcomes."""
        return [test for test, event in self.outcomes.items() if event.outcome in outcomes]


def tally(journal: Iterable[Event]) -> Tally:
    """Sums up the events of a run."""
    result = Tally()
    for event in journal:
        result.add(event)
    return result
