"""The fuzzing of one operation: its cases one after the other, and what became of them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from gate.core.client import Unreachable
from gate.core.errors import NotAvailable
from gate.core.evidence import Evidence
from gate.core.findings import Finding
from gate.fuzz import bodies
from gate.fuzz.cases import AnyCase, Cases, shot_of
from gate.fuzz.plan import plan
from gate.fuzz.probe import Fired, Probe
from gate.fuzz.replay import Replay, command
from gate.fuzz.request import Shot
from gate.fuzz.shrink import shrink
from gate.targets.remote_run.limits import UsedUp
from gate.verdict.events import FuzzResult

BATCH_JOBS, BATCH_CASES = 20, 100
MOST_SHRUNK, MOST_SILENT = 4, 3
FEW = 3
"""Positive cases from which on their share says something about an operation."""
AFTER_CASES = 100_000
"""Number of the first chunk of random cases beyond those of the depth."""
Progress = Callable[[Callable[[], str]], None]
"""Takes what makes a line of progress, and decides whether it is time for one."""


@dataclass(slots=True)
class Tally:
    """What was sent, for the journal."""

    operation: str
    cases: int = 0
    positive: int = 0
    accepted: int = 0  # positive cases that were answered with 2xx
    seconds: float = 0.0
    oracle_seconds: float = 0.0
    digest: str = ""  # of all cases in their order

    def result(self) -> FuzzResult:
        """The result for the journal, in milliseconds."""
        return FuzzResult(
            operation=self.operation,
            cases=self.cases,
            positive=self.positive,
            accepted=self.accepted,
            seconds=round(self.seconds, 3),
            oracle_seconds=round(self.oracle_seconds, 3),
            digest=self.digest,
        )

    def __str__(self) -> str:
        return str(self.result())


@dataclass(slots=True)
class Violation:
    """A finding with what made it, made small, and the evidence of that."""

    finding: Finding
    shot: Shot
    evidence: Evidence
    replay: Path


@dataclass
class Campaign:
    """Fuzzes one operation of a prepared system."""

    probe: Probe
    cases: Cases
    operation: str
    directory: Path  # of the replay files
    progress: Progress = lambda _: None
    tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        self.tally = Tally(self.operation)
        self._found: dict[tuple[str, str], tuple[Finding, Shot]] = {}
        self._jobs: dict[str, Shot] = {}  # the request that made a job, by its id
        self._hash = hashlib.sha256()
        self._in_batch = 0
        self._ended: UsedUp | None = None  # why not all cases were sent, where that is so

    def run(self, number: int, seconds: float = 0.0) -> list[Violation]:
        """Sends ``number`` cases and then random ones until ``seconds`` are over; returns what is wrong, made small."""
        self.send(self._cases(number, time.perf_counter() + seconds))
        wrong = [*self._violations(), *self._hollow()]
        if self._ended and not wrong:
            raise self._ended
        return wrong

    def send(self, cases: Iterable[AnyCase]) -> None:
        """Sends cases and judges them; Unreachable where the runner is gone."""
        started = time.perf_counter()
        silent = 0
        for case in cases:
            shot = replace(shot_of(case, self.operation), turn=self.tally.positive + 1)
            self._hash.update(shot.digest.encode())
            try:
                fired = self.probe.fire(shot, case)
            except UsedUp as reason:
                self._ended = reason
                break
            except NotAvailable:  # not safe on this target, unlike other cases
                continue
            self._note(shot, fired)
            self.tally.seconds = time.perf_counter() - started
            self.progress(lambda shot=shot: f"{self.tally}; trying {shot}")  # type: ignore[misc]  # the loop's own shot
            silent = silent + 1 if fired.exchange is None else 0
            if silent >= MOST_SILENT:
                raise Unreachable(f"the runner no longer answers: {fired.found[0].got}")
            if len(self.probe.scenario.jobs) >= BATCH_JOBS or self._in_batch >= BATCH_CASES:
                self._settle()
        self._settle()
        self.tally.seconds = time.perf_counter() - started
        self.tally.digest = self._hash.hexdigest()[:16]

    def _cases(self, number: int, until: float) -> Iterator[AnyCase]:
        yield from self.cases.take(self.operation, number)
        for chunk in count(AFTER_CASES):
            if time.perf_counter() >= until:
                return
            for case in self.cases.random(self.operation, chunk):
                if time.perf_counter() >= until:
                    return
                yield case

    def _note(self, shot: Shot, fired: Fired) -> None:
        self._in_batch += 1
        self.tally.cases += 1
        self.tally.oracle_seconds += fired.judging
        if shot.mode == "positive":
            self.tally.positive += 1
            self.tally.accepted += fired.exchange is not None and 200 <= fired.exchange.status < 300
        if fired.job:
            self._jobs[fired.job] = shot
        for finding in fired.found:
            self._found.setdefault((finding.code, finding.where), (finding, shot))

    def _settle(self) -> None:
        started = time.perf_counter()
        for finding in self.probe.settle():
            shot = self._jobs.get(finding.resource)
            if shot is not None:
                self._found.setdefault((finding.code, finding.where), (finding, shot))
            elif (finding.code, finding.where) not in self._found:
                self._found[finding.code, finding.where] = (
                    finding,
                    next(iter(self._jobs.values()), _nothing(self.operation)),
                )
        self.tally.oracle_seconds += time.perf_counter() - started
        self._jobs.clear()
        self._in_batch = 0

    def _violations(self) -> Iterator[Violation]:
        for number, (finding, shot) in enumerate(self._found.values()):
            replay = Replay(finding.code, finding.where, self.cases.seed, shot)
            small = shrink(shot, lambda one, replay=replay: self._shows(one, replay)) if number < MOST_SHRUNK else shot  # type: ignore[misc]
            yield self._violation(finding, replace_shot(replay, small))

    def _violation(self, finding: Finding, replay: Replay) -> Violation:
        """Does it once more, so that the evidence is that of the small one."""
        assert replay.shot is not None  # noqa: S101 (a replay of a campaign is of one request)
        path = replay.write(self.directory)
        session, record = self.probe.session, self.probe.scenario.record
        try:
            fired = self.probe.fire(replay.shot)
            later = self.probe.settle()
        except NotAvailable as reason:
            return Violation(
                finding, replay.shot, Evidence(self.probe.test, f"{finding}\n    not again: {reason}"), path
            )
        shown = next((one for one in (*fired.found, *later) if replay.is_it(one)), finding)
        told = "\n".join(
            (
                str(shown),
                f"    case     {replay.shot.mode}: {replay.shot.what or replay.shot.method}",
                f"    seed     {replay.seed}",
                f"    replay   {command(path)}",
            )
        )
        request = fired.exchange.request_id if fired.exchange else ""
        evidence = session.evidence(record, told, [replace(shown, request=request, resource=fired.job), shown])
        return Violation(finding, replay.shot, evidence, path)

    def _shows(self, shot: Shot, replay: Replay) -> bool:
        """Whether a smaller request still shows the finding and is as valid, or as invalid, as the finding needs."""
        if replay.code in {"BG-FUZZ-001", "BG-FUZZ-002"} and shot.wrong not in {(), ("body",)}:
            return False
        judged = replay.code in {"BG-FUZZ-001", "BG-FUZZ-002"} and shot.is_json
        if judged and bodies.valid(self.probe.contract, shot.operation, shot.body) != (shot.mode == "positive"):
            return False
        try:
            fired = self.probe.fire(shot)
        except NotAvailable:  # a smaller one that is not safe on this target, or one too many for it
            return False
        return any(replay.is_it(one) for one in fired.found + self.probe.settle())

    def _hollow(self) -> Iterator[Violation]:
        """Fuzzing that is refused at the door tests nothing behind it."""
        least = plan().accepted_at_least
        if self.tally.positive < FEW or self.tally.accepted / self.tally.positive >= least:
            return
        finding = Finding(
            "BG-FUZZ-004",
            where=self.operation,
            expected=f"{least:.0%} of the positive cases answered with 2xx",
            got=f"{self.tally.accepted} of {self.tally.positive}",
        )
        yield Violation(finding, _nothing(self.operation), Evidence(self.probe.test, str(finding)), Path())


def replace_shot(replay: Replay, shot: Shot) -> Replay:
    """The same replay of a smaller request."""
    return replace(replay, shot=shot)


def _nothing(operation: str) -> Shot:
    return Shot(operation, "GET", "/health/live")
