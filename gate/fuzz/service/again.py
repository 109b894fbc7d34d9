"""Confirmation on a service that others use: nothing can be made anew there, so a candidate has to come each time."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from gate.core.client import Unreachable
from gate.core.errors import NotSafe
from gate.core.exchange import READING
from gate.core.findings import BrokenPromise
from gate.fuzz.service.confirm import Candidate, Confirmed, repeat
from gate.fuzz.service.owned import renewed
from gate.fuzz.service.steps import Step
from gate.fuzz.service.trial import Trial
from gate.oracles.registry import Oracle
from gate.session.codes import SILENT

TIMES_AGAIN = 3
REPEATED = f"{TIMES_AGAIN} times again"
"""Repetitions that have to show a finding on a service that others use."""
SEVERAL = f"{TIMES_AGAIN} times with other values, since nothing that may write is sent again,"
MOST_WAYS = 3
"""Ways to a finding that are tried on a service that others use."""


class Again:
    """Performs the steps that led to a candidate again, on the same service, which others use, too.

    Texts that a service may take once are others each time. Without rows, nothing that may write is sent again: there,
    several requests that differ have to show it.
    """

    def __init__(self, trial: Callable[[], Trial], oracles: Sequence[Oracle]) -> None:
        self._trial = trial
        self._oracles = oracles
        self._rng = random.Random()

    def shown_by_several(self, same: Sequence[Candidate]) -> Confirmed | None:
        """A candidate that may not be sent again, where several requests showed it, and others between them did not."""
        last, trial = same[-1], self._trial()
        moments = {each.sound for each in same}
        if self._repeatable(last.ways()[0]) or len(moments) < TIMES_AGAIN or last.finding.code == SILENT:
            return None
        return Confirmed(last.finding, last.ways()[0], last.effect, trial, stays=True, proof=SEVERAL)

    def _repeatable(self, way: Sequence[Step]) -> bool:
        return self._trial().database is not None or all(step.request.method in READING for step in way)

    def confirm(self, candidate: Candidate, ways: Sequence[Sequence[Step]]) -> Confirmed | None:
        """The candidate, where a way shows it each time; None for one that would silence the service again."""
        if candidate.finding.code == SILENT:
            return None
        if candidate.effect.certain:
            certain = candidate.effect.certain
            return Confirmed(candidate.finding, ways[0], candidate.effect, self._trial(), stays=True, proof=certain)
        repeatable = [way for way in ways if self._repeatable(way)][:MOST_WAYS]
        return next(filter(None, (self._repeated(candidate, way) for way in repeatable)), None)

    def _repeated(self, candidate: Candidate, way: Sequence[Step]) -> Confirmed | None:
        confirmed = None
        for _ in range(TIMES_AGAIN):
            trial = self._trial()
            steps = renewed(way, trial.owned, self._rng) if trial.owned else way
            try:
                findings, effect = repeat(trial, steps, self._oracles)
            except (Unreachable, BrokenPromise, LookupError, TypeError, NotSafe):
                return None
            again = next((each for each in findings if each.cause == candidate.finding.cause), None)
            if again is None:
                return None
            confirmed = Confirmed(again, steps, effect, trial, stays=True, proof=REPEATED, beside=findings)
        return confirmed

    def seconds(self, _: Candidate) -> float:
        """Seconds of starts: none."""
        return 0.0

    def close(self) -> None:
        """Nothing to end."""
