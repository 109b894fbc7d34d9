"""Judges the operations of a declared service: explores each, confirms what it shows, and keeps the rest to look at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from pathlib import Path
from types import MappingProxyType

from gate.contract.nodes import Operation
from gate.core.evidence import Evidence
from gate.core.rerun import RunOptions
from gate.fuzz.cases import Cases
from gate.fuzz.replay import Violation
from gate.fuzz.service import arguable
from gate.fuzz.service.again import Again
from gate.fuzz.service.confirm import Confirmer, Fresh
from gate.fuzz.service.deciding import Decider, Entry
from gate.fuzz.service.explore import Explorer
from gate.fuzz.service.explored import Explored
from gate.fuzz.service.pack import DeclaredPack
from gate.fuzz.service.schemas import takes_anything
from gate.fuzz.service.shares import Shares
from gate.fuzz.service.trial import Trial
from gate.fuzz.service.turns import Suspicion
from gate.fuzz.statistics import Progress
from gate.oracles import published_contract, quiet
from gate.oracles.registry import Oracle
from gate.session.session import Session
from gate.verdict.events import CandidateReported

MOST_OPERATIONS = 4
FEW_DIFFERENCES, SHARE_OF_DIFFERENCES = 3, 0.1
"""Operations, in number and share, whose answers may differ from a document that is exact."""
THE_END = "the end of the run"


@dataclass(slots=True)
class Judgement:
    """The confirmed findings on an operation, and the candidates."""

    violations: list[Violation] = field(default_factory=list)
    candidates: list[CandidateReported] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Take a finding or a candidate."""
        if isinstance(entry, CandidateReported):
            self.candidates.append(entry)
        else:
            self.violations.append(entry)


class Judging:
    """One worker's judgement of a declared service. ``tests`` are those of the run, by the ids of their operations."""

    def __init__(
        self,
        pack: DeclaredPack,
        session: Session,
        opened: Callable[[], Session],
        *,
        seed: int,
        directory: Path,
        options: RunOptions,
        tests: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._pack = pack
        self._fresh = Fresh(lambda: self._trial(opened()))
        self._alone = session.alone
        self._judged = 0  # operations
        self._tests = dict(tests)
        self._shares: Shares | None = None
        open_to_all = [each.id for each in pack.contract.operations if takes_anything(each)]
        self._explorer = Explorer(
            self._trial(session),
            Cases(pack.contract.document, seed, open_to_all),
            pack.oracles,
            pack.skipped,
            (*pack.declaration.fuzz.drop, *pack.headers),
        )
        self._confirmer = self._confirmer_with(pack.oracles)
        self._decider = Decider(
            self._confirmer,
            lambda: self._explorer.trial.watch,
            {(each.code, each.where) for each in pack.declaration.accepted},
            seed=seed,
            directory=directory,
            options=options,
        )

    def _confirmer_with(self, oracles: Sequence[Oracle]) -> Confirmer | Again:
        return Confirmer(self._fresh, oracles) if self._alone else Again(lambda: self._explorer.trial, oracles)

    def _trial(self, session: Session) -> Trial:
        session.begin("")
        return Trial(session, self._pack.facts, self._pack.owned)

    def visit(self, operations: Sequence[Operation], test: str, progress: Progress, shares: Shares) -> None:
        """See each operation before any is explored: what it answers leads to the others."""
        self._shares = shares
        self._explorer.trial.session.begin(test)
        if self._alone:
            self._fresh.prepare()
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
        """Explore an operation with ``number`` cases, and confirm what it shows, each as long as its time lasts.

        The rest waits for the end of the run; the first suspicion takes from the time that is kept for that.
        """
        self._tests[operation.id] = test
        self._judged += 1
        self._explorer.trial.session.begin(test)
        shares = self._shares or Shares(inf, [operation])
        until, end = shares.of(operation, self._fresh.seconds)
        explored = self._explorer.explore(operation, number, progress, until=until, further=shares.further)
        judgement, end = Judgement(), max(end, time.monotonic())
        suspicions = [Suspicion(operation, same, test) for same in explored.candidates.values()]
        spare = shares.kept(self._fresh.seconds)
        for entry in self._decider.decide(suspicions, end, progress, spare=spare):
            judgement.add(entry)
        shares.take(time.monotonic() - end)
        waiting = {each.code for each in self._decider.waiting if each.operation is operation}
        if quiet.RESTLESS not in {each.finding.code for each in judgement.violations} | waiting:
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

    def close(self, progress: Progress = lambda _: None, *, confirming: bool = True) -> Iterator[Entry]:
        """End all systems; first confirm what waits, as long as there is time, unless somebody stopped the run."""
        waiting, self._decider.waiting = self._decider.waiting, []
        end = self._shares.confirmations if self._shares else inf
        yield from self._decider.decide(waiting, end if confirming else -inf, progress)
        yield from self._decider.untried()
        yield from self._differences(confirming=confirming and time.monotonic() < end)
        self._confirmer.close()
        self._explorer.trial.remove_own(self._pack.skipped)
        self._explorer.trial.session.close()
        self._fresh.close()

    def _differences(self, *, confirming: bool) -> Iterator[Entry]:
        """The differences from the document, one for each kind of cause.

        Where the document says of nearly all operations what they answer, the rest are findings. Where it does not, it
        is the document that lacks something.
        """
        differences = self._explorer.differences
        differing = {each.operation for same in differences.values() for each in same}
        exact = len(differing) <= max(FEW_DIFFERENCES, self._judged * SHARE_OF_DIFFERENCES)
        confirmer = self._confirmer_with((published_contract.ORACLE,))
        for (code, cause), same in sorted(differences.items()):
            candidate, way = same[0].candidate, same[0].way
            self._decider.test = self._tests.get(candidate.step.request.operation, THE_END)
            confirmed = None
            if exact and confirming:
                if isinstance(confirmer, Again):
                    confirmed = confirmer.shown_by_several([candidate, *same[0].further])
                confirmed = confirmed or confirmer.confirm(candidate, [way])
            if confirmed is not None:
                yield self._decider.violation(confirmed)
                confirmed.close()
                continue
            first, operations = same[0].candidate.finding, [each.operation for each in same]
            more = f" and {len(same) - MOST_OPERATIONS} more" if len(same) > MOST_OPERATIONS else ""
            got = f"{first.got} from {', '.join(operations[:MOST_OPERATIONS])}{more}"
            finding = replace(first, where=arguable.place(code, cause), got=got)
            yield CandidateReported(finding, Evidence(THE_END, str(finding)), arguable.DOCUMENT)
        confirmer.close()
