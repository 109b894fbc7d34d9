"""Requests that may well be accepted, once the resources that they need are there."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain, islice

from gate.contract.nodes import Operation
from gate.fuzz.cases import AnyCase, Cases
from gate.fuzz.service.filling import Filler
from gate.fuzz.service.naming import Identifier, collection_of, identifier, kind_of, parameter, parameters, singular
from gate.fuzz.service.pool import Pool, Value
from gate.fuzz.service.sampling import Sampler
from gate.fuzz.service.schemas import properties, request_schema
from gate.fuzz.service.steps import PATH, Step

RANDOM_TRIES, DEPTH, TIMES = 8, 3, 2
"""Random cases that are tried where no plausible request was accepted; kinds that this may need in turn, and how often
one is tried that could not be had."""
RANDOM_SECONDS = 3.0
"""Time in which such cases have to be generated."""
ANEW = 3
"""Requests of an operation for which resources are made anew."""
DELETIONS, BESIDE = 3, 2
"""Deletions of an operation, and resources that are made beside each first: they have to stay."""


class Supply:
    """Makes requests, and sends those that others need before.

    ``send`` says whether the service accepted one. While it is ``quick``, no random case is generated.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        kinds: Collection[str],
        cases: Cases,
        sampler: Sampler,
        send: Callable[[Operation, Step], bool],
    ) -> None:
        self.quick = False
        self._kinds = kinds
        self._cases = cases
        self._sampler = sampler
        self._send = send
        posts = {each.path.rstrip("/") for each in operations if each.method == "POST"}
        self._creators = [
            each
            for each in operations
            if each.method == ("PUT" if _of_item(each) and collection_of(each.path) not in posts else "POST")
        ]
        self._random_cases: dict[str, Iterator[AnyCase]] = {}
        self._pool: Pool
        self._filler: Filler

    def begin(self, pool: Pool, filler: Filler) -> None:
        """Go on with another system, of which nothing is known."""
        self._pool, self._filler = pool, filler
        self._missing = Counter[Identifier]()  # kinds and members that could not be had

    def creates(self, kind: str) -> bool:
        """Return whether an operation creates resources of a kind."""
        return any(kind_of(each.path, self._kinds) == kind for each in self._creators)

    def plausible(self, operation: Operation) -> Iterator[Step]:
        """Examples and what the schemas say, then random cases."""
        self._provide_for(operation, DEPTH)
        for request, values in self._sampler.requests(operation):
            yield self._filler.of_request(request, values, operation, {})
        for case in () if self.quick else self._random(operation):
            yield self._filler.of_case(case, operation)

    def deletions(self, operation: Operation) -> Iterator[Step]:
        """Deletions, each of a resource that has others beside it and below it."""
        for _ in range(DELETIONS):
            given = self._beside(operation)
            self._parts(operation, given)
            for request, values in islice(self._sampler.requests(operation), 1):
                yield self._filler.of_request(request, values, operation, given)

    def anew(self, operation: Operation) -> Iterator[Step]:
        """Requests for resources that were made for each of them."""
        names = parameters(operation.path)
        wanted = parameter(operation.path, names[-1]) if names else Identifier("", "")
        for request, values in islice(self._sampler.requests(operation), ANEW):
            before = self._pool.newest(wanted)
            self._provide(wanted, DEPTH)
            known = self._pool.newest(wanted)
            value = known.value(wanted) if known else None
            if known is None or known is before or value is None:
                return
            kinds = {name: parameter(operation.path, name).kind for name in names[:-1]}
            given = {name: known.context[kind] for name, kind in kinds.items() if kind in known.context}
            yield self._filler.of_request(request, values, operation, {**given, names[-1]: value})

    def lists(self, operation: Operation) -> Iterator[Step]:
        """A request for a list, once some resources of different forms are in it."""
        creator = next((each for each in self._creators if each.path == operation.path), None)
        if creator is None:
            return
        for request, values in islice(self._sampler.requests(operation), 1):
            step = self._filler.of_request(request, values, operation, {})
            given = {
                name: (step.values[name], each)
                for each in step.references
                for name in parameters(operation.path)
                if each.place == f"{PATH} {name}"
            }
            for sent, places in self._sampler.requests(creator):
                self._send(creator, self._filler.of_request(sent, places, creator, given))
            yield step

    def _random(self, operation: Operation) -> Iterator[AnyCase]:
        """Some random valid cases, others with each call."""
        return islice(self._random_cases.setdefault(operation.id, self._valid(operation)), RANDOM_TRIES)

    def _valid(self, operation: Operation) -> Iterator[AnyCase]:
        for chunk in range(1_000, 1_004):
            cases: list[AnyCase] = []
            with self._cases.by(time.monotonic() + RANDOM_SECONDS):
                cases += self._cases.valid(operation.id, chunk, RANDOM_TRIES)
            yield from cases

    def _beside(self, operation: Operation) -> Mapping[str, Value]:
        """Make resources beside a known one, whose values in the operation's path are returned."""
        collection, names = collection_of(operation.path), parameters(operation.path)
        creator = next((each for each in self._creators if each.path.rstrip("/") == collection), None)
        if creator is None:
            return {}
        self._provide_for(operation, DEPTH)
        wanted = parameter(operation.path, names[-1])
        known = self._pool.pick(wanted)
        value = known.value(wanted) if known else None
        if known is None or value is None:
            return {}
        kinds = {name: parameter(operation.path, name).kind for name in names[:-1]}
        given = {name: known.context[kind] for name, kind in kinds.items() if kind in known.context}
        for _ in range(BESIDE):
            requests = reversed(list(self._sampler.requests(creator)))  # those with texts of our own first
            any(
                self._send(creator, self._filler.of_request(request, values, creator, given))
                for request, values in requests
            )
        return {**given, names[-1]: value}

    def _parts(self, operation: Operation, given: Mapping[str, Value]) -> None:
        """Make a resource of each kind below the one that the values in an operation's path name."""
        names, path = parameters(operation.path), operation.path.rstrip("/")
        for creator in self._creators if given else ():
            collection = collection_of(creator.path) or creator.path.rstrip("/")
            if collection.rpartition("/")[0] == path:
                below = dict(
                    zip(parameters(creator.path), (given[name] for name in names if name in given), strict=False)
                )
                any(
                    self._send(creator, self._filler.of_request(request, values, creator, below))
                    for request, values in self._sampler.requests(creator)
                )

    def _provide_for(self, operation: Operation, depth: int) -> None:
        """Create what an operation needs in its path and body, as far as nothing of the kind is known."""
        needed = [parameter(operation.path, name) for name in parameters(operation.path)]
        if operation in self._creators and operation.method == "PUT":
            needed = needed[:-1]  # which it creates itself
        named = (identifier(name) for name in properties(request_schema(operation)))
        needed += [Identifier(singular(each.kind), each.member) for each in named if each.member]
        for wanted in dict.fromkeys(each for each in needed if each.kind in self._kinds):
            if depth and not self._pool.has(wanted):
                self._provide(wanted, depth)

    def _provide(self, wanted: Identifier, depth: int) -> None:
        if self._missing[wanted] >= TIMES:
            return
        creators = [each for each in self._creators if kind_of(each.path, self._kinds) == wanted.kind]
        for creator in sorted(creators, key=lambda each: len(each.path)):
            self._provide_for(creator, depth - 1)
            requests = (
                self._filler.of_request(request, values, creator, {})
                for request, values in self._sampler.requests(creator)
            )
            cases = (self._filler.of_case(case, creator) for case in (() if self.quick else self._random(creator)))
            for step in chain(requests, cases):
                if self._send(creator, step):
                    if self._pool.has(wanted):
                        return
                    break  # it makes another kind of it
        self._missing[wanted] += 1


def _of_item(operation: Operation) -> bool:
    return operation.path.rstrip("/").endswith("}")
