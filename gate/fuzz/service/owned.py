"""The resources and rows that a run created on a service that others use: it changes and judges no others."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from gate.contract.document import Contract
from gate.contract.nodes import Operation
from gate.core.effect import Columns, Effect, Row, RowChange, members_of
from gate.core.exchange import READING, Exchange
from gate.core.values import scalars
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.service.naming import identifier, kind_of, kinds, own_kind, parameter, parameters, singular
from gate.fuzz.service.steps import Step
from gate.oracles.row_values import created_row, likeness, moment, plain
from gate.targets.declared_service import IDS
from gate.targets.remote_run.access import MOST_MADE

CREATED, LONGEST_ID = 201, 200
FEW = 2
"""Values of a new row that have to be those of a request and its answer, where the row's key is a number."""
NOBODYS = 10**8
"""Numbers from which on an id is taken for one that nobody has."""
RUN = re.compile(r"(?=[0-9a-f]*[0-9])[0-9a-f]{6,}")
"""The part of a text that nobody else has: a number, or hexadecimal digits."""
SHORTEST = 8


class Owned:
    """Knows the resources and the rows that a run created.

    ``base`` stands before each path of the document.
    """

    def __init__(self, contract: Contract, base: str) -> None:
        self._contract = contract
        self._base = base
        self._kinds = kinds(contract.operations)
        self._documented = set(texts_of(contract.document))
        self._values: dict[str, set[str]] = defaultdict(set)  # that identify resources, by kind
        self._free: set[str] = set()  # texts that nobody has
        self._answered: set[str] = set()  # texts of answers
        self._rows: set[tuple[str, str]] = set()
        self._paths: dict[str, None] = {}  # of its resources, in their order
        self._creations = 0

    def may(self, method: str, path: str) -> bool:
        """Return whether a request changes nothing but what the run created: each id in its path has to be its own."""
        if method in READING:
            return True
        inner = path.removeprefix(self._base)
        operation = self._contract.operation(method, inner)
        values = operation.path_values(inner) if operation else None
        if operation is None or values is None or (self._creations >= MOST_MADE if method == "POST" else not values):
            return False
        return all(
            value in self._free or value in self._values[parameter(operation.path, name).kind]
            for name, value in values.items()
        )

    def permits(self, step: Step, is_there: Callable[[str], bool]) -> bool:
        """Return whether a step may be sent; ``is_there`` says whether there is a row with such a key."""
        method, request = step.request.method, step.request
        if method in READING:
            return True
        for value in step.values.values():
            if self.unique(value) and value not in self._answered and not is_there(value.lower()):
                self._free.add(value)
        body = request.body if request.is_json else None
        return self.may(method, urlsplit(self._base + step.target).path) and not self._names_others(body, is_there)

    def _names_others(self, body: Any, is_there: Callable[[str], bool]) -> bool:
        """Return whether a body may name a resource of somebody else."""
        for name, value in _members(body):
            named = identifier(name)
            kind = singular(named.kind)
            if not named.member or kind not in self._kinds or str(value) in self._values[kind]:
                continue
            if isinstance(value, int) and 0 < value < NOBODYS:
                return True
            known = isinstance(value, str) and (value in self._answered or value in self._documented)
            if known or is_there(str(value).lower()):
                return True
        return False

    def unique(self, text: object) -> bool:
        """Return whether a text is one that a run makes for itself: long, with a number, and not in the document."""
        return (
            isinstance(text, str)
            and len(text) >= SHORTEST
            and RUN.search(text) is not None
            and moment(text) is None
            and text not in self._documented
        )

    def texts(self, exchange: Exchange) -> set[str]:
        """The texts of a request that no other has."""
        return {text for text in texts_of(exchange.sent) if self.unique(text)}

    def laid(self, changes: Iterable[RowChange], exchange: Exchange, columns: Columns) -> list[RowChange]:
        """The changes that are a request's: of the run's own rows, and of rows that name what it sent or was given."""
        sent, answer = self.texts(exchange), members_of(exchange.json)
        given = {str(value) for name, value in answer.items() if plain(name) in IDS}
        members = [exchange.sent if isinstance(exchange.sent, dict) else {}, answer]

        def own(change: RowChange) -> bool:
            if (change.table, change.key) in self._rows:
                return True
            before, after = (json.dumps(row, default=str) for row in (change.before or {}, change.after or {}))
            if any(text in after and text not in before for text in map(_inside, sent)):
                return True
            if not change.inserted:
                return False
            alike = (
                change.key in given
                and sum(likeness(change, each, columns.get(change.table, {})) for each in members) >= FEW
            )
            return alike or (change.key in given and self.unique(change.key)) or self.names(change.after or {})

        chosen = [change for change in changes if own(change)]
        self._rows |= {(change.table, change.key) for change in chosen if change.inserted}
        return chosen

    def names(self, row: Row) -> bool:
        """Return whether a row names a resource of the run, by a column of its kind or a value that nobody else has."""
        for column, value in row.items():
            named = identifier(column)
            if str(value) in self._values[singular(named.kind)] and named.member and named.kind:
                return True
            if self.unique(value) and any(value in values for values in self._values.values()):
                return True
        return False

    def has(self, table: str, key: str) -> bool:
        """Return whether a row is one that the run inserted."""
        return (table, key) in self._rows

    def learn(self, operation: Operation, effect: Effect, *, rows: bool) -> None:
        """Take note of what an answer shows, and of a new resource: with ``rows`` it has to be a new row, else 201."""
        exchange, created = effect.exchange, created_row(effect)
        self._answered.update(text for text in texts_of(exchange.json) if len(text) < LONGEST_ID)
        if not effect.accepted or exchange.method not in {"POST", "PUT"} or exchange.method != operation.method:
            return
        if created is None if rows else exchange.status != CREATED:
            return
        self._creations += 1
        stored = {str(value) for value in (created.after or {}).values()} if created else set()
        kind = own_kind(operation.path) or kind_of(operation.path, self._kinds)
        for item, name, wanted in self._items(kind):
            members = {plain(each): value for each, value in {**effect.sent, **effect.answer}.items()}
            members |= {plain(each): value for each, value in effect.path_values.items()}
            names = (wanted.kind + wanted.member, wanted.member or "id", "id", "uuid", wanted.kind, plain(name))
            value = next((members[each] for each in names if isinstance(members.get(each), str | int)), None)
            if value is not None and (created is None or str(value) in stored):
                self._values[kind].add(str(value))
                step = Step(0, GeneratedRequest(item.id, "DELETE", item.path), {**effect.path_values, name: str(value)})
                if "{" not in step.target:
                    self._paths[self._base + step.target] = None

    def _items(self, kind: str) -> Iterator[tuple[Operation, str, Any]]:
        """The operations on one resource of a kind, the last parameter of their path, and what it means."""
        for each in self._contract.operations:
            names = parameters(each.path)
            if names and each.path.rstrip("/").endswith("}"):
                wanted = parameter(each.path, names[-1])
                if wanted.kind == kind:
                    yield each, names[-1], wanted

    def removable(self) -> Iterator[tuple[Operation, str]]:
        """The resources that the run created, the newest first: what deletes each, and its path."""
        for path in reversed(self._paths):
            operation = self._contract.operation("DELETE", path.removeprefix(self._base))
            if operation is not None and self.may("DELETE", path):
                yield operation, path


def texts_of(value: Any) -> Iterator[str]:
    """The texts in a JSON value."""
    return (each for each in scalars(value) if isinstance(each, str))


def _inside(text: str) -> str:
    """A text as it stands inside of others in JSON."""
    return json.dumps(text)[1:-1]


def _members(value: Any, name: str = "") -> Iterator[tuple[str, str | int]]:
    """The scalars of a body, each with the name of the member that it is, or is an entry, of."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _members(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _members(each, name)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield name, value


def renewed(steps: Sequence[Step], owned: Owned, rng: random.Random) -> list[Step]:
    """Steps with another text in the place of each that a service may take once, the same wherever it stood."""
    new: dict[str, str] = {}

    def text(value: str) -> str:
        return (
            new.setdefault(value, RUN.sub(lambda run: _another(run[0], rng), value)) if owned.unique(value) else value
        )

    def body(value: Any) -> Any:
        match value:
            case str():
                return text(value)
            case dict():
                return {name: body(each) for name, each in value.items()}
            case list():
                return [body(each) for each in value]
        return value

    def step(each: Step) -> Step:
        request = replace(each.request, headers={name: text(value) for name, value in each.request.headers.items()})
        if request.is_json:
            request = replace(request, body=body(request.body))
        values = {name: text(value) for name, value in each.values.items()}
        return replace(each, request=request, values=values, extra=body(dict(each.extra)))

    return [step(each) for each in steps]


def _another(run: str, rng: random.Random) -> str:
    digits = "0123456789" if run.isdecimal() else "0123456789abcdef"
    first = rng.choice(digits[1:10])
    return first + "".join(rng.choice(digits) for _ in run[1:])
