"""The progress of a run, from the events that its processes write down."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gate.core.findings import Finding
from gate.verdict.events import Event, FindingReported, Outcome, ProgressMade, TestBegan, TestsCollected

KINDS = ("finding", "progress", "collected", "began", "outcome")
"""Kinds of the events that it follows from."""
LASTS = 6.0
"""Seconds for which a text of a test about itself is news."""
ENOUGH = 0.1
"""Share of the tests from which on their pace says something about the others."""


@dataclass(slots=True)
class Progress:
    """The state of a run that goes on.

    ``seconds`` are those of tests in earlier runs. ``usual`` gives those of any test, for a run where few of them are
    known: the number of tests that ended says little, as long ones begin first. ``cause`` is the finding that tells
    most of a failed test, or None where the profile accepts all.
    """

    workers: int = 1
    seconds: Mapping[str, float] = field(default_factory=dict)
    cause: Callable[[Sequence[Finding]], Finding | None] = lambda findings: findings[0]
    usual: Callable[[str], float] | None = None
    clock: Callable[[], float] = time.monotonic
    collected: set[str] = field(default_factory=set)
    running: dict[str, None] = field(default_factory=dict)  # tests, the latest one last
    ended: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)  # tests, and a line about each
    stopping: bool = False
    _findings: dict[str, list[Finding]] = field(default_factory=dict)
    _report: tuple[float, str] = (0.0, "")  # by a long test, of how far it is
    _started: float = 0.0
    _began: float = 0.0

    def __post_init__(self) -> None:
        self._started = self.clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.clock() - self._started

    @property
    def phase(self) -> str:
        """The part of the run that goes on."""
        if self.stopping:
            return "stopping"
        if not self._began:
            return "starting"
        return "judging" if self.ended < self.collected else "finishing"

    @property
    def now(self) -> str:
        """A long test says by itself how far it is; else the test that began last."""
        if self.stopping:
            return ""
        at, text = self._report
        if self.clock() - at < LASTS:
            return text
        return title(next(reversed(self.running))) if self.running else ""

    @property
    def remaining(self) -> float | None:
        """Estimated seconds until the last test ends; None where that is not known."""
        todo = self.collected - self.ended
        spent = self.clock() - self._began
        if not self._began or not todo or self.stopping:
            return None
        if len(self.collected & self.seconds.keys()) * 2 >= len(self.collected):
            mean = sum(self.seconds.values()) / len(self.seconds)
            return self._estimate(todo, spent, lambda test: self.seconds.get(test, mean))
        if self.usual:
            return self._estimate(todo, spent, self.usual)
        done = len(self.ended)
        return spent * len(todo) / done if done > ENOUGH * len(self.collected) else None

    def _estimate(self, todo: Iterable[str], spent: float, usual: Callable[[str], float]) -> float:
        """Seconds for tests whose seconds are usually these, at the pace of those that have ended."""
        ended = sum(map(usual, self.ended))
        pace = spent * self.workers / ended if ended > spent * self.workers * ENOUGH else 1.0
        return sum(map(usual, todo)) * pace / self.workers

    def hear(self, events: Iterable[tuple[str, Event]]) -> list[str]:
        """Takes in events, each with its worker; a line about each test that failed."""
        later: list[Outcome] = []
        for _, event in events:
            match event:
                case FindingReported(finding, evidence):
                    self._findings.setdefault(evidence.test, []).append(finding)
                case TestsCollected(tests):
                    self.collected.update(tests)
                case TestBegan(test):
                    self._began = self._began or self.clock()
                    self.running[test] = None
                case ProgressMade(text):
                    self._report = self.clock(), text
                case Outcome():
                    later.append(event)  # another journal has its findings
        return [line for outcome in later if (line := self._end(outcome))]

    def _end(self, outcome: Outcome) -> str:
        self.running.pop(outcome.test, None)
        self.ended.add(outcome.test)
        findings = self._findings.get(outcome.test, [])
        if outcome.outcome not in {"failed", "error"} or outcome.test in self.failed:
            return ""
        cause = self.cause(findings) if findings else None
        if findings and not cause:
            return ""
        self.failed[outcome.test] = line = cause.line if cause else title(outcome.test)
        return line


def title(test: str) -> str:
    """The id of a test in words: its folder, what it says, and its case."""
    path, _, name = test.partition("::")
    folder = path.split("/")[1] if path.count("/") > 1 else path
    words, bracket, case = name.removeprefix("test_").partition("[")
    return f"{folder}: {re.sub('_+', ' ', words)}{f' [{case}' if bracket else ''}"
