"""Confirmation: a candidate counts once the steps that led to it show it again on a fresh database."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

from gate.core.client import Unreachable
from gate.core.effect import Effect
from gate.core.errors import GateError, NotSafe
from gate.core.exchange import READING, Exchange
from gate.core.findings import BrokenPromise, Finding
from gate.fuzz.service.owned import renewed
from gate.fuzz.service.steps import History, Step
from gate.fuzz.service.trial import WINDOW_SECONDS, Trial
from gate.oracles import created, failing, quiet, sent_values, unchanged
from gate.oracles.registry import Oracle
from gate.session.codes import SILENT

TWICE = frozenset({unchanged.REFUSED, unchanged.GET})
"""Codes that a write of the service's own may show by chance; two fresh databases have to show them."""
OF_ITS_ROWS = frozenset(
    {created.UNREADABLE, created.DIFFERENT, sent_values.CREATED, sent_values.UPDATED, sent_values.UNNAMED}
)
"""Codes that need the rows of their own steps alone, as failures do."""
CHEAP_SECONDS = 1.5
"""Seconds of a start up to which each candidate is tried on systems of its own alone."""
TIMES_AGAIN = 3
REPEATED = f"{TIMES_AGAIN} times again"
"""Repetitions that have to show a finding on a service that others use."""
SEVERAL = f"{TIMES_AGAIN} times with other values, since nothing that may write is sent again,"
MOST_WAYS = 3
"""Ways to a finding that are tried on a service that others use."""
MOST_USES = 40
"""Candidates that are tried on one system."""
MOST_DROPPED = 4
"""Shorter sequences that are tried for a finding."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A finding as it was first seen, and the step that showed it."""

    finding: Finding
    step: Step
    effect: Effect
    history: History
    ended: BrokenPromise | None = None  # the end of the service by itself, where that is what was seen
    sound: int = 0  # requests before it that showed no fault

    def ways(self) -> list[list[Step]]:
        """Sequences that may show it, the shortest first."""
        return self.history.ways(self.step, self.effect)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A finding on a fresh database, with the shortest sequence that is known to show it."""

    finding: Finding
    steps: Sequence[Step]
    effect: Effect
    trial: Trial
    stays: bool = False  # the system, for others
    proof: str = "on a fresh database"
    beside: Sequence[Finding] = ()  # that the last request showed, too

    def close(self) -> None:
        """End the system, unless others use it."""
        if not self.stays:
            self.trial.session.close()


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

    def close(self) -> None:
        """Nothing to end."""


class Confirmer:
    """Performs the steps that led to a candidate on fresh systems."""

    def __init__(self, fresh: Fresh, oracles: Sequence[Oracle]) -> None:
        self._fresh = fresh
        self._oracles = oracles
        self._used: Trial | None = None  # a second system, on which several candidates are tried
        self._uses = 0

    def confirm(self, candidate: Candidate, ways: Sequence[Sequence[Step]]) -> Confirmed | None:
        """The candidate, confirmed by the first way that shows it; None where none does."""
        code, dear = candidate.finding.code, self._fresh.seconds > CHEAP_SECONDS
        twice = code in TWICE
        if code == failing.FAILED or (dear and code in OF_ITS_ROWS):
            if confirmed := self._on_used(candidate, ways[0])[0]:
                return confirmed
        elif twice and dear:
            confirmed, performed = self._on_used(candidate, ways[0])
            if performed and not confirmed:
                confirmed, performed = self._on_used(candidate, ways[-1])
            if performed and not confirmed:
                return None
            twice = not confirmed
        for way in ways:
            confirmed = self._attempt(candidate, way)
            if confirmed is None:
                continue
            if twice:
                confirmed.trial.session.close()
                confirmed = self._attempt(candidate, way)
                if confirmed is None:
                    continue
            return self._shortened(candidate, confirmed)
        return None

    def _on_used(self, candidate: Candidate, way: Sequence[Step]) -> tuple[Confirmed | None, bool]:
        """The candidate on a system that was made to confirm others, and whether its last step was performed there."""
        if self._used is None or self._uses >= MOST_USES:
            self.close()
            self._used, self._uses = self._fresh.take(), 0
        self._uses += 1
        trial = self._used
        trial.session.begin(trial.session.current.test)
        try:
            findings, effect = repeat(trial, way, self._oracles)
        except (Unreachable, BrokenPromise):
            self.close()
            return None, False
        except (LookupError, TypeError, GateError):
            _must_run(trial)
            return None, False
        again = next((each for each in findings if each.cause == candidate.finding.cause), None)
        if again is None:
            return None, True
        if len(way) > 1 or effect.changes:
            self._uses = MOST_USES  # what it left there may be the cause of what others show
        return Confirmed(again, way, effect, trial, stays=True, beside=findings), True

    def close(self) -> None:
        """End the system that several candidates are tried on."""
        if self._used is not None:
            self._used.session.close()
        self._used = None

    def _attempt(self, candidate: Candidate, way: Sequence[Step]) -> Confirmed | None:
        """The candidate on one fresh system, which stays up where it was shown."""
        trial = self._fresh.take()
        try:
            findings, effect = repeat(trial, way, self._oracles, restless=candidate.finding.code == quiet.RESTLESS)
        except (Unreachable, BrokenPromise):
            effect = candidate.effect
            findings = [candidate.finding] if candidate.finding.code == SILENT else []
        except (LookupError, TypeError, GateError):
            _must_run(trial)
            findings, effect = [], candidate.effect
        again = next((each for each in findings if each.cause == candidate.finding.cause), None)
        if again is None:
            trial.session.close()
            return None
        return Confirmed(again, way, effect, trial, beside=findings)

    def _shortened(self, candidate: Candidate, confirmed: Confirmed) -> Confirmed:
        """The finding with fewer steps, as long as fresh systems are cheap."""
        best, length = confirmed, max(1, (len(confirmed.steps) - 1) // 2)
        needed = {reference.step for reference in confirmed.steps[-1].references}
        for _ in range(MOST_DROPPED if self._fresh.seconds < CHEAP_SECONDS and len(confirmed.steps) > 1 else 0):
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


def _must_run(trial: Trial) -> None:
    """Raise what ended the service of a system, where that was nothing of its own."""
    if trial.session.dead and (cause := trial.session.cause()):
        raise cause


def repeat(
    trial: Trial, steps: Sequence[Step], oracles: Sequence[Oracle], *, restless: bool = False
) -> tuple[list[Finding], Effect]:
    """Perform steps with the ids of this system; the findings on the last one, and what it did."""
    answers: dict[int, Exchange] = {}
    for step in steps[:-1]:
        with suppress(
            LookupError, TypeError, NotSafe
        ):  # what it needs did not come this time: others may do without it
            answers[step.number] = trial.perform(step.filled(answers)).exchange
    if trial.alone or trial.owned:
        trial.settle()
    usual = set(trial.watch.growing(WINDOW_SECONDS)) if restless and trial.alone else set()
    effect = trial.perform(steps[-1].filled(answers))
    if restless:
        effect = with_growth(trial, effect, usual)
    return trial.judged(effect, oracles), effect


def with_growth(trial: Trial, effect: Effect, usual: set[str]) -> Effect:
    """The effect with the tables that are still written after it, but for those that are written anyway."""
    if not trial.alone:
        return replace(effect, growing=trial.growing(effect.exchange))
    trial.settle()
    growing = trial.watch.growing(WINDOW_SECONDS)
    return replace(effect, growing={table: number for table, number in growing.items() if table not in usual})
