"""What a run comes to where a profile accepts some of its findings, and what is wrong with the profile itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from gate.verdict.profile import Deviation, Profile


class Found(Protocol):
    """A finding of a run, and the tests that saw it."""

    @property
    def tests(self) -> list[str]:
        """Ids of the tests."""


class Ended(Protocol):
    """How a test ended."""

    test: str

    @property
    def outcome(self) -> str:
        """passed, failed, skipped or error."""


F = TypeVar("F", bound=Found)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with a deviation of the profile, as the parts of a finding."""

    code: str
    where: str
    expected: str
    got: str


@dataclass(slots=True)
class Settled(Generic[F]):
    """Findings that stand and that are accepted; ``excused`` are failed tests of which nothing stands."""

    standing: list[F]
    accepted: list[tuple[F, Deviation]]
    excused: set[str]
    faults: list[Fault] = field(default_factory=list)


def settle(
    profile: Profile,
    standing: Iterable[F],
    accepted: Iterable[tuple[F, Deviation]],
    outcomes: Sequence[Ended],
    seen: Sequence[str],
) -> Settled[F]:
    """What a run comes to under a profile; ``seen`` are the operations, statuses and tests of the run."""
    standing, accepted = list(standing), list(accepted)
    guilty = {test for finding in standing for test in finding.tests}
    forgiven = {test for finding, _ in accepted for test in finding.tests}
    failed = {one.test for one in outcomes if one.outcome in {"failed", "error"}}
    faults = [
        Fault("BG-PROFILE-002", f"{profile.name}: {one.id}", f"a decision before {one.expires}", f"still: {one.title}")
        for one in profile.expired()
    ]
    faults += [
        Fault("BG-PROFILE-001", f"{profile.name}: {one.id}", one.title, "no finding of its kind")
        for one in profile.stale([deviation for _, deviation in accepted], seen)
    ]
    return Settled(standing, accepted, (failed & forgiven) - guilty, faults)
