"""Confirmation: a candidate counts once the steps that led to it show it again on a fresh database."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

from gate.core.client import Unreachable
from gate.core.effect import Effect
from gate.core.errors import GateError
from gate.core.exchange import Exchange
from gate.core.findings import BrokenPromise, Finding
from gate.fuzz.service.steps import Step
from gate.fuzz.service.trial import SETTLE_SECONDS, WINDOW_SECONDS, Trial
from gate.oracles import quiet, unchanged
from gate.oracles.registry import Oracle
from gate.session.codes import SILENT

TWICE = frozenset({unchanged.REFUSED, unchanged.GET})
"""Codes that a write of the service's own may show by chance; two fresh databases have to show them."""
MOST_DROPPED = 4
"""Shorter sequences that are tried for a finding."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A finding as it was first seen, and the step that showed it."""

    finding: Finding
    step: Step
    effect: Effect


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A finding on a fresh database, with the shortest sequence that is known to show it."""

    finding: Finding
    steps: Sequence[Step]
    effect: Effect
    trial: Trial


class Fresh:
    """Systems on fresh databases; the next one starts while the last is used."""

    def __init__(self, opened: Callable[[], Trial]) -> None:
        self._opened = opened
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="fresh")
        self._next: Future[Trial] | None = None
        self.seconds = 1.0  # that the last start took

    def take(self) -> Trial:
        """A system that nobody used; GateError where it does not start."""
        begun = self._next or self._starter.submit(self._timed)
        self._next = None
        trial = begun.result()
        self._next = self._starter.submit(self._timed)
        return trial

    def _timed(self) -> Trial:
        started = time.monotonic()
        trial = self._opened()
        self.seconds = time.monotonic() - started
        return trial

    def close(self) -> None:
        """End the spare system."""
        if self._next is not None:
            with suppress(Exception):  # it did not start, and nobody needs it
                self._next.result().session.close()
        self._starter.shutdown()


class Confirmer:
    """Performs the steps that led to a candidate on fresh systems."""

    def __init__(self, fresh: Fresh, oracles: Sequence[Oracle]) -> None:
        self._fresh = fresh
        self._oracles = oracles

    def confirm(self, candidate: Candidate, ways: Sequence[Sequence[Step]]) -> Confirmed | None:
        """The candidate, confirmed by the first way that shows it; None where none does."""
        for way in ways:
            confirmed = self._attempt(candidate, way)
            if confirmed is None:
                continue
            if candidate.finding.code in TWICE:
                confirmed.trial.session.close()
                confirmed = self._attempt(candidate, way)
                if confirmed is None:
                    continue
            return self._shortened(candidate, confirmed)
        return None

    def _attempt(self, candidate: Candidate, way: Sequence[Step]) -> Confirmed | None:
        """The candidate on one fresh system, which stays up where it was shown."""
        trial = self._fresh.take()
        try:
            findings, effect = repeat(trial, way, self._oracles, restless=candidate.finding.code == quiet.RESTLESS)
        except (Unreachable, BrokenPromise):
            effect = candidate.effect
            findings = [candidate.finding] if candidate.finding.code == SILENT else []
        except (LookupError, TypeError, GateError):
            findings, effect = [], candidate.effect
        again = next((each for each in findings if each.cause == candidate.finding.cause), None)
        if again is None:
            trial.session.close()
            return None
        return Confirmed(again, way, effect, trial)

    def _shortened(self, candidate: Candidate, confirmed: Confirmed) -> Confirmed:
        """The finding with fewer steps, as long as fresh systems are cheap."""
        best, length = confirmed, max(1, (len(confirmed.steps) - 1) // 2)
        needed = {reference.step for reference in confirmed.steps[-1].references}
        for _ in range(MOST_DROPPED if self._fresh.seconds < 1.5 and len(confirmed.steps) > 1 else 0):
            spare = [step for step in best.steps[:-1] if step.number not in needed]
            dropped = {step.number for step in spare[:length]}
            if not dropped:
                break
            shorter = self._attempt(candidate, [step for step in best.steps if step.number not in dropped])
            if shorter is None:
                length = max(1, length // 2)
                needed |= dropped if length == 1 else set()
                continue
            best.trial.session.close()
            best = shorter
        return best


def repeat(
    trial: Trial, steps: Sequence[Step], oracles: Sequence[Oracle], *, restless: bool = False
) -> tuple[list[Finding], Effect]:
    """Perform steps with the ids of this system; the findings on the last one, and what it did."""
    answers: dict[int, Exchange] = {}
    for step in steps[:-1]:
        answers[step.number] = trial.perform(step.filled(answers)).exchange
    trial.watch.settle(SETTLE_SECONDS)
    usual = set(trial.watch.growing(WINDOW_SECONDS)) if restless else set()
    effect = trial.perform(steps[-1].filled(answers))
    if restless:
        effect = with_growth(trial, effect, usual)
    return trial.judged(effect, oracles), effect


def with_growth(trial: Trial, effect: Effect, usual: set[str]) -> Effect:
    """The effect with the tables that are still written after it, but for those that are written anyway."""
    trial.watch.settle(SETTLE_SECONDS)
    growing = trial.watch.growing(WINDOW_SECONDS)
    return replace(effect, growing={table: number for table, number in growing.items() if table not in usual})
