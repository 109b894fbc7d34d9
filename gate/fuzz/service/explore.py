"""Explores a service operation by operation: what was learned from answers leads to the next request."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl

from gate.contract.nodes import Node, Operation
from gate.core.client import Unreachable
from gate.core.effect import Effect
from gate.core.exchange import Exchange
from gate.core.findings import BrokenPromise, Finding
from gate.fuzz.cases import AnyCase, Cases, request_of
from gate.fuzz.service import mutations
from gate.fuzz.service.confirm import Candidate
from gate.fuzz.service.naming import identifier, kind_of, parameter, parameters, singular
from gate.fuzz.service.pool import Pool, Value
from gate.fuzz.service.refusals import Refusals
from gate.fuzz.service.steps import BODY, PATH, QUERY, History, Reference, Step, with_member, with_query
from gate.fuzz.service.trial import SETTLE_SECONDS, WINDOW_SECONDS, Trial, properties, request_schema
from gate.fuzz.statistics import Progress
from gate.oracles import quiet, unchanged
from gate.oracles.registry import Oracle
from gate.oracles.row_values import created_row, plain
from gate.session.codes import SILENT

PROVIDED_TRIES, PROVIDED_DEPTH = 8, 3
"""Requests that are sent to have a resource of a kind, and kinds that this may need in turn."""
KNOWN_SHARE = 0.85
"""Share of the places for an id that take a known one."""
MOST_SAME = 2
"""Candidates of one cause that are kept."""
MOST_SUSPECTS = 6
"""Writes that are tried where a service never gets quiet."""
BASES = 2
"""Accepted requests that others are made from."""


@dataclass
class Explored:
    """The result for one operation."""

    operation: Operation
    cases: int = 0
    further: int = 0  # of them, by the budget
    positive: int = 0
    accepted: int = 0
    refusals: Refusals = field(default_factory=Refusals)
    candidates: dict[tuple[str, str], list[Candidate]] = field(default_factory=lambda: defaultdict(list))
    bases: list[tuple[Step, Effect]] = field(default_factory=list)  # accepted requests
    spoiled: bool = False  # the system no longer answers, or never gets quiet
    writes: list[tuple[Step, Effect]] = field(default_factory=list)  # accepted requests that changed rows


@dataclass(frozen=True, slots=True)
class Difference:
    """An answer of an operation that is not what the document says, with the steps to it."""

    operation: str
    candidate: Candidate
    way: Sequence[Step]


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
        self.trial = trial
        self.cases = cases
        self.oracles = oracles
        self.differences: dict[tuple[str, str], list[Difference]] = defaultdict(list)
        self._skipped = skipped
        self._drop = {name.lower() for name in drop}
        self._rng = random.Random(cases.seed)
        self._positive: dict[str, Iterator[AnyCase]] = {}
        self.begin(trial)

    def begin(self, trial: Trial) -> None:
        """Go on with another system, of which nothing is known."""
        self.trial = trial
        self.pool = Pool(self._rng)
        self.history = History()

    def explore(
        self, operation: Operation, number: int, progress: Progress = lambda _: None, budget: float = 0.0
    ) -> Explored:
        """Send ``number`` cases of an operation, and what is made from those that were accepted.

        ``budget`` is the time in seconds for further cases.
        """
        explored = Explored(operation)
        try:
            self._provide_for(operation, PROVIDED_DEPTH)
            for case in self.cases.take(operation.id, number):
                if explored.spoiled:
                    return explored
                self._send(explored, self.step_of(case, operation))
                progress(lambda: f"{operation}: {explored.cases} requests")
            for case in self.cases.until(operation.id, time.perf_counter() + budget):
                if explored.spoiled:
                    return explored
                self._send(explored, self.step_of(case, operation))
                explored.further += 1
                progress(lambda: f"{operation}: {explored.cases} requests")
            for base, _ in explored.bases[-BASES:]:
                self._repeat(explored, base)
            for base, effect in explored.bases[-BASES:]:
                for step in self._made_from(operation, base, effect):
                    if explored.spoiled:
                        return explored
                    self._send(explored, replace(step, number=self.history.number()))
                    progress(lambda: f"{operation}: {explored.cases} requests")
            self._end(explored)
        except (Unreachable, BrokenPromise) as error:
            self._fell_silent(explored, error)
        return explored

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

    def _fell_silent(self, explored: Explored, error: Exception) -> None:
        """Note that the last request got no answer."""
        explored.spoiled = True
        step, method = self._last, self._last.request.method
        effect = Effect(Exchange(method, step.target, 0), f"{method} {explored.operation.path}")
        finding = Finding(SILENT, effect.operation, "an answer", str(error).splitlines()[0])
        explored.candidates[finding.cause].append(Candidate(finding, step, effect))

    def _send(self, explored: Explored, step: Step) -> Effect:
        """Perform a step, note what it shows, and learn from its answer."""
        self._last = step
        effect = self.trial.perform(step)
        explored.cases += 1
        explored.positive += step.request.mode == "positive"
        for finding in self.trial.judged(effect, self.oracles):
            same = explored.candidates[finding.cause]
            if len(same) < MOST_SAME:
                same.append(Candidate(finding, step, effect))
        if not step.extra:
            self._compare(step, effect)
        if effect.accepted:
            explored.accepted += step.request.mode == "positive"
            self._note(explored, step, effect)
        elif step.request.mode == "positive":
            explored.refusals.add(effect.exchange)
        self._learn(explored.operation, step, effect)
        return effect

    def _note(self, explored: Explored, step: Step, effect: Effect) -> None:
        self.history.add(step)
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
            if effect.operation not in (each.operation for each in same):
                way = self.history.needed(step)
                same.append(Difference(effect.operation, Candidate(finding, step, effect), way))

    def _learn(self, operation: Operation, step: Step, effect: Effect) -> None:
        kind, names = kind_of(operation.path, self.trial.kinds), parameters(operation.path)
        if (effect.exchange.status == 404 and names) or (effect.accepted and effect.exchange.method == "DELETE"):
            last = names[-1] if names else ""
            if last and operation.path.rstrip("/").endswith("}"):
                self.pool.forget(parameter(operation.path, last), step.values.get(last, ""))
        elif effect.accepted and step.request.method == operation.method:
            created = effect.exchange.method in {"POST", "PUT"} and any(effect.inserted())
            own = {}
            if names and operation.path.rstrip("/").endswith("}"):
                own = {plain(names[-1]): (step.values[names[-1]], Reference("", step.number, None))}
            self.pool.learn(kind, step, effect.exchange, self._context(operation, step), created=created, own=own)

    @staticmethod
    def _context(operation: Operation, step: Step) -> dict[str, Value]:
        """The values of a path by the kind that they mean, each with the step that it came from."""
        sources = {each.place: each for each in step.references}
        names = parameters(operation.path)
        return {
            parameter(operation.path, name).kind: (
                step.values[name],
                sources.get(f"{PATH} {name}", Reference("", step.number, None)),
            )
            for name in names
            if name in step.values
        }

    def step_of(self, case: AnyCase, operation: Operation) -> Step:
        """A generated case as a step, with known ids in the places that take one."""
        values = {name: str(value) for name, value in (case.path_parameters or {}).items()}
        request = request_of(case, operation.id)
        query = request.target.partition("?")[2]
        request = replace(request, target=operation.path + (f"?{query}" if query else ""))
        headers = {name: value for name, value in request.headers.items() if name.lower() not in self._drop}
        step = Step(self.history.number(), replace(request, headers=headers), values)
        if case.method.upper() != operation.method:
            return step
        references: list[Reference] = []
        if "path" not in request.invalid:
            step = self._fill_path(operation, step, references)
        step = self._fill_query(step, references)
        if request.is_json:
            schema = request_schema(operation)
            body = described(step.request.body, schema) if request.mode == "positive" else step.request.body
            step = replace(step, request=replace(step.request, body=self._fill_body(body, references)))
        return replace(step, references=tuple(references))

    def _fill_path(self, operation: Operation, step: Step, references: list[Reference]) -> Step:
        values, context = dict(step.values), dict[str, Value]()
        for name in reversed(parameters(operation.path)):
            wanted = parameter(operation.path, name)
            value = context.get(wanted.kind)
            if value is None:
                known = self.pool.pick(wanted.kind)
                value = known.value(wanted) if known and self._rng.random() < KNOWN_SHARE else None
                context = {**(known.context if known and value else {}), **context}
            if value is not None:
                values[name] = str(value[0])
                references.append(replace(value[1], place=f"{PATH} {name}"))
        return replace(step, values=values)

    def _fill_query(self, step: Step, references: list[Reference]) -> Step:
        for name, _ in parse_qsl(step.request.target.partition("?")[2], keep_blank_values=True):
            value = self.pool.of_name(name)
            if value is not None and self._rng.random() < KNOWN_SHARE:
                step = replace(step, request=with_query(step.request, name, str(value[0])))
                references.append(replace(value[1], place=f"{QUERY} {name}"))
        return step

    def _fill_body(self, body: Any, references: list[Reference]) -> Any:
        for pointer, name, value in list(_places(body)):
            known = self.pool.of_name(name)
            if known is None or self._rng.random() > KNOWN_SHARE:
                continue
            if isinstance(value, list):
                body = with_member(body, pointer, [known[0]])
                references.append(replace(known[1], place=f"{BODY} {pointer}/0"))
            elif type(value) is type(known[0]) or value is None:
                body = with_member(body, pointer, known[0])
                references.append(replace(known[1], place=f"{BODY} {pointer}"))
        return body

    def _provide_for(self, operation: Operation, depth: int) -> None:
        """Create what an operation needs in its path and body, as far as nothing of the kind is known."""
        names = [parameter(operation.path, name).kind for name in parameters(operation.path)]
        if operation.method == "PUT":
            names = names[:-1]  # which it may create itself
        named = (identifier(name) for name in properties(request_schema(operation)))
        names += [singular(each.kind) for each in named if each.member]
        for kind in dict.fromkeys(name for name in names if name in self.trial.kinds):
            if depth and not self.pool.pick(kind):
                self._provide(kind, depth)

    def _provide(self, kind: str, depth: int) -> None:
        creators = [
            each
            for each in self.trial.contract.operations
            if each.method == ("PUT" if each.path.rstrip("/").endswith("}") else "POST")
            and kind_of(each.path, self.trial.kinds) == kind
            and not self._skipped(each)
        ]
        for creator in sorted(creators, key=lambda each: len(each.path)):
            self._provide_for(creator, depth - 1)
            sent = Explored(creator)
            for _ in range(PROVIDED_TRIES):
                case = next(self._positive.setdefault(creator.id, self._positive_cases(creator)), None)
                if case is None:
                    break
                self._send(sent, self.step_of(case, creator))
                if self.pool.pick(kind):
                    return

    def _positive_cases(self, operation: Operation) -> Iterator[AnyCase]:
        for chunk in range(1_000, 1_004):
            for case in self.cases.random(operation.id, chunk, PROVIDED_TRIES):
                if case.meta is None or not case.meta.generation.mode.is_negative:
                    yield case

    def _made_from(self, operation: Operation, base: Step, effect: Effect) -> Iterator[Step]:
        """Steps that are made from an accepted one."""
        row = effect.addressed or created_row(effect)
        rows = list(self.trial.watch.rows.get(row.table, {}).values()) if row else []
        described = properties(request_schema(operation))
        members = {name: node for name, node in described.items() if not node.value.get("readOnly")}
        if operation.method in {"PATCH", "PUT"}:
            yield from mutations.alone(base)
        yield from mutations.colliding(base, rows, self._rng)
        steps = chain(mutations.varied(base, members, self._rng), mutations.wrong(base, self._rng))
        if row is not None and row.after is not None and not open_to_all(request_schema(operation).follow().value):
            table = mutations.Table(self.trial.watch.columns.get(row.table, {}), rows)
            steps = chain(steps, mutations.assigning(base, described, effect.answer, row.after, table))
        unique = {plain(column) for table, column in self.trial.watch.unique if row and table == row.table}
        for step in steps:
            new = operation.method == "POST" and isinstance(step.request.body, dict)
            yield mutations.refreshed(step, base, members, unique, self._rng) if new else step

    def _end(self, explored: Explored) -> None:
        """Wait until the service is quiet after what it accepted; where it never is, any write may be the cause."""
        if not explored.writes:
            return
        self.trial.watch.settle(SETTLE_SECONDS)
        growing = self.trial.watch.growing(WINDOW_SECONDS)
        explored.spoiled = bool(growing)
        for code in (unchanged.REFUSED, unchanged.GET):
            for cause in [cause for cause in explored.candidates if cause[0] == code]:
                if cause[1].rpartition(" -> ")[2] in growing:
                    del explored.candidates[cause]
        # Most services that feed themselves do so where something is empty.
        suspects = sorted(explored.writes, key=lambda write: len(write[0].request.content or b""))
        for step, effect in suspects[:MOST_SUSPECTS] if growing else ():
            for finding in self.trial.judged(replace(effect, growing=growing), (quiet.ORACLE,)):
                explored.candidates[finding.cause].append(Candidate(finding, step, effect))


def described(body: Any, schema: Node) -> Any:
    """A body without members that its schema does not describe: valid, and noise."""
    members = properties(schema)
    if not isinstance(body, dict) or not members or open_to_all(schema.follow().value):
        return body
    return {name: described(value, members[name]) for name, value in body.items() if name in members}


def open_to_all(schema: Any) -> bool:
    """Return whether a schema says that members without a description are welcome."""
    extra = schema.get("additionalProperties") if isinstance(schema, Mapping) else None
    return extra is True or isinstance(extra, dict)


def _places(body: Any, pointer: str = "", depth: int = 3) -> Iterator[tuple[str, str, Any]]:
    """Pointer, name and value of each member of a body that may be an id."""
    if isinstance(body, dict) and depth:
        for name, value in body.items():
            here = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if isinstance(value, dict):
                yield from _places(value, here, depth - 1)
            elif not isinstance(value, bool):
                yield here, name, value
