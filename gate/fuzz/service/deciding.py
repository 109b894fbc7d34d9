"""Decides suspicions: confirmed ones are findings, those that may be meant so or did not come again are candidates."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from gate.core.evidence import LONGEST, Evidence, gather
from gate.core.findings import Finding
from gate.core.record import Record
from gate.core.rerun import RunOptions, of_replay
from gate.core.texts import clip
from gate.fuzz.replay import Replay, Violation
from gate.fuzz.service import arguable
from gate.fuzz.service.again import Again
from gate.fuzz.service.confirm import TWICE, Candidate, Confirmed, Confirmer
from gate.fuzz.service.row_watch import RowWatch, as_json, changed_names
from gate.fuzz.service.turns import Suspicion, in_turn
from gate.fuzz.statistics import Progress
from gate.oracles import unchanged
from gate.verdict.events import CandidateReported

LATE_AFTER = 3
"""Changes of a table or column that no fresh database confirmed, after which it counts as written late."""
NOT_AGAIN = "It did not come again on a fresh database."
NOT_CERTAIN = "It did not come again each time, or is not certain where others use the service."
NO_TIME = "It was not tried on a fresh database: there are more findings than the time of the run allows."
Entry = CandidateReported | Violation
LINES = 20
"""Last lines of the log of a service that is used for one finding alone."""


class Decider:
    """One worker's decisions. ``accepted`` are causes that a person called faults; ``watch`` sees the explored rows."""

    def __init__(
        self,
        confirmer: Confirmer | Again,
        watch: Callable[[], RowWatch],
        accepted: Collection[tuple[str, str]],
        *,
        seed: int,
        directory: Path,
        options: RunOptions,
    ) -> None:
        self.test = ""  # that the findings belong to
        self.waiting: list[Suspicion] = []  # for which an operation's share of the time did not last
        self._confirmer = confirmer
        self._watch = watch
        self._accepted = accepted
        self._seed = seed
        self._directory = directory
        self._options = options
        self._late = Counter[str]()

    def decide(
        self, suspicions: Iterable[Suspicion], end: float, progress: Progress, *, spare: float = 0.0
    ) -> Iterator[Entry]:
        """Findings and candidates, in turns; the suspicions for which there is no time before ``end`` wait.

        The first may take ``spare`` seconds more.
        """
        left = in_turn(suspicions, self._seconds)
        while left:
            suspicion = left.pop(0)
            self.test = suspicion.test
            progress(partial("{}: confirming, {} more".format, suspicion.operation, len(left)))
            confirmed = None
            if self._needs_trial(suspicion.same):
                if time.monotonic() + self._seconds(suspicion) > end + spare:
                    self.waiting.append(suspicion)
                    continue
                confirmed, spare = self._confirmed(suspicion.same), 0.0
            if confirmed is None:
                yield from self._unconfirmed(suspicion.same)
                continue
            yield self.violation(confirmed)
            for other, finding in _beside(confirmed, suspicion, left):
                left.remove(other)
                yield self.violation(replace(confirmed, finding=finding))
            confirmed.close()

    def untried(self) -> Iterator[Entry]:
        """The suspicions that wait, without trying them."""
        for suspicion in self.waiting:
            self.test = suspicion.test
            yield from self._unconfirmed(suspicion.same, NO_TIME)

    def _seconds(self, suspicion: Suspicion) -> float:
        return self._confirmer.seconds(suspicion.same[0])

    def _needs_trial(self, same: Sequence[Candidate]) -> bool:
        """Return whether a cause is tried: one that may be meant so is not, nor a change that is known to be late."""
        first = _plainest(same)
        if first.finding.cause in self._accepted:
            return True
        return not arguable.reason(first.finding, first.effect) and not self._is_late(first)

    def _unconfirmed(self, same: Sequence[Candidate], untried: str = "") -> Iterator[Entry]:
        """The candidate with the reason; the finding where a person called it a fault, or the service ended."""
        first = _plainest(same)
        reason = arguable.reason(first.finding, first.effect) or untried
        if first.finding.cause in self._accepted:
            yield Violation(first.finding, self._evidence_of(first), Path())
        elif first.ended:  # for whatever reason, it is the service that ended
            evidence = replace(first.ended.evidence[0], test=self.test)
            yield Violation(first.ended.findings[0], evidence, Path())
        elif reason or self._counts(first):
            reason = reason or (NOT_AGAIN if isinstance(self._confirmer, Confirmer) else NOT_CERTAIN)
            yield CandidateReported(first.finding, self._evidence_of(first), reason)

    def _confirmed(self, same: Sequence[Candidate]) -> Confirmed | None:
        if isinstance(self._confirmer, Again) and (confirmed := self._confirmer.shown_by_several(same)):
            return confirmed
        for number, candidate in enumerate(same):
            ways = candidate.ways()
            if confirmed := self._confirmer.confirm(candidate, ways[:2] if number else ways):
                return confirmed
        return None

    @staticmethod
    def _changed(candidate: Candidate) -> set[str]:
        """The tables and columns of a change of rows that had to be none."""
        table = candidate.finding.where.rpartition(" -> ")[2]
        changes = [change for change in candidate.effect.changes if change.table == table]
        return changed_names(changes) if candidate.finding.code in {unchanged.REFUSED, unchanged.GET} else set()

    def _is_late(self, candidate: Candidate) -> bool:
        """Return whether it changed nothing but what is known by now to be written late."""
        names = self._changed(candidate)
        return bool(names) and all(self._late[name] >= LATE_AFTER for name in names)

    def _counts(self, candidate: Candidate) -> bool:
        """Return whether a withdrawn candidate is worth a look; what it changed counts as written late after some."""
        names = self._changed(candidate)
        self._late.update(names)
        self._watch().late |= {name for name in names if self._late[name] >= LATE_AFTER}
        return not names or any(self._late[name] == 1 for name in names)

    def violation(self, confirmed: Confirmed) -> Violation:
        """A confirmed finding with its evidence and its replay file."""
        session = confirmed.trial.session
        redact, finding = session.journal.redact, confirmed.finding
        steps = [step.as_dict() for step in confirmed.steps]
        replay = Replay(finding.code, finding.where, self._seed, steps=steps, options=self._options)
        path = replay.write(self._directory, redact)
        command = "" if replay.doubt_of(redact) else of_replay(path, self._options)
        number = len(confirmed.steps)
        lines = [str(finding), f"    shown    {confirmed.proof} by {number} request{'s' if number > 1 else ''}"]
        message = "\n".join([*lines, f"    replay   {command or 'it held a secret, which is not written to a file'}"])
        record = session.current
        evidence = gather(record, message, _rows(confirmed), ())
        log = [clip(line, LONGEST) for line in session.system.log()[-LINES:]]
        return Violation(finding, replace(evidence, test=self.test, command=command, log=log), path)

    def _evidence_of(self, candidate: Candidate) -> Evidence:
        record = Record(self.test, [candidate.effect.exchange])
        return gather(record, str(candidate.finding), {}, ())


def _plainest(same: Sequence[Candidate]) -> Candidate:
    """The first candidate that is no matter of opinion, if there is one."""
    return min(same, key=lambda each: bool(arguable.reason(each.finding, each.effect)))


def _beside(confirmed: Confirmed, suspicion: Suspicion, others: Iterable[Suspicion]) -> list[tuple[Suspicion, Finding]]:
    """The other suspicions of the operation that the last request showed, too, each with its finding."""
    beside = {each.cause: each for each in confirmed.beside if each.code not in TWICE}
    return [
        (other, beside[other.same[0].finding.cause])
        for other in others
        if other.operation is suspicion.operation
        and other.same[0].finding.cause in beside
        and not arguable.reason(other.same[0].finding, other.same[0].effect)
    ]


def _rows(confirmed: Confirmed) -> dict[str, Any]:
    """The rows that the last request changed, as evidence shows them."""
    before: dict[str, list[Any]] = {}
    after: dict[str, list[Any]] = {}
    for change in confirmed.effect.changes:
        if change.before is not None:
            before.setdefault(change.table, []).append(as_json(change.before))
        if change.after is not None:
            after.setdefault(change.table, []).append(as_json(change.after))
    return {label: rows for label, rows in (("before the request", before), ("after the request", after)) if rows}
