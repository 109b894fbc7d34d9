"""Confirmation: a candidate counts once the steps that led to it show it again on a fresh database."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

from gate.core.client import Unreachable
from gate.core.effect import Effect
from gate.core.errors import GateError, NotSafe
from gate.core.exchange import Exchange
from gate.core.findings import BrokenPromise, Finding
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
COUNTED = OF_ITS_ROWS | TWICE | {failing.FAILED}
"""Codes for which a system that others used counts as a fresh one."""
CHEAP_SECONDS = 1.5
"""Seconds of a start up to which most candidates are tried on systems of their own alone."""
MOST_USES = 40
"""Ways that are tried on one system for many."""
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

    def prepare(self) -> Future[Trial]:
        """Begin to start the next system, which also shows how long that takes."""
        self._next = self._next or self._starter.submit(self._timed)
        return self._next

    def take(self) -> Trial:
        """A system that nobody used; GateError where it does not start."""
        begun = self.prepare()
        self._next = None
        trial = begun.result()
        self.prepare()
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


class Shared:
    """A fresh system on which candidates are tried one after another, until one leaves there what it shows."""

    def __init__(self, fresh: Fresh) -> None:
        self._fresh = fresh
        self._trial: Trial | None = None
        self._uses = 0

    @property
    def ready(self) -> bool:
        """Return whether the next use needs no start."""
        return self._trial is not None and self._uses < MOST_USES

    def use(self) -> Trial:
        """The system, or the next one."""
        if self._trial is None or not self.ready:
            self.close()
            self._trial, self._uses = self._fresh.take(), 0
        self._uses += 1
        self._trial.session.begin(self._trial.session.current.test)
        return self._trial

    def spend(self) -> None:
        """Leave the system to no other candidate; the evidence of the last one is still there."""
        self._uses = MOST_USES

    def close(self) -> None:
        """End the system."""
        if self._trial is not None:
            self._trial.session.close()
        self._trial = None


class Confirmer:
    """Performs the steps that led to a candidate on fresh systems; on one for many first, where that saves a start."""

    def __init__(self, fresh: Fresh, oracles: Sequence[Oracle]) -> None:
        self._fresh = fresh
        self._oracles = oracles
        self._shared = Shared(fresh)

    def seconds(self, candidate: Candidate) -> float:
        """Seconds of the starts that a candidate needs that comes again."""
        code = candidate.finding.code
        systems = 2 if code in TWICE else 1
        return self._fresh.seconds * (systems - (self._shared.ready and code in COUNTED))

    def confirm(self, candidate: Candidate, ways: Sequence[Sequence[Step]]) -> Confirmed | None:
        """The candidate, confirmed by the first way that shows it; None where none does."""
        code = candidate.finding.code
        times = 2 if code in TWICE else 1
        dear = self._fresh.seconds > CHEAP_SECONDS and code not in {quiet.RESTLESS, SILENT}
        if code == failing.FAILED or dear:
            confirmed, ways = self._on_shared(candidate, ways)
            times -= confirmed is not None and code in COUNTED
            if confirmed is not None and not times:
                return confirmed
        for way in ways:
            confirmed = self._attempt(candidate, way)
            if confirmed is not None and times > 1:
                confirmed.trial.session.close()
                confirmed = self._attempt(candidate, way)
            if confirmed is not None:
                return self._shortened(candidate, confirmed)
        return None

    def _on_shared(
        self, candidate: Candidate, ways: Sequence[Sequence[Step]]
    ) -> tuple[Confirmed | None, Sequence[Sequence[Step]]]:
        """The candidate on the system for many, and the ways that are left: that which shows it, or those in doubt."""
        left = []
        for way in ways:
            try:
                tried = self._tried(self._shared.use(), candidate, way)
            except (Unreachable, BrokenPromise):
                self._shared.close()
                tried = None
            if isinstance(tried, Confirmed):
                if len(way) > 1 or tried.effect.changes:
                    self._shared.spend()  # what it left there may be the cause of what others show
                return replace(tried, stays=True), [way]
            if tried is None or tried.exchange.status != candidate.effect.exchange.status:
                left.append(way)  # what others left there may have been in its way
        return None, left

    def _attempt(self, candidate: Candidate, way: Sequence[Step]) -> Confirmed | None:
        """The candidate on one fresh system, which stays up where it was shown."""
        trial = self._fresh.take()
        try:
            tried = self._tried(trial, candidate, way)
        except (Unreachable, BrokenPromise):
            silent = candidate.finding.code == SILENT
            tried = Confirmed(candidate.finding, way, candidate.effect, trial) if silent else None
        if isinstance(tried, Confirmed):
            return tried
        trial.session.close()
        return None

    def _tried(self, trial: Trial, candidate: Candidate, way: Sequence[Step]) -> Confirmed | Effect | None:
        """The candidate where a way shows it, else the effect of the last step; None where that cannot be sent."""
        try:
            findings, effect = repeat(trial, way, self._oracles, restless=candidate.finding.code == quiet.RESTLESS)
        except (LookupError, TypeError, GateError):
            _must_run(trial)
            return None
        again = next((each for each in findings if each.cause == candidate.finding.cause), None)
        return effect if again is None else Confirmed(again, way, effect, trial, beside=findings)

    def close(self) -> None:
        """End the system for many."""
        self._shared.close()

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
