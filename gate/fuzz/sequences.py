"""Stateful sequences: performs generated sequences, and shortens those behind its findings."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from gate.core.findings import Finding
from gate.core.rerun import RunOptions
from gate.fuzz.probe import Probe
from gate.fuzz.replay import Replay, Violation
from gate.fuzz.rules import Step
from gate.fuzz.shrink import shorten
from gate.fuzz.statistics import FuzzStatistics, Progress

MOST_CAUSES = 3
"""Different findings after which a run ends, as each takes a shrinking."""


class SequenceRun:
    """Performs one part of the sequences of a seed; the sequences do not depend on the answers."""

    def __init__(
        self,
        probe: Probe,
        seed: int,
        part: str,
        directory: Path,
        progress: Progress = lambda _: None,
        options: RunOptions | None = None,
    ) -> None:
        self.probe = probe
        self.seed = seed
        self.part = part
        self.directory = directory  # of the replay files
        self.progress = progress
        self.options = options or RunOptions()  # by which its findings are repeated
        self.statistics = FuzzStatistics(f"sequences {part}")
        self._causes: set[tuple[str, str]] = set()

    def run(self, number: int, seconds: float = 0.0) -> list[Violation]:
        """Perform ``number`` sequences, and more until ``seconds`` are over; violations by shortened sequences."""
        started = time.perf_counter()
        violations: list[Violation] = []
        digest = hashlib.sha256()
        for turn in count():
            if len(violations) >= MOST_CAUSES or (turn >= number and time.perf_counter() - started >= seconds):
                break
            steps = self.probe.rules.sequence(self.seed, self.part, turn)
            before = self.statistics.cases
            if turn < number:
                digest.update(json.dumps(steps).encode())
            violations += self._violations(steps, MOST_CAUSES - len(violations))
            self.statistics.further += self.statistics.cases - before if turn >= number else 0
            self.statistics.seconds = time.perf_counter() - started
            self.progress(lambda turn=turn: f"sequence {turn + 1} is done")  # type: ignore[misc]  # the loop's own turn
        self.statistics.digest = digest.hexdigest()[:16]
        return violations

    def _violations(self, steps: Sequence[Step], most: int) -> list[Violation]:
        """Violations by at most ``most`` findings that no earlier sequence had."""
        findings = {finding.cause: finding for finding in self._perform(steps)}
        new = [finding for cause, finding in findings.items() if cause not in self._causes][:most]
        self._causes |= findings.keys()
        return [self._violation(finding, steps) for finding in new]

    def _violation(self, finding: Finding, steps: Sequence[Step]) -> Violation:
        sought = Replay(finding.code, finding.where, self.seed)
        least = self.probe.rules.least
        short = shorten(steps, lambda some: bool(sought.reproduced(self._perform(some))), least)
        replay = Replay(finding.code, finding.where, self.seed, steps=short, options=self.options)
        return replay.reproduce(self.probe, finding, self.directory)

    def _perform(self, steps: Sequence[Step]) -> list[Finding]:
        self.statistics.cases += len(steps)
        return self.probe.perform(steps)
