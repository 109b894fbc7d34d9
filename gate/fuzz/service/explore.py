"""Explores a service operation by operation: what was learned from answers leads to the next request."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, zip_longest

from gate.contract.nodes import Operation
from gate.core.client import Unreachable
from gate.core.effect import Effect, entries_of
from gate.core.exchange import Exchange
from gate.core.findings import BrokenPromise, Finding
from gate.fuzz.cases import Cases
from gate.fuzz.service import mutations
from gate.fuzz.service.again import TIMES_AGAIN
from gate.fuzz.service.confirm import Candidate
from gate.fuzz.service.explored import BASES, Difference, Explored
from gate.fuzz.service.filling import Filler, open_to_all
from gate.fuzz.service.generating import Generator
from gate.fuzz.service.naming import identifying, kind_of, own_kind, parameter, parameters
from gate.fuzz.service.owned import CREATED
from gate.fuzz.service.pool import Pool, of_path
from gate.fuzz.service.sampling import Sampler
from gate.fuzz.service.schemas import properties, request_schema
from gate.fuzz.service.steps import History, Reference, Step
from gate.fuzz.service.supply import Supply
from gate.fuzz.service.trial import SETTLE_SECONDS, WINDOW_SECONDS, Trial
from gate.fuzz.service.unending import MOST_SUSPECTS, Unending
from gate.fuzz.service.values import Values
from gate.fuzz.statistics import Progress
from gate.oracles import quiet
from gate.oracles.registry import Oracle
from gate.oracles.row_values import created_row, plain
from gate.session.codes import SILENT

MOST_SAME = 2
"""Candidates of one cause that are kept."""
NUMBERS = (100_000, 900_000)
"""Range of the first number in the texts of a run beside others."""
CREATING = frozenset({"POST", "PUT"})
LOOK_EVERY = 4.0
"""Seconds of visits after which is looked whether the service gets quiet: each look takes one half."""


class Explorer:
    """One worker's exploration of a service."""

    def __init__(
        self,
        trial: Trial,
        cases: Cases,
        oracles: Sequence[Oracle],
        skipped: Callable[[Operation], bool],
        drop: Iterable[str] = (),
    ) -> None:
        self._generator = Generator(cases)
        self.oracles = oracles
        self.differences: dict[tuple[str, str], list[Difference]] = defaultdict(list)
        self.restless: set[str] = set()  # operations that may feed the service for ever
        self._drop = {name.lower() for name in drop}
        # Beside others, nothing of an earlier run may come again: it is still there.
        own = trial.owned is not None
        self._seed = f"{cases.seed} {trial.session.ids()}" if own else str(cases.seed)
        self._rng = random.Random(self._seed)
        self._unending = Unending()
        self.doubted: list[Explored] = []  # after which nobody looked yet whether the service gets quiet
        self._looked = time.monotonic()
        self._sound = 0  # requests that showed no failure
        self._visited: dict[str, Explored] = {}
        self._sampler = Sampler(
            trial.contract, lambda: self.pool, self._drop, self._rng.randrange(*NUMBERS) if own else 0
        )
        self._values = Values(self._rng, self._sampler.fresh)
        operations = [each for each in trial.contract.operations if not skipped(each)]
        self._supply = Supply(operations, trial.kinds, cases, self._sampler, self._supplied)
        self.begin(trial)

    def begin(self, trial: Trial) -> None:
        """Go on with another system, of which nothing is known."""
        self.trial = trial
        self.pool = Pool(self._rng, identifying(trial.contract.operations))
        self.history = History()
        self._filler = Filler(self._rng, self.pool, self.history, self._drop)
        self._supply.begin(self.pool, self._filler)
        self.doubted = []
        for visited in self._visited.values():
            visited.bases.clear()
            visited.writes.clear()
            visited.spoiled = False

    def visit(self, operation: Operation, *, quick: bool, careful: bool = False) -> Explored:
        """Send plausible requests until some are accepted, ``quick`` without random cases.

        Whether the service gets quiet is seen at once if ``careful``, else after several operations.
        """
        visited = self._visited.setdefault(operation.id, Explored(operation))
        self._draw("visit", operation, quick)
        self._supply.quick = quick
        with self._silence(visited):
            for step in filter(self.trial.permits, self._supply.plausible(operation)):
                self._send(visited, step)
                if visited.spoiled or visited.enough:
                    break
            if operation.method in CREATING:
                self._end_visit(visited, careful=careful or not self.trial.alone)
        self._supply.quick = False
        return visited

    def _draw(self, *purpose: object) -> None:
        """Draw from here on what belongs to a purpose: the same, whatever this worker did before."""
        self._rng.seed(" ".join(map(str, (self._seed, *purpose))))

    def _end_visit(self, visited: Explored, *, careful: bool) -> None:
        if careful:
            self._end(visited)
            return
        self.doubted += [visited] if visited.writes else []
        if self.doubted and time.monotonic() - self._looked > LOOK_EVERY:
            visited.spoiled = self.feeds_itself()

    def feeds_itself(self) -> bool:
        """Return whether the service does not get quiet; else nothing is ``doubted`` any more."""
        growing = self._growing() if self.doubted else {}
        self._looked = time.monotonic()
        for each in self._visited.values() if growing else ():
            each.forget(growing)
        if not growing:
            for each in self.doubted:
                each.writes.clear()
            self.doubted = []
        return bool(growing)

    def _growing(self) -> Mapping[str, int]:
        self.trial.watch.settle(SETTLE_SECONDS)
        return self.trial.watch.growing(WINDOW_SECONDS)

    def _supplied(self, operation: Operation, step: Step) -> bool:
        """Send a request for what another operation needs; True if it was accepted."""
        if operation.id in self.restless or not self.trial.permits(step):
            return False
        return self._send(self._visited.get(operation.id) or Explored(operation), step).accepted

    def explore(
        self, operation: Operation, number: int, progress: Progress, *, until: float, further: bool
    ) -> Explored:
        """Send what is made from accepted requests, ``number`` cases, and ``further`` ones as long as there is time.

        ``until`` is the moment by which it has to end, as ``time.monotonic`` has it.
        """
        explored = self._visited.pop(operation.id, None) or Explored(operation)
        self._draw("explore", operation)
        if parameters(operation.path):
            explored.bases.clear()  # what they address may be gone
        with self._silence(explored):
            for step in filter(self.trial.permits, self._rounds(explored, number, until, further=further)):
                if explored.spoiled or time.monotonic() > until:
                    break
                self._send(explored, step)
                progress(lambda: f"{operation}: {explored.cases} requests")
            if operation.method != "DELETE":
                self._end(explored)
        return explored

    def _rounds(self, explored: Explored, number: int, until: float, *, further: bool) -> Iterator[Step]:
        """The requests of an operation, those first that show most."""
        operation = explored.operation
        again = operation.method == "GET"  # by now there is more to read
        for step in self._supply.lists(operation) if again else ():
            yield replace(step, number=self.history.number())  # after what is in it
        for step in self._supply.plausible(operation) if again or not explored.enough else ():
            yield step
            if explored.enough:
                break
        if not explored.enough and operation.method not in {"GET", "DELETE"}:
            yield from self._supply.anew(operation)  # the state of those that are there may not allow it
        if operation.method == "DELETE":
            yield from self._supply.deletions(operation)
        derived = bool(explored.bases)
        yield from self._derived(explored)
        for case in self._generator.cases(operation, number, until):
            yield self._filler.of_case(case, operation)
        if not derived:
            yield from self._derived(explored)
        for case in self._generator.further(operation, until) if further else ():
            explored.further += 1
            yield self._filler.of_case(case, operation)

    @contextmanager
    def _silence(self, explored: Explored) -> Iterator[None]:
        """Note a request that got no answer, which ends what is done with the system."""
        try:
            yield
        except (Unreachable, BrokenPromise) as error:
            explored.spoiled = True
            step, method = self._last, self._last.request.method
            path = self.trial.operations[step.request.operation].path
            effect = Effect(Exchange(method, step.target, 0), f"{method} {path}")
            ended = error if isinstance(error, BrokenPromise) else None
            got = ended.findings[0].got if ended else str(error).splitlines()[0]
            finding = Finding(SILENT, effect.operation, "an answer", got)
            explored.candidates[finding.cause].append(Candidate(finding, step, effect, self.history, ended))

    def _derived(self, explored: Explored) -> Iterator[Step]:
        """Steps that are made from accepted ones."""
        for base, effect in reversed(explored.bases[-BASES:]):
            if self.trial.permits(base):
                self._repeat(explored, base)
            for step in self._made_from(explored, base, effect):
                yield replace(step, number=self.history.number())

    def _repeat(self, explored: Explored, base: Step) -> None:
        """Send an accepted request twice under a new idempotency key, where the operation takes one."""
        operation, facts, request = explored.operation, self.trial.facts, base.request
        key = f"gate-{self._rng.getrandbits(64):x}"
        member = facts.key_member if facts.key_member in properties(request_schema(operation)) else ""
        if operation.method != "POST" or not (member or ("header", facts.key_header) in operation.parameters()):
            return
        if member:
            request = replace(request, body={**request.body, member: key})
        else:
            request = replace(request, headers={**request.headers, facts.key_header: key})
        first = replace(base, number=self.history.number(), request=request)
        if self._send(explored, first).accepted:
            needed = (*first.references, Reference("", first.number, None))
            self._send(explored, replace(first, number=self.history.number(), references=needed, repeats=True))

    def _send(self, explored: Explored, step: Step) -> Effect:
        """Perform a step, note what it shows, and learn from its answer."""
        self._last = step
        effect = self.trial.perform(step)
        explored.cases += 1
        explored.positive += step.request.mode == "positive"
        for finding in self.trial.judged(effect, self.oracles):
            same = explored.candidates[finding.cause]
            again = self.trial.alone or not same or same[-1].sound != self._sound
            if again and len(same) < (MOST_SAME if self.trial.alone else TIMES_AGAIN):
                same.append(Candidate(finding, step, effect, self.history, sound=self._sound))
        self._sound += effect.exchange.status < 500
        if not step.extra:
            self._compare(step, effect)
        if effect.accepted:
            explored.accepted += step.request.mode == "positive"
            self._note(explored, step, effect)
        elif step.request.mode == "positive":
            explored.refusals.add(effect.exchange)
        if effect.accepted or any(effect.inserted()):
            self.history.add(step, effect)
        self._learn(explored.operation, step, effect)
        return effect

    def _note(self, explored: Explored, step: Step, effect: Effect) -> None:
        if effect.changes:
            explored.writes.append((step, effect))
        if step.request.mode == "positive" and step.request.is_json and not step.extra:
            explored.bases.append((step, effect))
            explored.bases.sort(key=lambda base: len(base[0].request.body) if base[0].request.body else 0)
            del explored.bases[:-8]

    def _compare(self, step: Step, effect: Effect) -> None:
        """Keep where an answer is not what the document says, by kind of cause."""
        for finding in self.trial.contract.check(effect.exchange):
            if finding.code == "BG-HTTP-001":  # which has an oracle of its own
                continue
            place = finding.where.removeprefix(effect.operation).strip()
            cause = str(effect.exchange.status) if finding.code == "BG-HTTP-002" else f"{place} {finding.expected}"
            same = self.differences[finding.code, cause]
            known = next((each for each in same if each.operation == effect.operation), None)
            candidate = Candidate(finding, step, effect, self.history, sound=self._sound)
            if known is None:
                same.append(Difference(effect.operation, candidate, self.history.needed(step)))
            elif len(known.further) < TIMES_AGAIN:
                known.further.append(candidate)

    def _learn(self, operation: Operation, step: Step, effect: Effect) -> None:
        kind, names = kind_of(operation.path, self.trial.kinds), parameters(operation.path)
        if (effect.exchange.status == 404 and names) or (effect.accepted and effect.exchange.method == "DELETE"):
            last = names[-1] if names else ""
            if last and operation.path.rstrip("/").endswith("}"):
                self.pool.forget(parameter(operation.path, last), step.values.get(last, ""))
        elif effect.accepted and step.request.method == operation.method:
            created = effect.exchange.method in CREATING and self._creates(effect)
            if created or entries_of(effect.exchange.json):
                kind = own_kind(operation.path) or kind  # not that of the item above
            if self.trial.owned and not created and self._supply.creates(kind):
                return  # of what others made, nothing may be changed
            context, own = of_path(operation, step)
            self.pool.learn(kind, step, effect.exchange, context, created=created, own=own)

    def _creates(self, effect: Effect) -> bool:
        """Return whether a request made something: rows say so, and beside others without them its status."""
        without = self.trial.owned is not None and self.trial.database is None
        return effect.exchange.status == CREATED if without else any(effect.inserted())

    def _made_from(self, explored: Explored, base: Step, effect: Effect) -> Iterator[Step]:
        """Steps that are made from an accepted one."""
        operation = explored.operation
        row = effect.addressed or created_row(effect)
        known = self.trial.watch.rows.get(row.table, {}) if row else {}
        own = {key: each for key, each in known.items() if row and self.trial.is_own(row.table, key)}
        rows = list(own.values())
        others = [(each, self.history.maker(row.table, key)) for key, each in own.items() if row]
        described = properties(request_schema(operation))
        members = {name: node for name, node in described.items() if not node.value.get("readOnly")}
        kinds = [mutations.alone(base) if operation.method in {"PATCH", "PUT"} else iter(())]
        kinds += [mutations.colliding(base, others, self._rng), mutations.varied(base, members, self._values)]
        kinds.append(mutations.of_list(base, self._rng))
        if row is not None and row.after is not None and not open_to_all(request_schema(operation).follow().value):
            table = mutations.Table(self.trial.watch.columns.get(row.table, {}), rows)
            kinds.append(mutations.assigning(base, described, effect.answer, row.after, table))
        kinds.append(mutations.wrong(base, self._rng))
        unique = {plain(column) for table, column in self.trial.watch.unique if row and table == row.table}
        new = operation.method == "POST" and isinstance(base.request.body, dict)
        for step in filter(None, chain.from_iterable(zip_longest(*kinds))):
            if step is base:
                yield step
            elif new:
                fresh = mutations.refreshed(step, base, members, unique, self._sampler.fresh)
                yield fresh
                if step.request.description == mutations.TAKEN and fresh.request.body != step.request.body:
                    yield step  # several members may have to be unique together
            elif step.request.mode == "negative" and not step.extra:
                yield mutations.otherwise(step, base, explored.values())
            else:
                yield step

    def _end(self, explored: Explored) -> None:
        """Wait until the service is quiet after what it accepted; where it never is, any write may be the cause."""
        if not explored.writes or not self.trial.alone:  # others may write without an end
            if self.trial.owned:
                self._end_beside_others(explored)
            return
        growing = self._growing()
        explored.spoiled = bool(growing)
        self.restless |= {explored.operation.id} if growing else set()
        suspects = sorted(explored.writes, key=lambda write: len(write[0].request.content or b""))
        explored.writes = []
        explored.forget(growing)
        # Most services that feed themselves do so where something is empty.
        for step, effect in suspects[:MOST_SUSPECTS] if growing else ():
            for finding in self.trial.judged(replace(effect, growing=growing), (quiet.ORACLE,)):
                explored.candidates[finding.cause].append(Candidate(finding, step, effect, self.history))

    def _end_beside_others(self, explored: Explored) -> None:
        """Add what earlier writes left without an end."""
        writes, explored.writes = explored.writes, []
        for finding, step, effect in self._unending.findings(self.trial, writes):
            self.restless.add(step.request.operation)
            explored.candidates[finding.cause].append(Candidate(finding, step, effect, self.history))
