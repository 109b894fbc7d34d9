"""Judges the operations of a declared service: explores each, confirms what it shows, and keeps the rest to look at."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from gate.contract.nodes import Operation
from gate.core.evidence import LONGEST, Evidence, gather
from gate.core.record import Record
from gate.core.rerun import RunOptions, of_replay
from gate.core.texts import clip
from gate.fuzz.cases import Cases
from gate.fuzz.replay import Replay, Violation
from gate.fuzz.service import arguable
from gate.fuzz.service.confirm import TWICE, Again, Candidate, Confirmed, Confirmer, Fresh
from gate.fuzz.service.explore import Explorer
from gate.fuzz.service.explored import Explored
from gate.fuzz.service.pack import DeclaredPack
from gate.fuzz.service.row_watch import as_json, changed_names
from gate.fuzz.service.shares import Shares
from gate.fuzz.service.trial import Trial
from gate.fuzz.statistics import Progress
from gate.oracles import published_contract, quiet, unchanged
from gate.oracles.registry import Oracle
from gate.session.session import Session
from gate.verdict.events import CandidateReported

MOST_CONFIRMED = 14
"""Causes of one operation that are tried on fresh databases; further ones are candidates."""
LATE_AFTER = 3
"""Changes of a table or column that no fresh database confirmed, after which it counts as written late."""
NOT_AGAIN = "It did not come again on a fresh database."
NOT_CERTAIN = "It did not come again each time, or is not certain where others use the service."
NO_TIME = "It was not tried on a fresh database: there are more findings than the time of the run allows."
MOST_OPERATIONS = 4
FEW_DIFFERENCES, SHARE_OF_DIFFERENCES = 3, 0.1
"""Operations, in number and share, whose answers may differ from a document that is exact."""
THE_END = "the end of the run"
LINES = 20
"""Last lines of the log of a service that is used for one finding alone."""


@dataclass(slots=True)
class Judgement:
    """The confirmed findings on an operation, and the candidates."""

    violations: list[Violation] = field(default_factory=list)
    candidates: list[CandidateReported] = field(default_factory=list)


class Judging:
    """One worker's judgement of a declared service."""

    def __init__(
        self,
        pack: DeclaredPack,
        session: Session,
        opened: Callable[[], Session],
        *,
        seed: int,
        directory: Path,
        options: RunOptions,
    ) -> None:
        self._pack = pack
        self._seed = seed
        self._directory = directory
        self._options = options
        self._late = Counter[str]()
        self._fresh = Fresh(lambda: self._trial(opened()))
        self._alone = session.alone
        self._test = ""
        self._judged = 0  # operations
        self._shares: Shares | None = None
        self._explorer = Explorer(
            self._trial(session),
            Cases(pack.contract.document, seed),
            pack.oracles,
            pack.skipped,
            (*pack.declaration.fuzz.drop, *pack.headers),
        )

        self._confirmer = self._confirmer_with(pack.oracles)

    def _confirmer_with(self, oracles: Sequence[Oracle]) -> Confirmer | Again:
        return Confirmer(self._fresh, oracles) if self._alone else Again(lambda: self._explorer.trial, oracles)

    def _trial(self, session: Session) -> Trial:
        session.begin(self._test)
        return Trial(session, self._pack.facts, self._pack.owned)

    def visit(self, operations: Sequence[Operation], test: str, progress: Progress, shares: Shares) -> None:
        """See each operation before any is explored: what it answers leads to the others."""
        self._test, self._shares = test, shares
        self._explorer.trial.session.begin(test)
        waiting = sorted(operations, key=lambda each: each.method != "GET" or "{" in each.path)  # lists show ids
        for quick in (True, False):
            refused = []
            for index, operation in enumerate(waiting):
                if time.monotonic() > shares.visits:
                    break
                progress(partial("visit {} of {}: {}".format, index + 1, len(waiting), operation))
                visited = self._explorer.visit(operation, quick=quick)
                refused += [] if visited.accepted else [operation]
                if visited.spoiled:
                    self._renew_after_visit()
            waiting = refused
        if self._explorer.feeds_itself():
            self._renew_after_visit()

    def judge(self, operation: Operation, test: str, number: int, progress: Progress) -> tuple[Explored, Judgement]:
        """Explore an operation with ``number`` cases, as long as its share of the time lasts; confirm what it shows."""
        self._test = test
        self._judged += 1
        self._explorer.trial.session.begin(test)
        until = self._shares.until(operation) if self._shares else inf
        further = self._shares is not None and self._shares.further
        explored = self._explorer.explore(operation, number, progress, until=until, further=further)
        judgement = Judgement()
        self._decide_all(operation, sorted(explored.candidates.values(), key=_nearness), judgement, progress)
        if quiet.RESTLESS not in {each.finding.code for each in judgement.violations}:
            self._explorer.restless.discard(operation.id)
        if explored.spoiled:
            self._renew()
        return explored, judgement

    def _renew_after_visit(self) -> None:
        """Go on with another system; visit those again of which one may have ended the last."""
        doubted = [each.operation for each in self._explorer.doubted]
        self._renew()
        for each in doubted:
            if self._explorer.visit(each, quick=True, careful=True).spoiled:
                self._renew()

    def _renew(self) -> None:
        self._explorer.trial.session.close()
        self._explorer.begin(self._fresh.take())

    def _decide_all(
        self, operation: Operation, causes: Sequence[Sequence[Candidate]], judgement: Judgement, progress: Progress
    ) -> None:
        decided: set[tuple[str, str]] = set()
        for index, same in enumerate(causes):
            if same[0].finding.cause in decided:
                continue
            progress(partial("{}: confirming {} of {}".format, operation, index + 1, len(causes)))
            timely = self._shares is None or time.monotonic() < self._shares.confirmations
            confirmed = self._decide(same, judgement, tried=timely and index < MOST_CONFIRMED)
            if confirmed is None:
                continue
            beside = {each.cause: each for each in confirmed.beside if each.code not in TWICE}
            for other in causes[index + 1 :]:
                cause = other[0].finding.cause
                if cause in beside and not arguable.reason(other[0].finding, other[0].effect):
                    decided.add(cause)
                    judgement.violations.append(self._violation(replace(confirmed, finding=beside[cause])))
            confirmed.close()

    def _decide(self, same: Sequence[Candidate], judgement: Judgement, *, tried: bool) -> Confirmed | None:
        """Confirm a cause, or add it to the candidates with the reason."""
        first = min(same, key=lambda each: bool(arguable.reason(each.finding, each.effect)))
        reason = arguable.reason(first.finding, first.effect) or ("" if tried else NO_TIME)
        accepted = any((each.code, each.where) == first.finding.cause for each in self._pack.declaration.accepted)
        confirmed = None if reason and not accepted else self._confirmed(same)
        if confirmed is not None:
            judgement.violations.append(self._violation(confirmed))
        elif accepted:
            judgement.violations.append(Violation(first.finding, self._evidence_of(first), Path()))
        elif first.ended:  # for whatever reason, it is the service that ended
            evidence = replace(first.ended.evidence[0], test=self._test)
            judgement.violations.append(Violation(first.ended.findings[0], evidence, Path()))
        elif self._counts(first, confirmed_here=bool(reason)):
            reason = reason or (NOT_AGAIN if self._alone else NOT_CERTAIN)
            judgement.candidates.append(CandidateReported(first.finding, self._evidence_of(first), reason))
        return confirmed

    def _confirmed(self, same: Sequence[Candidate]) -> Confirmed | None:
        if isinstance(self._confirmer, Again) and (confirmed := self._confirmer.shown_by_several(same)):
            return confirmed
        for number, candidate in enumerate(same):
            ways = candidate.ways()
            if confirmed := self._confirmer.confirm(candidate, ways[:2] if number else ways):
                return confirmed
        return None

    def _counts(self, candidate: Candidate, *, confirmed_here: bool) -> bool:
        """Return whether a withdrawn change of rows is worth a look; what changed counts as written late after some."""
        if confirmed_here or candidate.finding.code not in {unchanged.REFUSED, unchanged.GET}:
            return True
        table = candidate.finding.where.rpartition(" -> ")[2]
        names = changed_names([change for change in candidate.effect.changes if change.table == table])
        self._late.update(names)
        self._explorer.trial.watch.late |= {name for name in names if self._late[name] >= LATE_AFTER}
        return any(self._late[name] == 1 for name in names)

    def _violation(self, confirmed: Confirmed) -> Violation:
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
        return Violation(finding, replace(evidence, test=self._test, command=command, log=log), path)

    def _evidence_of(self, candidate: Candidate) -> Evidence:
        record = Record(self._test, [candidate.effect.exchange])
        return gather(record, str(candidate.finding), {}, ())

    def close(self) -> Iterator[CandidateReported | Violation]:
        """End all systems; first the differences from the document, one for each kind of cause.

        Where the document says of nearly all operations what they answer, the rest are findings. Where it does not, it
        is the document that lacks something.
        """
        self._test = THE_END
        differences = self._explorer.differences
        differing = {each.operation for same in differences.values() for each in same}
        exact = len(differing) <= max(FEW_DIFFERENCES, self._judged * SHARE_OF_DIFFERENCES)
        for (code, cause), same in sorted(differences.items()):
            confirmed = None
            if exact:
                candidate, way = same[0].candidate, same[0].way
                confirmer = self._confirmer_with((published_contract.ORACLE,))
                if isinstance(confirmer, Again):
                    confirmed = confirmer.shown_by_several([candidate, *same[0].further])
                confirmed = confirmed or confirmer.confirm(candidate, [way])
            if confirmed is not None:
                yield self._violation(confirmed)
                confirmed.close()
                continue
            first, operations = same[0].candidate.finding, [each.operation for each in same]
            more = f" and {len(same) - MOST_OPERATIONS} more" if len(same) > MOST_OPERATIONS else ""
            got = f"{first.got} from {', '.join(operations[:MOST_OPERATIONS])}{more}"
            finding = replace(first, where=arguable.place(code, cause), got=got)
            yield CandidateReported(finding, Evidence(THE_END, str(finding)), arguable.DOCUMENT)
        self._confirmer.close()
        self._explorer.trial.remove_own(self._pack.skipped)
        self._explorer.trial.session.close()
        self._fresh.close()


def _nearness(same: Sequence[Candidate]) -> Any:
    return same[0].finding.nearness


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
