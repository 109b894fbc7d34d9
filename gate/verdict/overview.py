"""The tests of a run and what it covered, as the page lists them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gate.contract.coverage import by_owner
from gate.core.texts import counted
from gate.verdict.verdict import Coverage, TestResult, Verdict

SLOWEST = 10
"""Tests that are listed by their time."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A part of the contract, how often or how far a run reached it, and what it did not reach."""

    kind: str
    name: str
    reached: str
    missing: list[str] = field(default_factory=list)
    whole: bool = True


def covered(coverage: Coverage) -> Iterator[Covered]:
    """Every part, what belongs to one operation or schema on one line."""
    counters = {
        "operation": coverage.operations,
        "status": coverage.statuses,
        "error code": coverage.error_codes,
        "state": coverage.states,
    }
    for kind, names in counters.items():
        for name, times in names.items():
            yield Covered(kind, name, counted(times, "time") if times else "never", whole=bool(times))
    parts = {"parameters": coverage.parameters, "fields": coverage.fields, "values": coverage.values}
    for owner, kinds in by_owner(parts).items():
        for kind, reached in kinds.items():
            yield _shared(kind, owner, reached)
    for owner, kinds in by_owner({"keywords": coverage.keywords}).items():
        yield _shared("keywords", owner, kinds["keywords"])


def _shared(kind: str, owner: str, reached: dict[str, bool]) -> Covered:
    missing = [name for name, seen in reached.items() if not seen]
    return Covered(kind, owner, f"{len(reached) - len(missing)} of {len(reached)}", missing, not missing)


def by_file(verdict: Verdict) -> dict[str, list[tuple[str, TestResult]]]:
    """The tests by their file, each with its name there; files with a failure come first."""
    files: dict[str, list[tuple[str, TestResult]]] = {}
    for test in verdict.tests:
        file, _, name = test.id.partition("::")
        files.setdefault(file, []).append((name or file, test))
    bad = {file for file, tests in files.items() if any(test.state in ("failed", "error") for _, test in tests)}
    return dict(sorted(files.items(), key=lambda entry: (entry[0] not in bad, entry[0])))


def slowest(verdict: Verdict) -> list[TestResult]:
    """The tests that took longest, the slowest first."""
    return sorted(verdict.tests, key=lambda test: -test.seconds)[:SLOWEST]
