"""Fuzzes one operation: sends its cases in order, and shrinks the requests behind its findings."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from gate.core.client import Unreachable
from gate.core.errors import NotAvailable
from gate.core.evidence import Evidence
from gate.core.findings import Finding
from gate.core.rerun import RunOptions
from gate.fuzz import bodies
from gate.fuzz.cases import AnyCase, Cases, request_of
from gate.fuzz.codes import INVALID_ACCEPTED, TOO_FEW_ACCEPTED, VALID_REFUSED
from gate.fuzz.probe import Probe, SentRequest
from gate.fuzz.replay import Replay, Violation
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.shrink import shrink
from gate.fuzz.statistics import FuzzStatistics, Progress
from gate.targets.remote_run.limits import UsedUp

BATCH_RESOURCES, BATCH_CASES = 20, 100
MOST_SHRUNK, MOST_UNANSWERED = 4, 3
FEW = 3
"""Positive cases below which their acceptance rate says nothing about an operation."""


@dataclass
class Campaign:
    """Fuzzes one operation of a prepared system."""

    probe: Probe
    cases: Cases
    operation: str
    directory: Path  # of the replay files
    progress: Progress = lambda _: None
    options: RunOptions = field(default_factory=RunOptions)  # by which its findings are repeated
    statistics: FuzzStatistics = field(init=False)

    def __post_init__(self) -> None:
        self.statistics = FuzzStatistics(self.operation)
        self._causes: dict[tuple[str, str], tuple[Finding, GeneratedRequest]] = {}
        self._creators: dict[str, GeneratedRequest] = {}  # by the id of the resource that a request created
        self._batch: list[GeneratedRequest] = []
        self._hash = hashlib.sha256()  # of the cases of the depth
        self._budgeted = False  # the cases of the depth are over
        self._used_up: UsedUp | None = None  # the limit that ended the campaign early

    def run(self, number: int, seconds: float = 0.0) -> list[Violation]:
        """Send ``number`` cases, and random cases until ``seconds`` are over; violations by minimised requests."""
        self.send(self._cases(number, time.perf_counter() + seconds))
        violations = [*self._violations(), *self.acceptance_rate_too_low()]
        if self._used_up and not violations:
            raise self._used_up
        return violations

    def send(self, cases: Iterable[AnyCase]) -> None:
        """Send cases and judge them; Unreachable once several in a row get no answer."""
        started = time.perf_counter()
        unanswered = 0
        for case in cases:
            request = replace(request_of(case, self.operation), turn=self.statistics.positive + 1)
            if not self._budgeted:
                self._hash.update(request.digest.encode())
            try:
                sent = self.probe.send(request, case)
            except UsedUp as reason:
                self._used_up = reason
                break
            except NotAvailable:  # not safe on this target, unlike other cases
                continue
            self._note(request, sent)
            self.statistics.seconds = time.perf_counter() - started
            self.progress(lambda: f"fuzz {self.operation}: {self.statistics.cases} cases")
            unanswered = unanswered + 1 if sent.exchange is None else 0
            if unanswered >= MOST_UNANSWERED:
                raise Unreachable(f"the service no longer answers: {sent.findings[0].got}")
            if len(self._creators) >= BATCH_RESOURCES or len(self._batch) >= BATCH_CASES:
                self._settle()
        self._settle()
        self.statistics.seconds = time.perf_counter() - started
        self.statistics.digest = self._hash.hexdigest()[:16]

    def _cases(self, number: int, until: float) -> Iterator[AnyCase]:
        yield from self.cases.take(self.operation, number)
        self._budgeted = True
        yield from self.cases.until(self.operation, until)

    def _note(self, request: GeneratedRequest, sent: SentRequest) -> None:
        self._batch.append(request)
        self.statistics.cases += 1
        self.statistics.further += self._budgeted
        self.statistics.oracle_seconds += sent.judging
        if request.mode == "positive":
            self.statistics.positive += 1
            self.statistics.accepted += sent.exchange is not None and 200 <= sent.exchange.status < 300
        if sent.resource:
            self._creators[sent.resource] = request
        for finding in sent.findings:
            self._causes.setdefault(finding.cause, (finding, request))

    def _settle(self) -> None:
        started = time.perf_counter()
        for finding in self.probe.settle():
            request = self._creators.get(finding.resource) or next(iter((*self._creators.values(), *self._batch)))
            self._causes.setdefault(finding.cause, (finding, request))
        self.statistics.oracle_seconds += time.perf_counter() - started
        self._creators.clear()
        self._batch.clear()

    def _violations(self) -> Iterator[Violation]:
        for number, (finding, request) in enumerate(self._causes.values()):
            replay = Replay(finding.code, finding.where, self.cases.seed, request, options=self.options)
            if number < MOST_SHRUNK:
                replay = replace(replay, request=shrink(request, partial(self._shows, replay)))
            yield replay.reproduce(self.probe, finding, self.directory)

    def _shows(self, replay: Replay, request: GeneratedRequest) -> bool:
        """Return whether a smaller request still shows the finding, and is as valid or invalid as the finding needs."""
        if replay.code in {INVALID_ACCEPTED, VALID_REFUSED}:
            if request.invalid not in {(), ("body",)}:
                return False
            positive = request.mode == "positive"
            if request.is_json and bodies.valid(self.probe.contract, request.operation, request.body) != positive:
                return False
        try:
            findings, _ = replace(replay, request=request).run(self.probe)
        except NotAvailable:  # a smaller request that is not safe on this target, or one too many for it
            return False
        return bool(replay.reproduced(findings))

    def acceptance_rate_too_low(self) -> Iterator[Violation]:
        """Yield a violation if too few requests got past validation, so that the code behind it was hardly tested."""
        least, statistics = self.probe.rules.plan.accepted_at_least, self.statistics
        if statistics.positive < FEW or statistics.accepted / statistics.positive >= least:
            return
        expected = f"{least:.0%} of the positive cases answered with 2xx"
        got = f"{statistics.accepted} of {statistics.positive}"
        finding = Finding(TOO_FEW_ACCEPTED, self.operation, expected, got)
        yield Violation(finding, Evidence(self.probe.test, str(finding)), Path())
