"""The pool of resources that answers showed, from which later requests take their ids."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gate.contract.nodes import Operation
from gate.core.effect import enveloped
from gate.core.exchange import Exchange
from gate.fuzz.service.naming import Identifier, identifier, parameter, parameters, singular, words
from gate.fuzz.service.steps import PATH, Reference, Step
from gate.oracles.row_values import plain

MOST_OF_LIST, MOST_OF_KIND = 5, 40
FALLBACKS = ("id", "uuid", "key", "name", "slug", "code")
Value = tuple[Any, Reference]


@dataclass(frozen=True, slots=True)
class Known:
    """A resource that an answer showed.

    ``members`` are its values that can stand in a path, by their plain names, each with the place that it was read
    from. ``context`` has the same for the parameters of the path that was asked, by kind.
    """

    kind: str
    members: Mapping[str, Value]
    context: Mapping[str, Value] = field(default_factory=dict)

    def value(self, wanted: Identifier) -> Value | None:
        """The value that identifies it where a name asks for a member; None without any."""
        names = [wanted.kind + wanted.member, wanted.member, self.kind + wanted.member, *FALLBACKS]
        names = [*names[:3], self.kind, *(self.kind + name for name in FALLBACKS[:2]), *names[3:]]
        return next((self.members[name] for name in names if name and name in self.members), None)


class Pool:
    """Resources by kind; those that a request did not find leave it."""

    def __init__(self, rng: random.Random, members: Mapping[str, str] = MappingProxyType({})) -> None:
        self._rng = rng
        self._members = members  # that identify resources in paths, by kind
        self._known: dict[str, list[Known]] = {}
        self._created: dict[tuple[str, str, frozenset[str]], Known] = {}  # by kind, first value and kinds above

    def kinds(self) -> set[str]:
        """The kinds that it has a resource of."""
        return {kind for kind, known in self._known.items() if known}

    def learn(
        self,
        kind: str,
        step: Step,
        exchange: Exchange,
        context: Mapping[str, Value],
        *,
        created: bool,
        own: Mapping[str, Value] = MappingProxyType({}),
    ) -> None:
        """Add the resources of an accepted answer; of a creation, what was sent belongs to it, too.

        ``own`` are values that the path has for the resource itself.
        """
        sent = exchange.sent if created and isinstance(exchange.sent, dict) else {}
        for pointer, members in _objects(exchange.json):
            values = {plain(name): (value, Reference("", step.number, None)) for name, value in _scalars(sent)}
            values |= {
                plain(name): (value, Reference("", step.number, f"{pointer}/{_escaped(name)}"))
                for name, value in _scalars(members)
            }
            self._add(Known(kind, {**own, **values}, context), own, created=created)
        if created and not any(True for _ in _objects(exchange.json)) and (sent or own):
            values = {**own} | {
                plain(name): (value, Reference("", step.number, None)) for name, value in _scalars(sent)
            }
            self._add(Known(kind, values, context), own, created=created)

    def _add(self, known: Known, own: Mapping[str, Value], *, created: bool) -> None:
        """Add a resource; as its creation showed it, where that is known."""
        entries = self._known.setdefault(known.kind, [])
        wanted = Identifier("", self._members.get(known.kind, ""))
        first = known.value(wanted) or next(iter(own.values()), None)
        if first is None:
            return
        place = known.kind, str(first[0]), frozenset(known.context)  # below others it is another one
        if created:
            self._created[place] = known
        known = self._created.get(place, known)
        values = [entry.value(wanted) for entry in entries if entry.context.keys() == known.context.keys()]
        if all(value is None or value[0] != first[0] for value in values):
            entries.append(known)
            del entries[:-MOST_OF_KIND]

    def pick(self, wanted: Identifier) -> Known | None:
        """A resource of a kind."""
        entries = self._fitting(wanted)
        return self._rng.choice(entries) if entries else None

    def has(self, wanted: Identifier) -> bool:
        """Return whether it has a resource of a kind with the member."""
        return bool(self._having(wanted))

    def _fitting(self, wanted: Identifier) -> Sequence[Known]:
        """The resources of a kind that have the member, or all: two of one kind may be identified otherwise."""
        return self._having(wanted) or self._known.get(wanted.kind, [])

    def _having(self, wanted: Identifier) -> list[Known]:
        names = {wanted.member, wanted.kind + wanted.member}
        return [each for each in self._known.get(wanted.kind, ()) if not wanted.member or names & each.members.keys()]

    def newest(self, wanted: Identifier) -> Known | None:
        """The resource of a kind that was learned last."""
        return next(reversed(self._fitting(wanted)), None)

    def of_name(self, name: str) -> Value | None:
        """A value for a member or a parameter by its name; None where it identifies no known resource."""
        parts = words(name)
        for start in range(len(parts)):
            wanted = identifier("_".join(parts[start:]))
            wanted = Identifier(singular(wanted.kind), wanted.member)
            if wanted.kind and (known := self.pick(wanted)) and (wanted.member or len(parts) == 1):
                return known.value(wanted)
        return None

    def forget(self, wanted: Identifier, value: str) -> None:
        """Remove the resources that a value identifies, which a request did not find or deleted."""
        entries = self._known.get(wanted.kind, [])
        entries[:] = [entry for entry in entries if str((entry.value(wanted) or ("",))[0]) != value]


def of_path(operation: Operation, step: Step) -> tuple[dict[str, Value], dict[str, Value]]:
    """The values of a path for what is above the resource, by kind, and for the resource itself, by plain name.

    Each has the place that it came from: an item is found again where its creation showed it.
    """
    sources = {each.place: each for each in step.references}
    names = [name for name in parameters(operation.path) if name in step.values]
    values = {
        name: (step.values[name], sources.get(f"{PATH} {name}", Reference("", step.number, None))) for name in names
    }
    own = names[-1:] if operation.path.rstrip("/").endswith("}") else []
    above = {parameter(operation.path, name).kind: values[name] for name in names if name not in own}
    return above, {plain(name): values[name] for name in own}


def _objects(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of an answer with their JSON pointers: itself, its only object, or the entries of its list."""
    if isinstance(value, list):
        yield from _entries("", value)
        return
    if not isinstance(value, dict):
        return
    lists = [(name, inner) for name, inner in value.items() if isinstance(inner, list) and _entries_are_objects(inner)]
    inner = [(name, member) for name, member in value.items() if isinstance(member, dict)]
    name = enveloped(value) or (inner[0][0] if len(inner) == 1 else "")
    if lists and not _identified(value):
        yield from _entries(f"/{_escaped(lists[0][0])}", lists[0][1])
    elif name and not _identified(value):
        yield f"/{_escaped(name)}", value[name]
    else:
        yield "", value


def _entries(pointer: str, entries: Sequence[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, entry in enumerate(entries[:MOST_OF_LIST]):
        if isinstance(entry, dict):
            yield f"{pointer}/{index}", entry


def _entries_are_objects(value: Sequence[Any]) -> bool:
    return bool(value) and isinstance(value[0], dict)


def _identified(members: Mapping[str, Any]) -> bool:
    return any(plain(name) in FALLBACKS for name in members)


def _scalars(members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in members.items():
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            yield name, value


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
