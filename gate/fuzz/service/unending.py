"""Work without an end beside others: rows that name what one request alone sent, and are written for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from gate.core.effect import Effect
from gate.core.findings import Finding
from gate.fuzz.service.steps import Step
from gate.fuzz.service.trial import Trial
from gate.oracles import quiet

LATE_SECONDS = 1.0
"""Seconds for what is written late, and then for what comes without an end."""
MOST_SUSPECTS = 6
"""Writes that are tried where a service never gets quiet."""
EVIDENCE = "in each of several moments without a request, by rows that name what it alone sent"
Write = tuple[Step, Effect]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Writes of an operation that ended, and the snapshot from which on no row of them may come."""

    ended: float
    writes: Sequence[Write]
    since: str = ""


@dataclass
class Unending:
    """Looks back at the writes of earlier operations while later ones are explored, so that nothing is waited for."""

    _waiting: list[_Waiting] = field(default_factory=list)

    def findings(self, trial: Trial, writes: Sequence[Write]) -> Iterator[tuple[Finding, Step, Effect]]:
        """Findings on earlier writes, each with its step and its effect; ``writes`` are looked at later."""
        now = time.monotonic()
        due = [each for each in self._waiting if now - each.ended > LATE_SECONDS]
        self._waiting = [each for each in self._waiting if each not in due]
        if writes:
            self._waiting.append(_Waiting(now, writes))
        for each in due:
            texts = {text for _, effect in each.writes for text in trial.texts(effect.exchange)}
            if not each.since:
                self._waiting.append(_Waiting(now, each.writes, trial.watch.snapshot()))
            elif texts and trial.watch.names_since(each.since, texts):
                yield from self._of(trial, each.writes)

    @staticmethod
    def _of(trial: Trial, writes: Sequence[Write]) -> Iterator[tuple[Finding, Step, Effect]]:
        for step, effect in sorted(writes, key=lambda write: len(write[0].request.content or b""))[:MOST_SUSPECTS]:
            growing = trial.growing(effect.exchange)
            for finding in trial.judged(replace(effect, growing=growing), (quiet.ORACLE,)):
                yield finding, step, replace(effect, growing=growing, certain=EVIDENCE)
